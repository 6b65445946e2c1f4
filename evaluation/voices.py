"""Voices: what clips of one speaker tell about the probabilities of the next, for many speakers at once.

Conventions
-----------
A clip's *logs* are the logarithms of its probabilities less their mean, so that only their differences count. A voice is described by
three things, each zero for a voice of which nothing is known:

* ``offset``, (n_emotions,): by how much the logs of all of its clips differ from those of other voices;
* ``prior``, (n_emotions,): which emotions it has shown more often, in nats;
* ``shifts``, (n_emotions, n_emotions): by how much the logs of its clips of each emotion (rows) differ besides.

Method
------
Expectation and maximisation over the unknown emotions of the clips. A clip's residual is its logs less those expected of its
emotion; the offset is the mean residual, shrunk towards zero as in the MAP adaptation of Reynolds, Quatieri & Dunn, "Speaker
verification using adapted Gaussian mixture models", 2000. What is expected depends on whether the voice shows all emotions evenly.
The Bayes factor of the counts so far, of any composition (a flat Dirichlet distribution) against an even one, gives the probability
that it does not, both being equally probable before any clip. As far as it is even, every clip is expected to have the mean logs,
and nothing becomes a prior. As far as it is not, each clip is expected to have the logs of the emotions that it probably has, the
offset is shrunk more, and the composition counts as a prior: a person who speaks calmly all day is not pushed into anger. The Bayes
factor is that of Good, "A Bayesian significance test for multinomial distributions", 1967.

Shifts change the answer as they change the class means of a linear discriminant, which is scaled so that the class means alone give
the logs again (:attr:`Adaptation.scale`): shifts that take all differences of the class means away then take those of the logs away,
and never turn them round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln

from emotune.errors import PredictionsError

N_ROUNDS = 6
SMALLEST_PROBABILITY = 1e-4
SMALLEST_SCATTER = 1e-6
LARGEST_SCALE = 1.0
"""Families that hardly tell emotions apart have tiny class means, whose shifts are mostly noise."""
NEUTRAL_EMOTIONS = ("neutral", "calm")
"""Emotions that count as neutral, the preferred one first."""
DECIMALS = 4
UNKNOWN = -1
"""In place of an emotion's position: nobody said which."""

Floats = NDArray[np.float64]


class Knowledge(StrEnum):
    """What is known of a clip of a voice."""

    UNLABELLED = "unlabelled"
    LABELLED = "labelled"
    NEUTRAL = "neutral"


@dataclass(frozen=True)
class Trust:
    """How much clips of one kind of knowledge count.

    Attributes
    ----------
    tau : float > 0
        The offset is shrunk as if so many clips without any residual had been there.
    relevance : float > 0
        The same for an emotion's own shift, in clips of that emotion.
    """

    tau: float
    relevance: float


DEFAULT_TRUST: Mapping[Knowledge, Trust] = {
    Knowledge.UNLABELLED: Trust(tau=8.0, relevance=16.0),
    Knowledge.LABELLED: Trust(tau=1.0, relevance=4.0),
    Knowledge.NEUTRAL: Trust(tau=1.0, relevance=4.0),
}
"""Cautious, for families of which nothing was learnt."""
DEFAULT_CAUTION = 2.0
"""Chosen on inner speakers of RAVDESS and on inner corpora: more of it takes a little after random clips, and gives much after clips
of one emotion, the most where a corpus's offset looks like a composition (``python -m benchmarks.adaptation_constants``)."""
DEFAULT_PRIOR_WEIGHT = 0.5
SHARPNESS = 2.0
"""The logs of a clip count so many times where its emotion is guessed: calibrated probabilities allow for an offset that nobody
knows, and are too flat once it is taken off; counts of flat ones look even whatever a voice shows. Chosen on inner speakers of
RAVDESS and on inner corpora."""
MOST_EVIDENCE_CLIPS = 20
"""More clips than these say no more about whether a voice shows all emotions evenly: wrong guesses lean alike in all of them."""
DEFAULT_RECALL = 0.7


@dataclass(frozen=True)
class Adaptation:
    """The constants of a family: the same for every voice.

    Attributes
    ----------
    emotions : tuple of str
        In the order of the probabilities.
    class_means : tuple of tuple of float
        Mean logs of clips of each true emotion, (n_emotions, n_emotions).
    trust : mapping of Knowledge to Trust
        How much clips count.
    caution : float >= 0
        How much more the offset is shrunk where the composition is uneven: ``tau`` grows by a factor of up to 1 + this.
    prior_weight : float >= 0
        How much an uneven composition counts as a prior.
    """

    emotions: tuple[str, ...]
    class_means: tuple[tuple[float, ...], ...]
    trust: Mapping[Knowledge, Trust]
    caution: float = DEFAULT_CAUTION
    prior_weight: float = DEFAULT_PRIOR_WEIGHT

    @classmethod
    def default(cls, emotions: Sequence[str]) -> Adaptation:
        """Return the constants for a family that learnt none: a true emotion has a probability of 0.7, all others share the rest."""
        n = len(emotions)
        others = (1 - DEFAULT_RECALL) / max(1, n - 1)
        means = centred_logs(np.where(np.eye(n, dtype=bool), DEFAULT_RECALL, others))
        return cls(tuple(emotions), _rounded(means), DEFAULT_TRUST)

    @property
    def neutral(self) -> int | None:
        """Position of the emotion that counts as neutral; None if the corpus has none."""
        return next((self.emotions.index(name) for name in NEUTRAL_EMOTIONS if name in self.emotions), None)

    @cached_property
    def means(self) -> Floats:
        """The class means as an array."""
        return np.array(self.class_means, dtype=np.float64)

    @cached_property
    def scale(self) -> float:
        """By how much products of logs with the class means are multiplied to be the logs, by least squares over the class means."""
        differences = self.means - self.means.mean(axis=0)
        products = differences @ differences.T
        return min(LARGEST_SCALE, float((differences * products).sum() / max((products**2).sum(), SMALLEST_SCATTER)))

    def to_json(self) -> dict[str, Any]:
        """Return what :meth:`from_json` reads."""
        return {**asdict(self), "trust": {str(kind): asdict(trust) for kind, trust in self.trust.items()}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Adaptation:
        """Return constants that were written as JSON.

        Raises
        ------
        PredictionsError
            If something is missing or has another form.
        """
        try:
            found = cls(
                emotions=tuple(map(str, content["emotions"])),
                class_means=tuple(tuple(map(float, row)) for row in content["class_means"]),
                trust={kind: Trust(**content["trust"][str(kind)]) for kind in Knowledge},
                caution=float(content["caution"]),
                prior_weight=float(content["prior_weight"]),
            )
            if found.means.shape != (len(found.emotions), len(found.emotions)):
                raise ValueError(f"class_means has the shape {found.means.shape}")
        except (KeyError, TypeError, ValueError) as error:
            raise PredictionsError(
                f"Constants of an adaptation must have every field, but: {error}; run the search again."
            ) from error
        return found


@dataclass(frozen=True, eq=False)
class Voice:
    """What is estimated of voices, see the conventions; every array may have the voices before its own axes."""

    offset: Floats
    prior: Floats
    shifts: Floats


def centred_logs(probabilities: ArrayLike) -> Floats:
    """Return the logs of probabilities of shape (..., n_emotions)."""
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), SMALLEST_PROBABILITY))
    return np.asarray(logs - logs.mean(axis=-1, keepdims=True))


def softmax(logits: Floats) -> Floats:
    """Return probabilities, the last axis summing to 1."""
    powered = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powered / powered.sum(axis=-1, keepdims=True))


def estimate_voices(adaptation: Adaptation, logs: Floats, *, knowledge: NDArray[np.bool_], emotions: NDArray[np.integer]) -> Voice:
    """Estimate many voices at once.

    Parameters
    ----------
    adaptation : Adaptation
        The family's constants.
    logs : float array [shape=(n_voices, n_clips, n_emotions)]
        Of each voice's clips, from :func:`centred_logs`.
    knowledge : bool array [shape=(n_kinds, n_voices, n_clips)]
        Whether a clip is of each kind, in the order of :class:`Knowledge`; a place that is of none holds no clip.
    emotions : int array [shape=(n_voices, n_clips)]
        Position of the emotion of clips with one that is known.

    Returns
    -------
    Voice
        Its arrays have n_voices before their own axes.
    """
    n_emotions, means = len(adaptation.emotions), adaptation.means
    offset_weight, shift_weight = (
        sum(kind / getattr(adaptation.trust[name], what) for name, kind in zip(Knowledge, knowledge, strict=True))
        for what in ("tau", "relevance")
    )
    is_unlabelled = knowledge[0]
    known = np.eye(n_emotions)[np.maximum(emotions, 0)]
    n_unlabelled = is_unlabelled.sum(axis=1, keepdims=True)
    offset, prior = np.zeros((len(logs), n_emotions)), np.zeros((len(logs), n_emotions))
    for _ in range(N_ROUNDS):
        logits = SHARPNESS * (logs - offset[:, None]) + adaptation.prior_weight * prior[:, None]
        share = np.where(is_unlabelled[..., None], softmax(logits), known)
        counts = np.einsum("vn,vnk->vk", is_unlabelled, share)
        uneven = _unevenness(counts)
        prior = np.log((counts + 1) / (n_unlabelled + n_emotions) * n_emotions) * uneven
        weight = np.where(is_unlabelled, offset_weight / (1 + adaptation.caution * uneven), offset_weight)
        expected = share @ means
        if_even = uneven[..., None] * expected + (1 - uneven[..., None]) * means.mean(axis=0)
        residual = logs - np.where(is_unlabelled[..., None], if_even, expected)
        offset = np.einsum("vn,vnk->vk", weight, residual) / (1 + weight.sum(axis=1, keepdims=True))
    in_shift = share * np.asarray(shift_weight)[..., None]
    total = in_shift.sum(axis=1)[..., None]
    shifts = (np.einsum("vnk,vnj->vkj", in_shift, logs) - total * (means + offset[:, None])) / (1 + total)
    return Voice(offset, prior, shifts)


def adapt_logs(adaptation: Adaptation, voice: Voice, logs: Floats) -> Floats:
    """Return adapted probabilities, (..., n_emotions), of clips whose logs these are; each clip has the voice at its place."""
    logs = logs - voice.offset
    toward = (np.einsum("...j,...kj->...k", logs, voice.shifts) - (voice.shifts * adaptation.means).sum(axis=-1)) - (
        voice.shifts**2
    ).sum(axis=-1) / 2
    return softmax(logs + adaptation.prior_weight * voice.prior + adaptation.scale * toward)


def _unevenness(counts: Floats) -> Floats:
    """Return how probably each voice does not show all emotions evenly, (n_voices, 1), from its clips' (n_voices, n_emotions)."""
    n_guessed = counts.sum(axis=1, keepdims=True)
    counts = counts * np.minimum(1, MOST_EVIDENCE_CLIPS / np.maximum(n_guessed, 1))
    n_emotions, n_clips = counts.shape[1], counts.sum(axis=1, keepdims=True)
    log_any = gammaln(n_emotions) - gammaln(n_emotions + n_clips) + gammaln(counts + 1).sum(axis=1, keepdims=True)
    log_even = -n_clips * np.log(n_emotions)
    return np.asarray(expit(log_any - log_even))


def _rounded(values: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.round(DECIMALS).tolist())
