"""Knowing the speaker: what clips of one voice tell about it moves the probabilities of any family; nothing is retrained.

:class:`VoiceState` is what an application holds for one voice and one family. How it works is said in :mod:`evaluation.voices`, how
its constants are learnt in :mod:`evaluation.adaptation_fit`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from emotune.errors import PredictionsError, RequestError, UnknownKeyError
from evaluation.voices import DECIMALS, UNKNOWN, Adaptation, Floats, Knowledge, Voice, adapt_logs, centred_logs, estimate_voices

SCHEMA = 1
MOST_CLIPS = 200
"""A voice remembers its latest clips, at most so many."""


@dataclass(frozen=True)
class Adaptations:
    """The constants of a family.

    Attributes
    ----------
    shipped : Adaptation
        The champion's, learnt on all inner predictions.
    by_fold : mapping of int to Adaptation
        Those of what is tested on each fold, from 0.
    """

    shipped: Adaptation
    by_fold: Mapping[int, Adaptation]

    def to_json(self) -> dict[str, Any]:
        """Return what a manifest holds; folds count from 1 there, as in ``predictions.csv``."""
        folds = {str(fold + 1): one.to_json() for fold, one in sorted(self.by_fold.items())}
        return {"shipped": self.shipped.to_json(), "folds": folds}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Adaptations:
        """Return constants as a manifest holds them.

        Raises
        ------
        PredictionsError
            If something is missing or has another form.
        """
        try:
            folds = {int(fold) - 1: Adaptation.from_json(one) for fold, one in content["folds"].items()}
            return cls(Adaptation.from_json(content["shipped"]), folds)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PredictionsError(f"Constants must be those that run.json holds, but: {error}; run the search again.") from error


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
