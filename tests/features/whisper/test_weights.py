import json
from pathlib import Path

import numpy as np
import pooch
import pytest
from safetensors.numpy import save_file

from emotune.errors import ChampionError, DownloadError
from features.whisper import weights
from features.whisper.weights import (
    WhisperConfig,
    copy_encoder,
    encoder_digest,
    find_whisper,
    read_tensors,
    use_whisper,
    write_tensors,
)

CONFIG = WhisperConfig(
    d_model=4, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=8, num_mel_bins=6, max_source_positions=10
)
TENSORS = {"layer_norm.bias": np.array([0.1, 1 / 3, -2.0, 4.0], np.float32), "conv1.bias": np.arange(4, dtype=np.float32)}


@pytest.fixture
def folder(tmp_path):
    write_tensors(tmp_path / "small", TENSORS, config=CONFIG)
    return tmp_path / "small"


@pytest.fixture
def published(tmp_path):
    """A folder as published: float32, a decoder beside the encoder, more settings than sizes."""
    (tmp_path / "published").mkdir()
    tensors = {f"model.encoder.{name}": tensor for name, tensor in TENSORS.items()}
    save_file(tensors | {"model.decoder.bias": np.ones(3, np.float32)}, tmp_path / "published" / "model.safetensors")
    settings = {**vars(CONFIG), "decoder_layers": 4, "activation_function": "gelu"}
    (tmp_path / "published" / "config.json").write_text(json.dumps(settings))
    return tmp_path / "published"


@pytest.fixture
def nothing_here(tmp_path, monkeypatch):
    monkeypatch.delenv("EMOTUNE_WHISPER", raising=False)
    monkeypatch.setattr(weights, "_chosen", None)
    monkeypatch.setattr(weights, "LOCAL_FOLDER", tmp_path / "data")


def test_what_is_written_is_read_back_in_float16_precision(folder):
    read = read_tensors(folder)
    assert sorted(read) == sorted(TENSORS)
    for name, tensor in TENSORS.items():
        assert read[name].dtype == np.float32
        np.testing.assert_array_equal(read[name], tensor.astype(np.float16))
    assert WhisperConfig.read(folder) == CONFIG


def test_of_a_published_file_only_the_encoder_is_read(published):
    assert sorted(read_tensors(published)) == sorted(TENSORS)
    assert WhisperConfig.read(published) == CONFIG


def test_a_copy_gives_the_same_numbers_as_the_published_file(published, tmp_path):
    copy_encoder(published, tmp_path / "copy")
    copied, original = read_tensors(tmp_path / "copy"), read_tensors(published)
    assert all(np.array_equal(copied[name], original[name]) for name in original)
    assert encoder_digest(tmp_path / "copy") == encoder_digest(published)


def test_another_number_is_another_digest(folder, tmp_path):
    write_tensors(tmp_path / "other", TENSORS | {"conv1.bias": np.ones(4, np.float32)}, config=CONFIG)
    assert encoder_digest(tmp_path / "other") != encoder_digest(folder)


def test_writing_leaves_no_temporary_file(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_a_damaged_tensors_file_is_refused_with_its_path(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ChampionError, match=rf"{path} must be a whole safetensors file"):
        read_tensors(folder)


def test_a_file_without_an_encoder_is_refused(folder):
    save_file({"head.bias": np.ones(3, np.float32)}, folder / "model.safetensors")
    with pytest.raises(ChampionError, match=r"must hold tensors named model\.encoder"):
        read_tensors(folder)


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"d_model": 384}', '{"d_model": null}'])
def test_a_configuration_without_every_size_is_refused(folder, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(ChampionError, match="must be JSON with the sizes d_model, encoder_layers"):
        WhisperConfig.read(folder)


def test_the_argument_comes_before_the_environment(folder, published, monkeypatch):
    monkeypatch.setenv("EMOTUNE_WHISPER", str(published))
    assert find_whisper(folder) == folder
    assert find_whisper() == published


def test_a_chosen_folder_comes_before_the_environment_and_the_choice_can_be_taken_back(folder, published, monkeypatch):
    monkeypatch.setenv("EMOTUNE_WHISPER", str(published))
    monkeypatch.setattr(weights, "_chosen", None)
    use_whisper(folder)
    assert find_whisper() == folder
    assert find_whisper(published) == published
    use_whisper(None)
    assert find_whisper() == published


def test_the_local_folder_is_found_without_a_download(nothing_here, monkeypatch):
    monkeypatch.setattr(pooch, "retrieve", lambda *_, **__: pytest.fail("downloaded"))
    write_tensors(weights.LOCAL_FOLDER, TENSORS, config=CONFIG)
    assert find_whisper() == weights.LOCAL_FOLDER


def test_a_named_folder_without_the_files_is_refused_rather_than_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(pooch, "retrieve", lambda *_, **__: pytest.fail("downloaded"))
    with pytest.raises(ChampionError, match=rf"holds model.safetensors and config.json, but {tmp_path} does not"):
        find_whisper(tmp_path)


def test_the_download_is_pinned_and_checked(nothing_here, monkeypatch):
    asked = {}
    monkeypatch.setattr(pooch, "retrieve", lambda url, known_hash, **where: asked.update({url: (known_hash, where)}))
    folder = find_whisper()
    assert folder == weights.LOCAL_FOLDER
    assert len(asked) == 2
    for url, (known_hash, where) in asked.items():
        assert f"/openai/whisper-tiny.en/resolve/{weights.REVISION}/" in url
        assert known_hash == f"sha256:{weights.SHA256[Path(url).name]}"
        assert where == {"fname": Path(url).name, "path": folder}


@pytest.mark.parametrize(
    ("error", "reason"), [(ConnectionError("long story"), "(ConnectionError)"), (ValueError("hash"), "(its checksum differs)")]
)
def test_a_failed_download_says_what_was_tried_and_what_to_do(nothing_here, monkeypatch, error, reason):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(pooch, "retrieve", fail)
    with pytest.raises(DownloadError) as caught:
        find_whisper()
    message = str(caught.value)
    for part in ("EMOTUNE_WHISPER", str(weights.LOCAL_FOLDER), weights.DOWNLOAD_URL, reason, "into that folder"):
        assert part in message
