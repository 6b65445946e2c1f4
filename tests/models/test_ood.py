from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.clip import SAMPLE_RATE_HZ, Clip
from emotune.errors import ChampionError, ProtocolError
from features import INPUT_KINDS, Analysis
from models.ood import UNLEARNT_SPEECH_LIMIT, OODDetector, SpeechLimit, fit_ood_detector, learn_speech_limit, load_ood_detector

SECONDS = np.arange(2 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ


def vector(samples: np.ndarray) -> np.ndarray:
    return INPUT_KINDS["functionals"].extract(Analysis(samples.astype(np.float32)))


def chords() -> np.ndarray:
    """Three held notes at a time, changing twice a second."""
    roots_hz = np.repeat([220, 247, 196, 262], SAMPLE_RATE_HZ // 2)
    phase = 2 * np.pi * np.cumsum(roots_hz) / SAMPLE_RATE_HZ
    return 0.1 * sum(np.sin(phase * ratio * k) / k for ratio in (1, 1.25, 1.5) for k in (1, 2, 3))


UNLIKE_SPEECH = {
    "white noise": 0.05 * np.random.default_rng(0).standard_normal(len(SECONDS)),
    "a tone": 0.2 * np.sin(2 * np.pi * 440 * SECONDS),
    "music": chords(),
}


@pytest.fixture(scope="module")
def speech(synthetic_clips: tuple[Clip, ...]) -> tuple[np.ndarray, np.ndarray]:
    vectors = np.stack([vector(clip.samples) for clip in synthetic_clips])
    return vectors, np.array([clip.speaker for clip in synthetic_clips])


@pytest.fixture(scope="module")
def ood_detector(speech: tuple[np.ndarray, np.ndarray]) -> OODDetector:
    """Learnt from all speakers but the last."""
    vectors, speakers = speech
    known = speakers != speakers[-1]
    return fit_ood_detector(vectors[known], speakers[known])


@pytest.mark.parametrize("what", UNLIKE_SPEECH)
def test_what_is_not_speech_is_out_of_distribution(ood_detector: OODDetector, what: str) -> None:
    assert ood_detector.score(vector(UNLIKE_SPEECH[what])) > 2


def test_a_new_speaker_of_the_same_kind_is_in_distribution(ood_detector: OODDetector, speech: tuple[np.ndarray, np.ndarray]) -> None:
    vectors, speakers = speech
    scores = [ood_detector.score(one) for one in vectors[speakers == speakers[-1]]]
    assert np.median(scores) < 1
    assert np.mean(np.array(scores) > 1.5) < 0.1


def test_hardly_any_training_clip_lies_beyond_the_limit(ood_detector: OODDetector, speech: tuple[np.ndarray, np.ndarray]) -> None:
    vectors, speakers = speech
    scores = np.array([ood_detector.score(one) for one in vectors[speakers != speakers[-1]]])
    assert (scores > 1).mean() <= 0.03


def test_it_is_the_same_after_saving(ood_detector: OODDetector, speech: tuple[np.ndarray, np.ndarray], tmp_path: Path) -> None:
    ood_detector.save(tmp_path / "ood.npz")
    loaded = load_ood_detector(tmp_path / "ood.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["ood.npz"]
    for one in speech[0][:5]:
        assert loaded.score(one) == pytest.approx(ood_detector.score(one), rel=1e-3)


def test_a_functional_that_never_varies_breaks_nothing(speech: tuple[np.ndarray, np.ndarray]) -> None:
    vectors, speakers = speech
    constant = np.column_stack([vectors, np.full(len(vectors), 7.0)])
    assert np.isfinite(fit_ood_detector(constant, speakers).score(constant[0]))


def test_one_speaker_is_not_enough(speech: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ProtocolError, match="at least two speakers, got 1"):
        fit_ood_detector(speech[0][:5], np.full(5, "one"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"no archive"])
def test_a_damaged_file_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.npz").write_bytes(content)
    with pytest.raises(ChampionError, match=r"bad\.npz"):
        load_ood_detector(tmp_path / "bad.npz")


SCORES = st.integers(1, 900).map(lambda hundredths: hundredths / 100)
"""Of those that differ, none lies within the rounding of the limit."""


@settings(max_examples=30)
@given(st.lists(SCORES, min_size=40, max_size=80), st.lists(SCORES, min_size=1, max_size=30))
def test_the_limit_keeps_nearly_all_speech_whatever_the_rest_is_like(speech: list[float], others: list[float]) -> None:
    limit = learn_speech_limit(np.array(speech), np.array(others))
    assert limit.kept_share >= 0.97
    assert np.mean(np.array(speech) <= limit.score * (1 + 1e-9)) == pytest.approx(limit.kept_share)
    assert np.mean(np.array(others) > limit.score * (1 + 1e-9)) == pytest.approx(limit.caught_share)


def test_the_limit_lies_midway_where_speech_and_the_rest_are_apart() -> None:
    assert learn_speech_limit(np.array([0.5, 1.0]), np.array([4.0, 9.0])) == SpeechLimit(2.0, 1.0, 1.0)


def test_a_learnt_limit_is_saved_and_a_file_without_one_behaves_as_before(
    ood_detector: OODDetector, speech: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    assert ood_detector.speech_limit.score == UNLEARNT_SPEECH_LIMIT
    vectors, speakers = speech
    others = np.stack([vector(samples) for samples in UNLIKE_SPEECH.values()])
    learnt = fit_ood_detector(vectors, speakers, non_speech=others)
    assert learnt.speech_limit.caught_share == 1
    learnt.save(tmp_path / "ood.npz")
    assert load_ood_detector(tmp_path / "ood.npz").speech_limit == learnt.speech_limit
    with np.load(tmp_path / "ood.npz") as arrays:
        np.savez(tmp_path / "old.npz", **{name: arrays[name] for name in arrays if name != "speech_limit"})
    assert load_ood_detector(tmp_path / "old.npz").speech_limit.score == UNLEARNT_SPEECH_LIMIT
