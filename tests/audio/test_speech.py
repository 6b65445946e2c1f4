"""Speech: found where it is, whatever the blocks, and in no noise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.clip import SAMPLE_RATE_HZ, Clip
from audio.speech import SpeechSettings, Stretch, StretchFinder, VoiceActivity

N = 6 * SAMPLE_RATE_HZ


def find(samples: np.ndarray, *, sizes: list[int] | None = None) -> list[Stretch]:
    finder, found, at = StretchFinder(), [], 0
    for size in sizes or [len(samples)]:
        found += finder.push(samples[at : at + size])
        at += size
    return [*found, *finder.push(samples[at:]), *finder.finish()]


@pytest.fixture(scope="module")
def talk(synthetic_clips: tuple[Clip, ...]) -> np.ndarray:
    """Two sentences after a second of silence, 1.5 s apart, in a quiet room."""
    silence = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    parts = [silence, synthetic_clips[0].samples, silence, silence[: SAMPLE_RATE_HZ // 2], synthetic_clips[1].samples, silence]
    samples = np.concatenate(parts)
    return samples + np.random.default_rng(0).normal(0, 1e-4, len(samples)).astype(np.float32)


def test_two_sentences_with_a_pause_are_two_stretches(talk: np.ndarray, synthetic_clips: tuple[Clip, ...]) -> None:
    found = find(talk)
    assert len(found) == 2
    assert found[0].start_seconds >= 0.8
    assert found[0].end_seconds <= 1 + synthetic_clips[0].duration_seconds + 0.4
    assert found[1].start_seconds > found[0].end_seconds + 0.5


@settings(max_examples=10)
@given(sizes=st.lists(st.integers(1, 20_000), max_size=8))
def test_what_is_found_does_not_depend_on_the_blocks(talk: np.ndarray, sizes: list[int]) -> None:
    assert find(talk, sizes=sizes) == find(talk)


NOISES = {
    "white": lambda rng: 0.1 * rng.normal(size=N),
    "brown": lambda rng: 1e-4 * np.cumsum(rng.normal(size=N)),
    "one bit": lambda rng: rng.integers(-1, 2, N) / 32768,
    "silence": lambda rng: np.zeros(N),
}


@pytest.mark.parametrize("name", NOISES)
def test_noise_holds_no_speech(name: str) -> None:
    assert find(NOISES[name](np.random.default_rng(0)).astype(np.float32)) == []


def test_a_steady_hum_becomes_the_floor() -> None:
    hum = (0.1 * np.sin(np.arange(10 * SAMPLE_RATE_HZ) * 2 * np.pi * 150 / SAMPLE_RATE_HZ)).astype(np.float32)
    assert not VoiceActivity().push(hum).is_voiced[500:].any()


def test_long_speech_is_cut_into_stretches_that_touch(synthetic_clips: tuple[Clip, ...]) -> None:
    samples = np.concatenate([clip.samples for clip in synthetic_clips[:12]])
    found = find(samples)
    longest = SpeechSettings().max_stretch_seconds
    assert len(found) > 1
    assert all(one.end_seconds - one.start_seconds <= longest + 0.5 for one in found)
    assert all(a.end_seconds <= b.start_seconds for a, b in pairwise(found))
