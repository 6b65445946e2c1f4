"""Knowing the speaker: what clips of one voice tell about it moves the probabilities of any family; nothing is retrained.

Conventions
-----------
A clip's *logs* are the logarithms of its probabilities less their mean, so that only their differences count. A voice is described by
three things, each zero for a voice of which nothing is known:

* ``offset``, (n_emotions,): by how much the logs of all of its clips differ from those of other voices;
* ``prior``, (n_emotions,): which emotions it has shown more often, in nats;
* ``shifts``, (n_emotions, n_emotions): by how much the logs of its clips of each emotion (rows) differ besides.

Method
------
Expectation and maximisation over the unknown emotions of the clips, with a Dirichlet prior on their composition. A clip's residual is
its logs less those expected of the emotions that it probably has, so a person who speaks calmly all day is not pushed into anger.
Residuals are shrunk towards zero, as in the MAP adaptation of Reynolds, Quatieri & Dunn, "Speaker verification using adapted Gaussian
mixture models", 2000; the more one-sided the composition, the more, since offset and composition are then hard to tell apart. The
composition counts as a prior by the root of how one-sided it is, so an even one changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emotune.errors import PredictionsError, RequestError, UnknownKeyError

SCHEMA = 1
N_ROUNDS = 6
SHIFT_WEIGHT = 0.5
SMALLEST_PROBABILITY = 1e-4
SMALLEST_SPREAD = 1e-2
MOST_CLIPS = 200
"""A voice remembers its latest clips, at most so many."""
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
DEFAULT_CAUTION = 4.0
DEFAULT_PRIOR_WEIGHT = 1.0
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
    spread : float
        Variance of the logs of one voice's clips around those expected of their emotions and its offset, a mean over the emotions.
    trust : mapping of Knowledge to Trust
        How much clips count.
    caution : float >= 0
        How much more the offset is shrunk where the composition is one-sided: ``tau`` grows by a factor of up to 1 + this.
    prior_weight : float >= 0
        How much the composition counts as a prior.
    """

    emotions: tuple[str, ...]
    class_means: tuple[tuple[float, ...], ...]
    spread: float
    trust: Mapping[Knowledge, Trust]
    caution: float = DEFAULT_CAUTION
    prior_weight: float = DEFAULT_PRIOR_WEIGHT

    @classmethod
    def default(cls, emotions: Sequence[str]) -> Adaptation:
        """Return the constants for a family that learnt none: a true emotion has a probability of 0.7, all others share the rest."""
        n = len(emotions)
        others = (1 - DEFAULT_RECALL) / max(1, n - 1)
        means = centred_logs(np.where(np.eye(n, dtype=bool), DEFAULT_RECALL, others))
        return cls(tuple(emotions), _rounded(means), 1.5, DEFAULT_TRUST)

    @property
    def neutral(self) -> int | None:
        """Position of the emotion that counts as neutral; None if the corpus has none."""
        return next((self.emotions.index(name) for name in NEUTRAL_EMOTIONS if name in self.emotions), None)

    @cached_property
    def means(self) -> Floats:
        """The class means as an array."""
        return np.array(self.class_means, dtype=np.float64)

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
                spread=float(content["spread"]),
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
        logits = logs - offset[:, None] + adaptation.prior_weight * prior[:, None]
        share = np.where(is_unlabelled[..., None], softmax(logits), known)
        counts = np.einsum("vn,vnk->vk", is_unlabelled, share)
        composition = (counts + 1) / (n_unlabelled + n_emotions)
        one_sidedness = np.maximum(0, 1 + (composition * np.log(composition)).sum(axis=1, keepdims=True) / np.log(n_emotions))
        prior = np.log(composition * n_emotions) * np.sqrt(one_sidedness)
        weight = np.where(is_unlabelled, offset_weight / (1 + adaptation.caution * one_sidedness), offset_weight)
        offset = np.einsum("vn,vnk->vk", weight, logs - share @ means) / (1 + weight.sum(axis=1, keepdims=True))
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
    return softmax(logs + adaptation.prior_weight * voice.prior + SHIFT_WEIGHT / adaptation.spread * toward)


@dataclass(frozen=True)
class HeardClip:
    """A clip that a voice remembers: its logs, what is known of it, and the position of its emotion if that is known."""

    logs: tuple[float, ...]
    knowledge: Knowledge
    emotion: int = UNKNOWN


@dataclass(frozen=True)
class VoiceState:
    """What a family has learnt of one voice: clips go in, adapted probabilities come out. A new voice is a new object.

    Attributes
    ----------
    adaptation : Adaptation
        The family's constants.
    clips : tuple of HeardClip
        The clips so far, at most :data:`MOST_CLIPS`; their order does not matter.

    Examples
    --------
    >>> state = VoiceState(Adaptation.default(("neutral", "happy", "angry")))
    >>> state = state.with_neutral([0.3, 0.1, 0.6])  # sounds angry when neutral
    >>> state.adapt([0.3, 0.1, 0.6]).argmax().item()
    0
    """

    adaptation: Adaptation
    clips: tuple[HeardClip, ...] = ()

    def adapt(self, probabilities: ArrayLike) -> Floats:
        """Return the probabilities of clips of this voice, (n_emotions,) or (n, n_emotions), adapted; unchanged without any clip."""
        found = self._checked(probabilities)
        return adapt_logs(self.adaptation, self.voice, centred_logs(found)) if self.clips else found

    def with_clip(self, probabilities: ArrayLike) -> VoiceState:
        """Return the state after one more clip whose emotion nobody knows, from its unadapted probabilities, (n_emotions,)."""
        return self._with(probabilities, Knowledge.UNLABELLED, UNKNOWN)

    def with_neutral(self, probabilities: ArrayLike) -> VoiceState:
        """Return the state after a clip that is known to be neutral.

        Raises
        ------
        RequestError
            If no emotion counts as neutral.
        """
        if self.adaptation.neutral is None:
            known = ", ".join(self.adaptation.emotions)
            raise RequestError(
                f"A neutral sentence helps only a model that knows neutral or calm, got one of {known}; give clips with emotions."
            )
        return self._with(probabilities, Knowledge.NEUTRAL, self.adaptation.neutral)

    def with_labelled(self, probabilities: ArrayLike, *, emotion: str) -> VoiceState:
        """Return the state after a clip whose emotion is known.

        Raises
        ------
        UnknownKeyError
            If the model does not know the emotion.
        """
        if emotion not in self.adaptation.emotions:
            raise UnknownKeyError("emotion", emotion, list(self.adaptation.emotions))
        return self._with(probabilities, Knowledge.LABELLED, self.adaptation.emotions.index(emotion))

    @cached_property
    def voice(self) -> Voice:
        """What is estimated of the voice."""
        n_emotions = len(self.adaptation.emotions)
        logs = np.array([clip.logs for clip in self.clips], dtype=np.float64).reshape(1, -1, n_emotions)
        knowledge = np.array([[[clip.knowledge is kind for clip in self.clips]] for kind in Knowledge], dtype=bool)
        emotions = np.array([[clip.emotion for clip in self.clips]], dtype=np.intp)
        found = estimate_voices(self.adaptation, logs, knowledge=knowledge, emotions=emotions)
        return Voice(found.offset[0], found.prior[0], found.shifts[0])

    def to_json(self) -> str:
        """Return the state as text that :meth:`from_json` reads."""
        clips = [asdict(clip) for clip in self.clips]
        return json.dumps({"schema": SCHEMA, "adaptation": self.adaptation.to_json(), "clips": clips})

    @classmethod
    def from_json(cls, text: str) -> VoiceState:
        """Return a state that was written as text.

        Raises
        ------
        PredictionsError
            If the text is no state, or that of a newer version.
        """
        try:
            content = json.loads(text)
            if content["schema"] != SCHEMA:
                raise ValueError(f"its schema is {content['schema']}, and this version reads {SCHEMA}")
            adaptation = Adaptation.from_json(content["adaptation"])
            clips = tuple(
                HeardClip(tuple(map(float, clip["logs"])), Knowledge(clip["knowledge"]), int(clip["emotion"]))
                for clip in content["clips"]
            )
            n_emotions = len(adaptation.emotions)
            if not all(len(clip.logs) == n_emotions and UNKNOWN <= clip.emotion < n_emotions for clip in clips):
                raise ValueError(f"a clip does not fit its {n_emotions} emotions")
        except (KeyError, TypeError, ValueError) as error:
            raise PredictionsError(f"A voice must be JSON that VoiceState.to_json wrote, but: {error}; begin a new voice.") from error
        return cls(adaptation, clips)

    def _with(self, probabilities: ArrayLike, knowledge: Knowledge, emotion: int) -> VoiceState:
        found = self._checked(probabilities)
        if found.ndim != 1:
            raise PredictionsError(
                f"A voice takes one clip at a time, of shape ({len(self.adaptation.emotions)},), got {found.shape}."
            )
        clip = HeardClip(tuple(centred_logs(found).round(DECIMALS).tolist()), knowledge, emotion)
        return replace(self, clips=(*self.clips, clip)[-MOST_CLIPS:])

    def _checked(self, probabilities: ArrayLike) -> Floats:
        found = np.asarray(probabilities, dtype=np.float64)
        n_emotions = len(self.adaptation.emotions)
        if found.ndim not in (1, 2) or found.shape[-1] != n_emotions or not (np.isfinite(found) & (found >= 0)).all():
            raise PredictionsError(
                f"Probabilities must be finite, not negative and (n, {n_emotions}) or ({n_emotions},), got {found.shape}; predict it."
            )
        return found


def _rounded(values: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in values.round(DECIMALS).tolist())
