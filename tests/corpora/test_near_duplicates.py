"""Near-duplicates: one recording in two files is found, and other recordings are not taken for it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from corpora import CORPORA
from corpora.near_duplicates import find_near_duplicates

Samples = NDArray[np.float32]


def encoded(samples: Samples, *, rate_hz: int, **how: str) -> Samples:
    """Resample, encode, decode and resample back."""
    file = io.BytesIO()
    soundfile.write(file, soxr.resample(samples, SAMPLE_RATE_HZ, rate_hz), rate_hz, **how)
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return soxr.resample(decoded, rate_hz, SAMPLE_RATE_HZ)


CHANGES: dict[str, Callable[[Samples], Samples]] = {
    "MP3": lambda samples: encoded(samples, rate_hz=44100, format="MP3"),
    "Ogg": lambda samples: encoded(samples, rate_hz=16000, format="OGG", subtype="VORBIS"),
    "telephone": lambda samples: encoded(samples, rate_hz=8000, format="WAV", subtype="ULAW"),
    "level": lambda samples: samples * np.float32(0.03),
    "polarity": lambda samples: -samples,
    "silence around": lambda samples: np.pad(samples, (5000, 3333)),
    "noise": lambda samples: samples + 0.1 * samples.std() * np.random.default_rng(1).standard_normal(len(samples)),
}


@pytest.fixture(scope="module")
def spoken() -> tuple[Clip, ...]:
    """Return a few clips of speech made by code."""
    return CORPORA["synthetic"].read().clips[:40]


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_recording_is_found_in_another_file(change: str, spoken: tuple[Clip, ...]) -> None:
    first = spoken[7]
    copy = replace(first, samples=np.asarray(CHANGES[change](first.samples), dtype=np.float32), name="copy", speaker="another")
    (pair,) = find_near_duplicates((*spoken, copy))
    assert (pair.first, pair.second) == (first, copy)
    assert pair.is_across_speakers
    assert not pair.is_across_emotions
    assert str(pair) == f"{first.name} ({first.speaker}, {first.emotion}) and copy (another, {first.emotion})"


def test_other_recordings_are_no_near_duplicates(spoken: tuple[Clip, ...]) -> None:
    assert find_near_duplicates(spoken) == ()


def test_clips_without_sound_in_the_low_band_or_too_short_are_left_out(spoken: tuple[Clip, ...]) -> None:
    time = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    whistle = np.sin(2 * np.pi * 3000 * time).astype(np.float32)
    clips = [replace(spoken[0], samples=samples, name=str(k)) for k, samples in enumerate((whistle, 0.5 * whistle, whistle[:900]))]
    assert find_near_duplicates(clips) == ()
    assert find_near_duplicates(()) == ()


@pytest.mark.parametrize("key", ["emodb", "urdu", "ravdess"])
def test_published_recordings_are_no_near_duplicates(key: str, shared_data: Path) -> None:
    clips = CORPORA[key].read(shared_data / key).clips
    assert find_near_duplicates([clip for clip in clips if clip.speaker in {"01", "17", "23", "03", "08", "SM1"}]) == ()


def test_the_recording_that_emovo_publishes_under_two_names_is_found(shared_data: Path) -> None:
    clips = [clip for clip in CORPORA["emovo"].read(shared_data / "emovo").clips if clip.speaker == "f3"]
    (pair,) = find_near_duplicates(clips)
    assert (pair.first.name, pair.second.name) == ("tri-f3-n1", "tri-f3-n2")
