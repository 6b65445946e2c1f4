"""Where the weights of a published encoder are looked for, and how they are fetched."""

from pathlib import Path

import pooch
import pytest

from emotune.errors import ChampionError, DownloadError
from features.whisper import published
from features.whisper.kept import Precision, keep_encoder
from features.whisper.published import BASE, ENCODERS, TINY_EN, use_encoders
from tests.tiny_whisper import write_tiny_whisper

every_encoder = pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: encoder.key)


@pytest.fixture
def folder(tmp_path):
    return write_tiny_whisper(tmp_path / "one")


@pytest.fixture
def other(tmp_path):
    return write_tiny_whisper(tmp_path / "other")


@pytest.fixture(autouse=True)
def nothing_here(tmp_path, monkeypatch):
    for encoder in ENCODERS:
        monkeypatch.delenv(encoder.variable, raising=False)
    monkeypatch.setattr(published, "_chosen", {})
    monkeypatch.setattr(published, "DATA_FOLDER", tmp_path / "data")


def forbid_downloads(monkeypatch):
    monkeypatch.setattr(pooch, "retrieve", lambda *_, **__: pytest.fail("downloaded"))


def test_each_encoder_has_an_option_and_a_variable_of_its_own():
    assert [encoder.option for encoder in ENCODERS] == ["--whisper", "--whisper-base"]
    assert [encoder.variable for encoder in ENCODERS] == ["EMOTUNE_WHISPER", "EMOTUNE_WHISPER_BASE"]


@every_encoder
def test_the_argument_comes_before_the_environment(encoder, folder, other, monkeypatch):
    monkeypatch.setenv(encoder.variable, str(other))
    assert encoder.find(folder) == folder
    assert encoder.find() == other


@every_encoder
def test_a_chosen_folder_comes_before_the_environment_and_the_choice_can_be_taken_back(encoder, folder, other, monkeypatch):
    monkeypatch.setenv(encoder.variable, str(other))
    use_encoders({encoder.key: folder})
    assert encoder.find() == folder
    assert encoder.find(other) == other
    use_encoders({})
    assert encoder.find() == other


def test_the_choice_of_one_encoder_is_none_of_the_other(folder):
    use_encoders({TINY_EN.key: folder})
    with pytest.raises(DownloadError, match=r"Whisper base are needed, .*--whisper-base DIR"):
        BASE.find(may_download=False)


@every_encoder
def test_the_local_folder_is_found_without_a_download(encoder, monkeypatch):
    forbid_downloads(monkeypatch)
    write_tiny_whisper(encoder.local_folder)
    assert encoder.find() == encoder.local_folder


def test_a_named_folder_without_the_files_is_refused_rather_than_replaced(tmp_path, monkeypatch):
    forbid_downloads(monkeypatch)
    with pytest.raises(ChampionError, match=rf"holds model.safetensors and config.json, but {tmp_path} does not"):
        TINY_EN.find(tmp_path)


def test_what_a_run_kept_is_no_encoder_for_a_search(folder, tmp_path):
    keep_encoder(folder, tmp_path / "kept", n_layers=2, precision=Precision.INT8)
    with pytest.raises(ChampionError, match=r"needs the whole encoder .* kept of one"):
        TINY_EN.find(tmp_path / "kept")


@every_encoder
def test_the_download_is_pinned_and_checked(encoder, monkeypatch):
    asked = {}
    monkeypatch.setattr(pooch, "retrieve", lambda url, known_hash, **where: asked.update({url: (known_hash, where)}))
    folder = encoder.find()
    assert folder == encoder.local_folder
    assert len(asked) == 2
    for url, (known_hash, where) in asked.items():
        assert f"/openai/whisper-{encoder.name}/resolve/{encoder.revision}/" in url
        assert known_hash == f"sha256:{encoder.sha256[Path(url).name]}"
        assert where == {"fname": Path(url).name, "path": folder}


@every_encoder
@pytest.mark.parametrize(
    ("error", "reason"), [(ConnectionError("long story"), "(ConnectionError)"), (ValueError("hash"), "(its checksum differs)")]
)
def test_a_failed_download_says_what_was_tried_and_what_to_do(encoder, monkeypatch, error, reason):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(pooch, "retrieve", fail)
    with pytest.raises(DownloadError) as caught:
        encoder.find()
    for part in (encoder.variable, str(encoder.local_folder), encoder.url, reason, "into that folder"):
        assert part in str(caught.value)
