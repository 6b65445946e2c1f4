"""A clip keeps its samples as they were when their digest was taken."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from audio.clip import Clip


def clip_of(samples: np.ndarray) -> Clip:
    return Clip(samples, name="a", speaker="S1", emotion="sad", corpus="made", language="en", source="a.wav")


def test_the_array_that_was_given_stays_writable_and_the_clip_does_not_follow_it() -> None:
    samples = np.zeros(5, np.float32)
    clip = clip_of(samples)
    samples[0] = 1
    assert clip.samples[0] == 0
    assert clip.digest == clip_of(np.zeros(5, np.float32)).digest != clip_of(samples).digest


@pytest.mark.parametrize("pickled", [False, True])
def test_samples_are_read_only_in_every_process(pickled: bool) -> None:
    clip = clip_of(np.ones(5, np.float32))
    clip = pickle.loads(pickle.dumps(clip)) if pickled else clip
    with pytest.raises(ValueError, match="read-only"):
        clip.samples[0] = 0


def test_a_read_only_array_is_shared_instead_of_copied() -> None:
    first = clip_of(np.ones(5, np.float32))
    assert clip_of(first.samples).samples is first.samples
