"""How far the scores can be trusted: intervals over speakers, and tests between families.

Conventions
-----------
Clips of one speaker resemble each other, so the *speaker* is what is drawn again and what is compared: intervals over clips are
1.5-2 times too narrow on acted speech. Intervals cover 95 % and are percentiles of the bootstrap.

Methods
-------
* :func:`speaker_intervals`: bootstrap over speakers, each drawn with all of their clips (Davison & Hinkley, "Bootstrap methods
  and their application", 1997, section 3.8; in our field Ferrer & Riera, "Confidence intervals for evaluation in machine
  learning"). Only the speakers' confusion counts are drawn, which makes 10 000 resamples cheap. Ferrer & Riera's package
  ``confidence_intervals`` 0.0.3 is not used: it takes no seed, is about a thousand times slower, and draws clips within speakers
  with one seed for all of them, so that all speakers of a resample lose and double the *same* positions; on speakers with
  equally many clips in equal order, as acted corpora have them, its intervals of UAR came out a quarter too wide in simulation.
* :func:`p_against_best`: Wilcoxon's signed-rank test over the speakers' UAR, paired, two-sided; Holm's correction.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import permutation_test, rankdata, wilcoxon

from metrics.scores import FROM_CONFUSION, uar_of

N_RESAMPLES = 10_000
PERCENTILES = (2.5, 97.5)
MOST_PAIRS_ENUMERATED = 13
"""Speakers with unlike recalls, up to which Wilcoxon's test is exact with ties; SciPy's own limit."""


def speaker_intervals(
    confusion_by_speaker: NDArray[np.integer], *, seed: int, n_resamples: int = N_RESAMPLES
) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of each score that the counts decide.

    Parameters
    ----------
    confusion_by_speaker : int array [shape=(n_speakers, n_emotions, n_emotions)]
        Each speaker's confusion matrix. With one "speaker" a clip this is the ordinary bootstrap over clips.
    seed : int
        Seed of the resampling; the same seed draws the same speakers for every family.
    n_resamples : int
        How many times to draw as many speakers as there are, with replacement.

    Returns
    -------
    dict of str to (float, float)
        Lower and upper end, by the names of :data:`metrics.scores.FROM_CONFUSION`. A resample without any clip of an emotion
        is scored on the emotions that it has.
    """
    n_speakers = len(confusion_by_speaker)
    times_drawn = np.random.default_rng(seed).multinomial(n_speakers, np.full(n_speakers, 1 / n_speakers), size=n_resamples)
    resamples = np.tensordot(times_drawn, confusion_by_speaker, axes=1)
    ends = {name: np.percentile(score_of(resamples), PERCENTILES) for name, score_of in FROM_CONFUSION.items()}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def difference_interval(
    confusion_by_speaker: NDArray[np.integer], reference_by_speaker: NDArray[np.integer], *, seed: int, n_resamples: int = N_RESAMPLES
) -> tuple[float, float]:
    """Return the 95 % interval of the difference of two UAR of the same speakers, paired: both lose and double the same speakers.

    Parameters
    ----------
    confusion_by_speaker, reference_by_speaker : int array [shape=(n_speakers, n_emotions, n_emotions)]
        Each speaker's confusion matrix, the speakers in one order.
    seed : int
        Seed of the resampling.
    n_resamples : int
        How many times to draw as many speakers as there are, with replacement.
    """
    n_speakers = len(confusion_by_speaker)
    times_drawn = np.random.default_rng(seed).multinomial(n_speakers, np.full(n_speakers, 1 / n_speakers), size=n_resamples)
    one, other = (uar_of(np.tensordot(times_drawn, counts, axes=1)) for counts in (confusion_by_speaker, reference_by_speaker))
    low, high = np.percentile(one - other, PERCENTILES)
    return float(low), float(high)


def mean_uar_interval(
    counts: NDArray[np.integer],
    reference: NDArray[np.integer] | None = None,
    *,
    seed: int,
    n_resamples: int = N_RESAMPLES,
) -> tuple[float, float]:
    """Return the 95 % interval of a mean of several UAR of the same speakers, or of its difference from another such mean, paired.

    Parameters
    ----------
    counts : int array [shape=(n_conditions, n_speakers, n_emotions, n_emotions)]
        Each speaker's confusion matrix under each condition, the speakers in one order.
    reference : int array [shape=(m, n_speakers, n_emotions, n_emotions)], optional
        What the mean is compared with.
    seed : int
        Seed of the resampling.
    n_resamples : int
        How many times to draw as many speakers as there are, with replacement.
    """
    n_speakers = counts.shape[1]
    times_drawn = np.random.default_rng(seed).multinomial(n_speakers, np.full(n_speakers, 1 / n_speakers), size=n_resamples)

    def mean_of(conditions: NDArray[np.integer]) -> NDArray[np.float64]:
        return np.mean([uar_of(np.tensordot(times_drawn, one, axes=1)) for one in conditions], axis=0)

    means = mean_of(counts) if reference is None else mean_of(counts) - mean_of(reference)
    low, high = np.percentile(means, PERCENTILES)
    return float(low), float(high)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for their number: the k-th smallest of m is multiplied by m - k + 1, never falling, at most 1.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def p_against_best(uar_by_speaker: Mapping[str, NDArray[np.floating]], *, best: str) -> dict[str, float]:
    """Test every other family against the best one.

    Parameters
    ----------
    uar_by_speaker : mapping of str to float array [shape=(n_speakers,)]
        Each family's UAR on each speaker, the speakers in one order.
    best : str
        The family to compare with. It was chosen on these same speakers, which makes small p-values a little too small.

    Returns
    -------
    dict of str to float
        Holm-corrected two-sided p-value of each other family.
    """
    others = [family for family in uar_by_speaker if family != best]
    p_values = [_paired_p(uar_by_speaker[best] - uar_by_speaker[family]) for family in others]
    return dict(zip(others, holm(p_values).tolist(), strict=True))


def _paired_p(differences: NDArray[np.floating]) -> float:
    """Return the p-value of differences centred on zero; nothing but zeros is no evidence at all."""
    # Recalls are fractions of a few clips: rounding makes equal ones exactly equal, as ties must be.
    rounded = differences.round(9)
    nonzero = rounded[rounded != 0]
    if len(nonzero) < 2:
        return 1.0
    if len(nonzero) > MOST_PAIRS_ENUMERATED:
        return float(wilcoxon(rounded).pvalue)
    # wilcoxon enumerates every assignment of signs as well, but ranks the differences again in each: a hundred times slower.
    ranks = rankdata(np.abs(nonzero))

    def positive_rank_sum(signed: NDArray[np.floating], axis: int) -> NDArray[np.floating]:
        return np.asarray(np.sum((signed > 0) * ranks, axis=axis))

    found = permutation_test((nonzero,), positive_rank_sum, permutation_type="samples", vectorized=True, n_resamples=np.inf)
    return float(found.pvalue)
