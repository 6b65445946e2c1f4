"""Effects of training speakers, which emotions do not move and copies share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models import Examples
from models.speaker_effects import CLIPS_WITHOUT_EFFECT, speaker_effects


def vectors_of(examples: Examples, *, by_speaker: np.ndarray, by_emotion: np.ndarray) -> np.ndarray:
    """Return vectors, (n, d), that are the sum of their speaker's and their emotion's."""
    _, speakers = np.unique(examples.speakers, return_inverse=True)
    return by_speaker[speakers] + by_emotion[examples.targets]


@pytest.fixture
def parts(random_examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    by_speaker = rng.normal(size=(len(np.unique(random_examples.speakers)), 5))
    return by_speaker - by_speaker.mean(axis=0), rng.normal(size=(random_examples.n_emotions, 5))


def test_what_tells_emotions_apart_is_no_effect(random_examples: Examples, parts: tuple[np.ndarray, np.ndarray]) -> None:
    _, by_emotion = parts
    X = vectors_of(random_examples, by_speaker=np.zeros((len(np.unique(random_examples.speakers)), 5)), by_emotion=by_emotion)
    np.testing.assert_allclose(speaker_effects(X, random_examples, np.ones(len(X))), 0, atol=1e-6)


def test_a_speaker_who_shows_one_emotion_keeps_it(random_examples: Examples, parts: tuple[np.ndarray, np.ndarray]) -> None:
    _, by_emotion = parts
    speakers = random_examples.speakers.copy()
    speakers[random_examples.targets == 0] = "only this emotion"
    single = replace(random_examples, speakers=speakers)
    X = vectors_of(single, by_speaker=np.zeros((len(np.unique(speakers)), 5)), by_emotion=by_emotion)
    np.testing.assert_allclose(speaker_effects(X, single, np.ones(len(X))), 0, atol=1e-6)


def test_effects_are_those_of_the_speakers_shrunk(random_examples: Examples, parts: tuple[np.ndarray, np.ndarray]) -> None:
    by_speaker, by_emotion = parts
    X = vectors_of(random_examples, by_speaker=by_speaker, by_emotion=by_emotion)
    found = speaker_effects(X, random_examples, np.ones(len(X)))
    apart = vectors_of(random_examples, by_speaker=by_speaker, by_emotion=np.zeros_like(by_emotion))
    speakers, counts = np.unique(random_examples.speakers[random_examples.is_original], return_counts=True)
    shrinkage = dict(zip(speakers, counts / (counts + CLIPS_WITHOUT_EFFECT), strict=True))
    expected = apart * np.array([shrinkage[speaker] for speaker in random_examples.speakers])[:, None]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_copy_has_the_effect_of_its_original_and_changes_none(random_examples: Examples) -> None:
    X = np.random.default_rng(1).normal(size=(len(random_examples), 5))
    found = speaker_effects(X, random_examples, np.ones(len(X)))
    X[~random_examples.is_original] = 1e6
    np.testing.assert_array_equal(speaker_effects(X, random_examples, np.ones(len(X))), found)
    for source in np.unique(random_examples.sources):
        assert len(np.unique(found[random_examples.sources == source], axis=0)) == 1
