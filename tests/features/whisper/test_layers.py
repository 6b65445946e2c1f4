"""The input kinds of the encoders' layers: as other processes get them, and from what a run kept."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from audio.clip import SAMPLE_RATE_HZ, Clip
from features import INPUT_KINDS, Analysis
from features.whisper.encoder import WhisperEncoder
from features.whisper.frontend import SPEECH_RANGE_DECADES
from features.whisper.kept import Precision, keep_encoder
from features.whisper.layers import FRAMES_PER_STEP, WhisperBase, WhisperLayers, WhisperTiny
from features.whisper.published import use_encoders

KINDS = (WhisperTiny, WhisperBase)
every_kind = pytest.mark.parametrize("kind", [INPUT_KINDS["whisper"], INPUT_KINDS["whisper_base"]], ids=lambda kind: kind.key)


@pytest.mark.parametrize("kind", KINDS)
def test_another_process_uses_the_encoder_that_this_one_was_told_to_use(kind, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).touch()
    use_encoders({kind.key: tmp_path})
    try:
        told = kind()
        assert told.folder == tmp_path
    finally:
        use_encoders({})
    again = pickle.loads(pickle.dumps(told))
    assert type(again) is kind
    assert again.folder == tmp_path


def test_the_sizes_have_fingerprints_of_their_own_even_with_one_encoder(tiny_whisper):
    assert WhisperTiny(tiny_whisper).fingerprint != WhisperBase(tiny_whisper).fingerprint


def steps_of(frames: np.ndarray) -> np.ndarray:
    n_steps = len(frames) // FRAMES_PER_STEP
    return frames[: n_steps * FRAMES_PER_STEP].reshape(n_steps, FRAMES_PER_STEP, -1).mean(axis=1)


@pytest.mark.parametrize(("n_seconds", "n_pieces"), [(2, 1), (30, 1), (31, 2)])
def test_a_vector_holds_what_its_columns_name_over_all_pieces_of_the_clip(n_seconds: int, n_pieces: int, tiny_whisper: Path) -> None:
    noise = np.random.default_rng(0).normal(scale=0.1, size=n_seconds * SAMPLE_RATE_HZ)
    analysis, encoder = Analysis(noise.astype(np.float32)), WhisperEncoder(tiny_whisper)
    pieces = [encoder.encode(one, range_decades=SPEECH_RANGE_DECADES) for one in np.array_split(analysis.samples, n_pieces)]
    layer2 = steps_of(np.concatenate([one.layers[1] for one in pieces]))
    attended4 = steps_of(np.concatenate([one.attended[3] for one in pieces]))

    kind = INPUT_KINDS["whisper"]
    named = dict(zip(kind.columns, kind.extract(analysis), strict=True))
    for name, steps in (("layer2", layer2), ("attended4", attended4)):
        np.testing.assert_allclose([named[f"{name}.{k}.mean"] for k in range(16)], steps.mean(axis=0), atol=1e-4)
        np.testing.assert_allclose([named[f"{name}.{k}.std"] for k in range(16)], steps.std(axis=0), atol=1e-4)


@every_kind
@pytest.mark.parametrize("precision", Precision)
def test_what_is_kept_has_the_columns_and_the_identity_of_the_whole(
    kind: WhisperLayers, precision: Precision, tmp_path: Path
) -> None:
    kind.keep(tmp_path, n_layers=3, precision=precision)
    kept = kind.kept_in(tmp_path)
    assert kept.folder == tmp_path / kind.key
    assert kept.columns == kind.columns
    assert kept.fingerprint == kind.fingerprint


@every_kind
def test_of_a_kept_encoder_the_lower_layers_are_as_before_and_the_others_no_numbers(
    kind: WhisperLayers, tmp_path: Path, synthetic_clips: tuple[Clip, ...]
) -> None:
    kind.keep(tmp_path, n_layers=2, precision=Precision.FLOAT16)
    samples = synthetic_clips[0].samples
    kept, whole = (one.extract(Analysis(samples)) for one in (kind.kept_in(tmp_path), kind))
    is_kept = np.array([column.split(".")[0][-1] in "12" for column in kind.columns])
    np.testing.assert_allclose(kept[is_kept], whole[is_kept], rtol=1e-3, atol=1e-3)
    assert np.isnan(kept[~is_kept]).all()


def test_an_encoder_in_int8_computes_nearly_the_same(tmp_path: Path, synthetic_clips: tuple[Clip, ...]) -> None:
    kind = INPUT_KINDS["whisper_base"]
    kind.keep(tmp_path, n_layers=6, precision=Precision.INT8)
    samples = synthetic_clips[0].samples
    kept, whole = (one.extract(Analysis(samples)) for one in (kind.kept_in(tmp_path), kind))
    assert 0 < np.abs(kept - whole).mean() < 0.03 * whole.std()


def test_a_folder_written_anew_is_read_anew(tmp_path: Path, synthetic_clips: tuple[Clip, ...]) -> None:
    kind = INPUT_KINDS["whisper"]
    seen = []
    for n_layers in (1, 3):
        kind.keep(tmp_path, n_layers=n_layers, precision=Precision.INT8)
        vector = kind.kept_in(tmp_path).extract(Analysis(synthetic_clips[0].samples))
        seen.append(np.isfinite(vector).mean())
    assert seen == [1 / 4, 3 / 4]


def test_a_kept_encoder_that_was_changed_is_another_one(tmp_path: Path, tiny_whisper: Path) -> None:
    kind = INPUT_KINDS["whisper"]
    kind.keep(tmp_path, n_layers=2, precision=Precision.INT8)
    other = tmp_path / "other"
    keep_encoder(tiny_whisper, other, n_layers=2, precision=Precision.FLOAT16)
    (tmp_path / "whisper" / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    assert kind.kept_in(tmp_path).fingerprint != kind.fingerprint
