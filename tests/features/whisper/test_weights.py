import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import save_file

from emotune.errors import ChampionError
from features.whisper.weights import (
    BLOCK,
    Origin,
    WhisperConfig,
    copy_encoder,
    encoder_digest,
    quantise,
    read_origin,
    read_stored,
    read_tensors,
    write_stored,
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


WEIGHTS = arrays(np.float32, array_shapes(min_dims=2, max_dims=3, max_side=6), elements=st.floats(-1000, 1000, width=32))


@given(WEIGHTS)
def test_int8_is_off_by_half_a_step_of_its_scale_at_most(weights):
    quantised, scale = quantise(weights)
    along = scale.astype(np.float32)[:, :1].reshape(-1, *[1] * (weights.ndim - 1))
    assert quantised.dtype == np.int8
    assert (scale > 0).all()
    of_scale = 127 * np.maximum(along / 2048, 2**-24)  # the scale itself is rounded
    assert (np.abs(quantised * along - weights) <= 0.5001 * along + of_scale).all()


@given(WEIGHTS)
def test_a_channels_scale_does_not_depend_on_the_others(weights):
    together, alone = quantise(weights)[0][:1], quantise(weights[:1])[0]
    np.testing.assert_array_equal(together, alone)


def test_a_large_weight_coarsens_its_own_block_alone():
    weights = np.full((1, 2 * BLOCK + 1), 0.001, np.float32)
    weights[0, 0] = 10
    quantised, scale = quantise(weights)
    assert scale.shape == (1, 3)
    assert quantised[0, [0, 1, BLOCK, 2 * BLOCK]].tolist() == [127, 0, 127, 127]


def write_int8(folder, scale):
    stored = {"layers.0.fc1.weight": np.array([[1, -127], [3, 127]], np.int8), "layers.0.fc1.weight.scale": scale}
    write_stored(folder, stored, config=CONFIG, origin=Origin(1, "whole", "kept"))


def test_int8_is_decoded_with_the_scale_of_each_output_channel(tmp_path):
    write_int8(tmp_path, np.array([[0.5], [0.25]], np.float16))
    ((name, weight),) = read_tensors(tmp_path).items()
    assert name == "layers.0.fc1.weight"
    np.testing.assert_array_equal(weight, [[0.5, -63.5], [0.75, 31.75]])
    assert read_stored(tmp_path)[name].dtype == np.int8
    assert read_origin(tmp_path) == Origin(1, "whole", "kept")


def test_int8_without_its_scales_is_refused(tmp_path):
    write_int8(tmp_path, np.ones((3, 1), np.float16))
    with pytest.raises(
        ChampionError, match=r"a scale for each .* of model\.encoder\.layers\.0\.fc1\.weight, \(2, 1\), but has \(3, 1\)"
    ):
        read_tensors(tmp_path)


def test_a_whole_encoder_has_no_origin(folder):
    assert read_origin(folder) is None
