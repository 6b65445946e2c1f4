from pathlib import Path

import keras
import numpy as np
import pytest
from scipy.special import erf, softmax

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import BadRecordingError, ChampionError
from features.whisper.encoder import WhisperEncoder, build_encoder, load_weights
from features.whisper.frontend import log_mel
from features.whisper.weights import write_tensors
from tests.tiny_whisper import TINY, random_tensors

SHARED = Path(__file__).resolve().parents[4] / "shared"
TINY_EN, BASE = SHARED / "whisper-tiny.en", SHARED / "whisper-base"
needs_tiny_en = pytest.mark.skipif(not TINY_EN.exists(), reason="the weights of Whisper tiny.en are not here")
needs_base = pytest.mark.skipif(not BASE.exists(), reason="the weights of Whisper base are not here")

TENSORS = random_tensors(TINY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    write_tensors(folder, TENSORS, config=TINY)
    return folder


@pytest.fixture(scope="module")
def encoder(folder):
    return WhisperEncoder(folder)


def clips(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(scale=0.1, size=length).astype(np.float32) for length in lengths]


def encode_by_hand(mel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whisper's encoder as its paper defines it, in loops: the layers and the attended values."""
    outputs, gathered = [], []

    def gelu(x):
        return x * (1 + erf(x / np.sqrt(2))) / 2

    def norm(x, name):
        scaled = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return scaled * TENSORS[f"{name}.weight"] + TENSORS[f"{name}.bias"]

    def linear(x, name):
        return x @ TENSORS[f"{name}.weight"].T + TENSORS.get(f"{name}.bias", 0)

    def conv(x, name, stride):
        x = np.pad(x, ((1, 1), (0, 0)))
        windows = np.array([x[start : start + 3].T for start in range(0, len(x) - 2, stride)])
        return gelu(np.einsum("tik,oik->to", windows, TENSORS[f"{name}.weight"]) + TENSORS[f"{name}.bias"])

    def attend(x, name):
        query, key, value = (linear(x, f"{name}.{part}_proj") for part in "qkv")
        size = TINY.d_model // TINY.encoder_attention_heads
        heads = [slice(start, start + size) for start in range(0, TINY.d_model, size)]
        mixed = [softmax(query[:, head] @ key[:, head].T / np.sqrt(size), axis=-1) @ value[:, head] for head in heads]
        gathered.append(np.concatenate(mixed, axis=-1))
        return linear(gathered[-1], f"{name}.out_proj")

    x = conv(conv(mel.T, "conv1", 1), "conv2", 2)
    x = x + TENSORS["embed_positions.weight"][: len(x)]
    for layer in ("layers.0", "layers.1"):
        x = x + attend(norm(x, f"{layer}.self_attn_layer_norm"), f"{layer}.self_attn")
        x = x + linear(gelu(linear(norm(x, f"{layer}.final_layer_norm"), f"{layer}.fc1")), f"{layer}.fc2")
        outputs.append(x)
    return np.array([*outputs, norm(x, "layer_norm")]), np.array(gathered)


@needs_base
def test_every_layer_of_base_is_the_reference():
    reference = np.load(BASE / "reference.npz")
    computed = WhisperEncoder(BASE).encode(reference["waveform"]).layers
    np.testing.assert_allclose(computed, reference["encoder_clip_layers"].astype(np.float32), atol=3e-2, rtol=2e-3)


@needs_tiny_en
def test_every_layer_of_tiny_en_is_the_reference():
    reference = np.load(TINY_EN / "reference.npz")
    encoder = WhisperEncoder(TINY_EN)
    computed = encoder.encode(reference["waveform"]).layers
    np.testing.assert_allclose(computed, reference["encoder_clip_layers"].astype(np.float32), atol=2e-2, rtol=1e-3)

    waveform = reference["waveform"]
    mel = log_mel(np.pad(waveform, (0, 30 * SAMPLE_RATE_HZ - len(waveform)))).T[None]
    last = encoder.model([mel, np.ones(mel.shape[:2], bool)])[-1].numpy()[0]
    np.testing.assert_allclose(last[:150], reference["encoder_padded_last"], atol=1e-3)


@pytest.mark.parametrize("n_samples", [400, 1600, 1760, 31_999, 32_000])
def test_the_encoder_computes_what_the_paper_defines(encoder, n_samples):
    (samples,) = clips(n_samples)
    layers, attended = encode_by_hand(log_mel(samples, n_mels=TINY.num_mel_bins))
    computed = encoder.encode(samples)
    assert computed.layers.dtype == computed.attended.dtype == np.float32
    np.testing.assert_allclose(computed.layers, layers, atol=1e-4)
    np.testing.assert_allclose(computed.attended, attended, atol=1e-4)


def test_an_encoding_is_that_of_the_log_mel_with_the_range(encoder):
    (samples,) = clips(16_000)
    layers, _ = encode_by_hand(log_mel(samples, n_mels=TINY.num_mel_bins, range_decades=0.5))
    np.testing.assert_allclose(encoder.encode(samples, range_decades=0.5).layers, layers, atol=1e-4)
    assert np.abs(encoder.encode(samples).layers - layers).max() > 0.01


def test_padding_changes_no_frame_of_a_clip(encoder):
    samples = clips(16_000, 481, 8160, 31_999)
    mels = [log_mel(clip, n_mels=TINY.num_mel_bins).T for clip in samples]
    mask = np.arange(max(map(len, mels))) < np.array([[len(mel)] for mel in mels])
    batch = np.zeros((*mask.shape, TINY.num_mel_bins), np.float32)
    batch[mask] = np.concatenate(mels)
    together = np.stack(encoder.model([batch, mask]), axis=1)
    for clip, padded in zip(samples, together, strict=True):
        alone = encoder.encode(clip).layers
        np.testing.assert_allclose(padded[:, : alone.shape[1]], alone, atol=1e-4)


def test_a_clip_longer_than_the_positions_is_refused_with_its_length(encoder):
    with pytest.raises(BadRecordingError, match=r"at most 2 s, got 2\.5 s"):
        encoder.encode(*clips(40_000))


def test_many_lengths_share_one_trace(encoder):
    for samples in clips(1000, 2000, 3000):
        encoder.encode(samples)
    assert encoder._run.experimental_get_tracing_count() == 1


def test_the_model_saves_as_a_keras_file(encoder, tmp_path):
    encoder.model.save(tmp_path / "encoder.keras")
    loaded = keras.saving.load_model(tmp_path / "encoder.keras", compile=False, safe_mode=True)
    inputs = [np.random.default_rng(0).normal(size=(2, 31, 8)).astype(np.float32), np.ones((2, 31), bool)]
    for expected, computed in zip(encoder.model(inputs), loaded(inputs), strict=True):
        np.testing.assert_array_equal(computed, expected)


def test_a_missing_tensor_is_named(tmp_path):
    write_tensors(tmp_path, {name: tensor for name, tensor in TENSORS.items() if name != "layers.1.fc2.bias"}, config=TINY)
    with pytest.raises(ChampionError, match=r"must hold the tensor model\.encoder\.layers\.1\.fc2\.bias"):
        WhisperEncoder(tmp_path)


def test_a_wrong_size_is_refused_with_both_shapes_and_changes_nothing(tmp_path):
    write_tensors(tmp_path, TENSORS | {"layers.1.fc1.weight": np.ones((40, 16), np.float32)}, config=TINY)
    model = build_encoder(TINY)
    before = model.get_weights()
    with pytest.raises(ChampionError, match=r"layers\.1\.fc1\.weight .* shape \(32, 16\), got \(40, 16\)"):
        load_weights(model, tmp_path)
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
