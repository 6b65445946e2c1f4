"""How good predictions of emotions are.

Conventions
-----------
The truth is an integer array of shape (n_clips,): the position of each clip's true emotion in the corpus's order. Predictions
are an array of shape (n_clips, n_emotions): probabilities in 0-1, one row a clip, rows summing to 1. The predicted emotion is the
most probable one, the earlier of two equals. Every score is a fraction in 0-1 except the log loss, which is in nats.
An emotion that no clip of the truth has takes no part in UAR; one that is neither true nor predicted has no F1 (NaN).

Metrics
-------
* :func:`uar`: unweighted average recall, the project's primary figure; chance is 1 / n_emotions, however the clips are spread.
* :func:`accuracy`: fraction of clips recognised.
* :func:`macro_f1`: mean of the emotions' F1.
* :func:`f1_by_emotion`: F1 of each emotion.
* :func:`log_loss`: mean negative log probability of the true emotion.
* :func:`ece`: expected calibration error, by how much confidence and accuracy differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotune.errors import PredictionsError

N_CALIBRATION_BINS = 15
SUM_TOLERANCE = 1e-3


def validate(y_true: NDArray[np.integer], probabilities: NDArray[np.floating]) -> None:
    """Refuse arrays that are not a truth and its predictions.

    Raises
    ------
    PredictionsError
        If there are no clips, the shapes disagree, a value is outside its range or a row does not sum to 1.
    """
    if y_true.ndim != 1 or probabilities.ndim != 2 or len(y_true) != len(probabilities) or not probabilities.size:
        raise PredictionsError(
            f"Predictions must be (n_clips, n_emotions) beside a truth of (n_clips,), at least one clip; "
            f"got {probabilities.shape} beside {y_true.shape}."
        )
    if not np.issubdtype(y_true.dtype, np.integer) or y_true.min() < 0 or y_true.max() >= probabilities.shape[1]:
        raise PredictionsError(
            f"The truth must be whole numbers from 0 to {probabilities.shape[1] - 1}, "
            f"got {y_true.dtype} from {y_true.min()} to {y_true.max()}."
        )
    off = ~(np.isfinite(probabilities) & (probabilities >= 0) & (probabilities <= 1 + SUM_TOLERANCE)).all(axis=1)
    off |= ~(np.abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE)
    if off.any():
        row = int(np.argmax(off))
        raise PredictionsError(
            f"Probabilities must lie in 0-1 and sum to 1, but row {row} is {probabilities[row].tolist()}; predict it again."
        )


def among(probabilities: NDArray[np.floating], emotions: Sequence[int] | NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the probabilities of some emotions, summing to 1 again; where none of them had any, all get the same.

    Parameters
    ----------
    probabilities : float array [shape=(n_clips, n_emotions)]
        Predictions.
    emotions : sequence of int [length n_kept]
        Positions of the emotions that are kept.

    Returns
    -------
    float array [shape=(n_clips, n_kept)]
    """
    kept = probabilities[:, emotions].astype(np.float64)
    totals = kept.sum(axis=1, keepdims=True)
    return np.where(totals > 0, kept / np.where(totals > 0, totals, 1), 1 / kept.shape[1])


def confusion_by(
    groups: ArrayLike, y_true: NDArray[np.integer], probabilities: NDArray[np.floating]
) -> tuple[list[str], NDArray[np.int64]]:
    """Count what was taken for what in each group of clips.

    Parameters
    ----------
    groups : array-like [shape=(n_clips,)]
        Each clip's group, such as its speaker or its fold.
    y_true : int array [shape=(n_clips,)]
        Position of the true emotion.
    probabilities : float array [shape=(n_clips, n_emotions)]
        Predictions.

    Returns
    -------
    names : list of str
        The groups, sorted.
    counts : int array [shape=(n_groups, n_emotions, n_emotions)]
        Clips of each true emotion (rows) taken for each emotion (columns).
    """
    validate(y_true, probabilities)
    names, group = np.unique(np.asarray(groups).astype(str), return_inverse=True)
    counts = np.zeros((len(names), probabilities.shape[1], probabilities.shape[1]), dtype=np.int64)
    np.add.at(counts, (group, y_true, probabilities.argmax(axis=1)), 1)
    return names.tolist(), counts


def confusion_matrix(y_true: NDArray[np.integer], probabilities: NDArray[np.floating]) -> NDArray[np.int64]:
    """Count what was taken for what: true emotions in rows, predicted ones in columns."""
    return confusion_by(np.zeros(len(y_true)), y_true, probabilities)[1][0]


def uar_of(confusion: NDArray) -> NDArray[np.float64]:
    """Return the UAR of confusion matrices of shape (..., n_emotions, n_emotions), as an array of shape (...)."""
    return np.nanmean(_ratio(_hits(confusion), confusion.sum(axis=-1)), axis=-1)


def accuracy_of(confusion: NDArray) -> NDArray[np.float64]:
    """Return the accuracy of confusion matrices of shape (..., n_emotions, n_emotions), as an array of shape (...)."""
    return _hits(confusion).sum(axis=-1) / confusion.sum(axis=(-1, -2))


def f1_of(confusion: NDArray) -> NDArray[np.float64]:
    """Return each emotion's F1 of confusion matrices of shape (..., n_emotions, n_emotions): shape (..., n_emotions)."""
    return _ratio(2 * _hits(confusion), confusion.sum(axis=-1) + confusion.sum(axis=-2))


def macro_f1_of(confusion: NDArray) -> NDArray[np.float64]:
    """Return the mean F1 of confusion matrices of shape (..., n_emotions, n_emotions), as an array of shape (...)."""
    return np.nanmean(f1_of(confusion), axis=-1)


FROM_CONFUSION: Mapping[str, Callable[[NDArray], NDArray[np.float64]]] = {
    "uar": uar_of,
    "accuracy": accuracy_of,
    "macro_f1": macro_f1_of,
}
"""The scores that the counts alone decide, hence those that a bootstrap can resample cheaply."""


def uar(y_true: NDArray[np.integer], probabilities: NDArray[np.floating]) -> float:
    """Return the mean over the true emotions of the fraction of their clips recognised (balanced accuracy)."""
    return float(uar_of(confusion_matrix(y_true, probabilities)))


def accuracy(y_true: NDArray[np.integer], probabilities: NDArray[np.floating]) -> float:
    """Return the fraction of clips recognised."""
    return float(accuracy_of(confusion_matrix(y_true, probabilities)))


def macro_f1(y_true: NDArray[np.integer], probabilities: NDArray[np.floating]) -> float:
    """Return the unweighted mean of the emotions' F1."""
    return float(macro_f1_of(confusion_matrix(y_true, probabilities)))


def f1_by_emotion(y_true: NDArray[np.integer], probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return each emotion's F1, 2 * hits / (clips of the emotion + clips taken for it)."""
    return f1_of(confusion_matrix(y_true, probabilities))


def log_loss(y_true: NDArray[np.integer], probabilities: NDArray[np.floating]) -> float:
    """Return the mean of -log(probability of the true emotion), in nats.

    A probability of zero counts as the smallest step of float64, as in scikit-learn.
    """
    validate(y_true, probabilities)
    of_truth = probabilities[np.arange(len(y_true)), y_true].astype(np.float64)
    return float(-np.log(np.clip(of_truth, np.finfo(np.float64).eps, 1.0)).mean())


def reliability(
    y_true: NDArray[np.integer], probabilities: NDArray[np.floating], *, n_bins: int = N_CALIBRATION_BINS
) -> NDArray[np.float64]:
    """Compare confidence with accuracy in equally wide bins of the top probability.

    Returns
    -------
    float array [shape=(n_filled_bins, 3)]
        Of each bin that has clips: fraction of the clips, their mean confidence, their accuracy. Bins include their upper edge.
    """
    validate(y_true, probabilities)
    confidence = np.minimum(probabilities.max(axis=1), 1.0)
    hit = probabilities.argmax(axis=1) == y_true
    inner_edges = np.linspace(0, 1, n_bins + 1)[1:-1]
    place = np.searchsorted(inner_edges, confidence, side="left")
    in_bins = [place == k for k in range(n_bins) if (place == k).any()]
    return np.array([[inside.mean(), confidence[inside].mean(), hit[inside].mean()] for inside in in_bins])


def ece(y_true: NDArray[np.integer], probabilities: NDArray[np.floating], *, n_bins: int = N_CALIBRATION_BINS) -> float:
    """Return the expected calibration error: the mean over clips of their bin's |accuracy - confidence|.

    Top-label confidence, equally wide bins: Guo, Pleiss, Sun & Weinberger, "On calibration of modern neural networks", ICML 2017.
    """
    weight, confidence, hit_rate = reliability(y_true, probabilities, n_bins=n_bins).T
    return float((weight * np.abs(hit_rate - confidence)).sum())


def evaluate(y_true: NDArray[np.integer], probabilities: NDArray[np.floating], *, emotions: Sequence[str]) -> dict[str, float]:
    """Return every metric by name, in the order of the leaderboard's columns.

    Parameters
    ----------
    y_true : int array [shape=(n_clips,)]
        Position of the true emotion.
    probabilities : float array [shape=(n_clips, n_emotions)]
        Predictions.
    emotions : sequence of str
        Names of the emotions, in the predictions' order; name the F1 columns.
    """
    counts = confusion_matrix(y_true, probabilities)
    from_counts = {name: float(of(counts)) for name, of in FROM_CONFUSION.items()}
    f1 = {f"f1_{emotion}": float(value) for emotion, value in zip(emotions, f1_of(counts), strict=True)}
    return {**from_counts, **f1, "log_loss": log_loss(y_true, probabilities), "ece": ece(y_true, probabilities)}


def _hits(confusion: NDArray) -> NDArray:
    return np.diagonal(confusion, axis1=-2, axis2=-1)


def _ratio(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
