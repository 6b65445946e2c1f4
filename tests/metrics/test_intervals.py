from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wilcoxon

from metrics.intervals import holm, p_against_best, speaker_intervals
from metrics.scores import uar_of

N_SPEAKERS, N_EMOTIONS, N_CLIPS = 24, 4, 10
TRUE_UAR = 0.6


def clustered_counts(seed: int) -> np.ndarray:
    """Confusion counts of speakers who differ in how easily they are recognised, TRUE_UAR on average."""
    rng = np.random.default_rng(seed)
    ease = rng.uniform(TRUE_UAR - 0.25, TRUE_UAR + 0.25, size=(N_SPEAKERS, 1))
    hits = rng.binomial(N_CLIPS, np.tile(ease, N_EMOTIONS))
    counts = np.zeros((N_SPEAKERS, N_EMOTIONS, N_EMOTIONS), dtype=int)
    emotion = np.arange(N_EMOTIONS)
    counts[:, emotion, emotion] = hits
    counts[:, emotion, (emotion + 1) % N_EMOTIONS] = N_CLIPS - hits
    return counts


def one_count_a_clip(counts: np.ndarray) -> np.ndarray:
    """The same clips, each as if it were a speaker of its own."""
    total = counts.sum(axis=0)
    return np.concatenate([np.repeat(_unit(cell)[None], n, axis=0) for cell, n in np.ndenumerate(total) if n])


def _unit(cell: tuple[int, ...]) -> np.ndarray:
    unit = np.zeros((N_EMOTIONS, N_EMOTIONS), dtype=int)
    unit[cell] = 1
    return unit


def width(interval: tuple[float, float]) -> float:
    return interval[1] - interval[0]


def test_intervals_over_speakers_cover_the_truth_about_as_often_as_they_say():
    intervals = [speaker_intervals(clustered_counts(seed), seed=0, n_resamples=500)["uar"] for seed in range(200)]
    assert 0.88 <= np.mean([low <= TRUE_UAR <= high for low, high in intervals]) <= 0.99


def test_intervals_over_clips_cover_the_truth_too_rarely():
    counts = [one_count_a_clip(clustered_counts(seed)) for seed in range(30)]
    intervals = [speaker_intervals(c, seed=0, n_resamples=100)["uar"] for c in counts]
    assert np.mean([low <= TRUE_UAR <= high for low, high in intervals]) < 0.88


def test_intervals_over_speakers_are_wider_than_over_clips_when_speakers_differ():
    counts = clustered_counts(0)
    over_speakers = speaker_intervals(counts, seed=0, n_resamples=1000)
    over_clips = speaker_intervals(one_count_a_clip(counts), seed=0, n_resamples=1000)
    for score in ("uar", "accuracy", "macro_f1"):
        assert width(over_speakers[score]) > 1.3 * width(over_clips[score])


def test_an_interval_holds_its_score_and_repeats_with_its_seed():
    counts = clustered_counts(1)
    low, high = speaker_intervals(counts, seed=3)["uar"]
    assert low < uar_of(counts.sum(axis=0)) < high
    assert speaker_intervals(counts, seed=3)["uar"] == (low, high)
    assert speaker_intervals(counts, seed=4)["uar"] != (low, high)


def test_the_bootstrap_is_the_one_that_draws_the_clips_of_drawn_speakers():
    counts, n_resamples = clustered_counts(2), 50
    drawn = np.random.default_rng(5).multinomial(N_SPEAKERS, np.full(N_SPEAKERS, 1 / N_SPEAKERS), size=n_resamples)
    one_by_one = [float(uar_of(np.repeat(counts, times, axis=0).sum(axis=0))) for times in drawn]
    expected = tuple(np.percentile(one_by_one, (2.5, 97.5)))
    assert speaker_intervals(counts, seed=5, n_resamples=n_resamples)["uar"] == pytest.approx(expected)


def test_an_emotion_that_only_one_speaker_shows_still_gives_a_finite_interval():
    counts = clustered_counts(3)[:5]
    counts[1:, 0] = 0
    assert np.isfinite(list(speaker_intervals(counts, seed=0).values())).all()


def test_one_speaker_alone_leaves_no_spread():
    counts = clustered_counts(4)[:1]
    low, high = speaker_intervals(counts, seed=0, n_resamples=10)["accuracy"]
    assert low == high


def test_holm_corrects_a_hand_example():
    # Sorted .005 .01 .03 .04 times 4 3 2 1 is .02 .03 .06 .04, and a later one may not be smaller than an earlier one.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])


def test_holm_never_passes_one_and_takes_nothing_too():
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])
    assert holm([]).shape == (0,)


def test_every_other_family_is_compared_with_the_best_over_the_speakers():
    rng = np.random.default_rng(0)
    best = rng.uniform(0.5, 0.9, size=12)
    families = {"best": best, "worse": best - rng.uniform(0.1, 0.2, size=12), "alike": best + rng.normal(0, 0.05, size=12)}
    corrected = p_against_best(families, best="best")
    assert list(corrected) == ["worse", "alike"]
    assert corrected["worse"] == pytest.approx(2 * wilcoxon(best - families["worse"]).pvalue)
    assert corrected["alike"] > 0.05


def test_a_family_with_the_same_score_on_every_speaker_is_no_worse_than_the_best():
    same = np.array([0.5, 0.25, 0.75, 1.0])
    assert p_against_best({"a": same, "b": same + 1e-15}, best="a") == {"b": 1.0}
