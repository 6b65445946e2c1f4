"""Clean recordings keep their bits: what the loader gives for them is what features, caches and champions were made from."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from audio.clip import SAMPLE_RATE_HZ
from audio.load import load
from tests.audio.sounds import speech


def plainly_loaded(path: Path) -> np.ndarray:
    """Load as the champions' recordings were: the mean of the channels, resampled at very high quality."""
    frames, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono = frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1)
    return mono if rate_hz == SAMPLE_RATE_HZ else soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ, quality="VHQ").astype(np.float32)


def digest(samples: np.ndarray) -> str:
    return hashlib.sha256(samples.tobytes()).hexdigest()


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg"])
@pytest.mark.parametrize("rate_hz", [16000, 22050, 44100, 48000])
@pytest.mark.parametrize("gains", [(1.0,), (1.0, 1.0), (1.0, 0.7)], ids=["mono", "equal", "unequal"])
def test_made_recordings_keep_their_bits(tmp_path: Path, extension: str, rate_hz: int, gains: tuple[float, ...]) -> None:
    path = tmp_path / f"a.{extension}"
    sound = soxr.resample(speech(seconds=2), SAMPLE_RATE_HZ, rate_hz)
    soundfile.write(path, np.stack([sound * gain for gain in gains], axis=1), rate_hz)
    loaded = load(path)
    assert digest(loaded.samples) == digest(plainly_loaded(path))
    assert loaded.notes == ()


@pytest.mark.parametrize("corpus", ["ravdess", "emodb", "emovo", "nemo"])
def test_acted_corpora_keep_their_bits(shared_data: Path, corpus: str) -> None:
    paths = sorted((shared_data / corpus).rglob("*.flac"))[::12]
    assert paths
    changed = [path.name for path in paths if digest(load(path).samples) != digest(plainly_loaded(path))]
    noted = [path.name for path in paths if load(path).notes]
    assert changed == []
    assert noted == []


def test_ravdess_as_published_keeps_its_bits(shared_data: Path, tmp_path: Path) -> None:
    archive = zipfile.ZipFile(shared_data / "ravdess-original-sample" / "Audio_Speech_Actors_01_20.zip")
    n_stereo = 0
    for member in [name for name in archive.namelist() if name.endswith(".wav")]:
        path = Path(archive.extract(member, tmp_path))
        loaded = load(path)
        assert digest(loaded.samples) == digest(plainly_loaded(path)), member
        assert loaded.notes == (), member
        n_stereo += loaded.channels == 2
    assert n_stereo == 4
