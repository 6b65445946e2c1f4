"""A voice that comes back: what its clips told every family of a result, for as long as its session lasts or in a small JSON.

A voice holds no sound, only each clip's centred logarithms of its probabilities (:mod:`evaluation.voices`), a mark by which the
same clip is known again, and what is known of its emotion. The constants are those of the result that answers; a JSON never brings
any.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotune import __version__
from emotune.errors import PredictionsError, RequestError
from emotune.files import short_hash
from evaluation.adaptation import MOST_CLIPS, HeardClip, VoiceState
from evaluation.voices import UNKNOWN, Adaptation, Floats, Knowledge
from page.engine import Engine

SCHEMA = 1
KIND = "emotune voice"
MOST_JSON_CHARACTERS = 2_000_000
MOST_LOG = 20.0
"""No logarithm of a probability lies so far from the mean of its clip's."""
BEGIN_ANEW = "begin a new voice, or teach it again"


@dataclass(frozen=True)
class VoiceClip:
    """What one clip told.

    Attributes
    ----------
    mark : str
        By which the same clip is known again.
    heard : mapping of str to HeardClip
        By family; only those that answered it.
    """

    mark: str
    heard: Mapping[str, HeardClip]

    @property
    def knowledge(self) -> Knowledge:
        """What is known of its emotion."""
        return next(iter(self.heard.values())).knowledge

    @property
    def emotion(self) -> int:
        """The position of its emotion, if that is known."""
        return next(iter(self.heard.values())).emotion


@dataclass(frozen=True)
class Voice:
    """What is known of one voice, of one result's families. It never changes: a clip gives another one, and a new voice forgets.

    Attributes
    ----------
    title : str
        The result's corpus, for people.
    emotions : tuple of str
        In the order of every probability vector.
    prints : mapping of str to str
        By family: what the champion's answers depend on.
    adaptations : mapping of str to Adaptation
        By family: its constants.
    defaults : frozenset of str
        Families whose constants were not learnt.
    clips : tuple of VoiceClip
        At most :data:`evaluation.adaptation.MOST_CLIPS`; those whose emotion nobody knows are forgotten first, from the oldest.
    """

    title: str
    emotions: tuple[str, ...]
    prints: Mapping[str, str]
    adaptations: Mapping[str, Adaptation]
    defaults: frozenset[str]
    clips: tuple[VoiceClip, ...] = ()

    @classmethod
    def new(cls, engine: Engine) -> Voice:
        """Return a voice of which nothing is known."""
        prints = prints_of(engine)
        learnt = {family: found for family in prints if (found := _learnt(engine, family))}
        adaptations = {family: learnt.get(family) or Adaptation.default(engine.emotions) for family in prints}
        return cls(engine.corpus_title, engine.emotions, prints, adaptations, frozenset(prints) - frozenset(learnt))

    @classmethod
    def of(cls, engine: Engine, voice: Voice | None) -> Voice:
        """Return a voice if it was told to the same champions, else a new one."""
        return voice if voice and voice.emotions == engine.emotions and voice.prints == prints_of(engine) else cls.new(engine)

    @property
    def n_by_knowledge(self) -> dict[Knowledge, int]:
        """How many clips there are of each kind."""
        return {kind: sum(clip.knowledge is kind for clip in self.clips) for kind in Knowledge}

    @property
    def known(self) -> Voice:
        """The same voice with those clips alone whose emotion somebody told."""
        return replace(self, clips=tuple(clip for clip in self.clips if clip.knowledge is not Knowledge.UNLABELLED))

    def state(self, family: str, *, but: str = "") -> VoiceState:
        """Return what a family has learnt of the voice, leaving out the clip with a mark."""
        clips = (clip.heard[family] for clip in self.clips if clip.mark != but and family in clip.heard)
        return VoiceState(self.adaptations[family], tuple(clips))

    def n_clips(self, *, but: str = "") -> int:
        """Return on how many clips an answer rests, leaving out the clip with a mark."""
        return sum(clip.mark != but for clip in self.clips)

    def adapt(self, probabilities: Mapping[str, NDArray[np.float64]], *, but: str = "") -> dict[str, Floats]:
        """Return every family's probabilities, (n, n_emotions) or (n_emotions,), with what is known of the voice.

        Parameters
        ----------
        probabilities : mapping of str to ndarray
            By family, unadapted; of an ensemble its own.
        but : str
            Mark of the clip itself, which tells nothing about itself.
        """
        return {family: self.state(family, but=but).adapt(values) for family, values in probabilities.items()}

    def with_clip(self, mark: str, probabilities: Mapping[str, NDArray[np.float64]]) -> Voice:
        """Return the voice after one more clip whose emotion nobody knows; a clip that it has had changes nothing."""
        if any(clip.mark == mark for clip in self.clips):
            return self
        return self._with(mark, {family: self._empty(family).with_clip(one) for family, one in probabilities.items()})

    def with_neutral(self, mark: str, probabilities: Mapping[str, NDArray[np.float64]]) -> Voice:
        """Return the voice after a sentence said as usual.

        Raises
        ------
        RequestError
            If no emotion of the result counts as neutral.
        """
        return self._with(mark, {family: self._empty(family).with_neutral(one) for family, one in probabilities.items()})

    def with_labelled(self, mark: str, probabilities: Mapping[str, NDArray[np.float64]], *, emotion: str) -> Voice:
        """Return the voice after a clip whose emotion is known; what was known of the same clip before is forgotten.

        Raises
        ------
        UnknownKeyError
            If the result does not know the emotion.
        """
        states = {family: self._empty(family).with_labelled(one, emotion=emotion) for family, one in probabilities.items()}
        return self._with(mark, states)

    def to_json(self) -> str:
        """Return the voice as text that :meth:`from_json` reads: some hundred numbers a clip, no sound."""
        clips = [
            {
                "mark": clip.mark,
                "knowledge": str(clip.knowledge),
                "emotion": "" if clip.emotion == UNKNOWN else self.emotions[clip.emotion],
                "logs": {family: list(heard.logs) for family, heard in clip.heard.items()},
            }
            for clip in self.clips
        ]
        about = {"kind": KIND, "schema": SCHEMA, "emotune": __version__, "result": self.title}
        return json.dumps({**about, "emotions": list(self.emotions), "families": dict(self.prints), "clips": clips})

    @classmethod
    def from_json(cls, text: str, engine: Engine) -> Voice:
        """Return a voice that was written as text, for the result that it was told to.

        Raises
        ------
        RequestError
            If the text is too long or no voice, or was written by a newer version, for other emotions or by other champions.
        """
        new = cls.new(engine)
        if len(text) > MOST_JSON_CHARACTERS:
            raise RequestError(
                f"A voice must have at most {MOST_JSON_CHARACTERS} characters, got {len(text)}; choose the file that this page wrote."
            )
        try:
            content = json.loads(text)
            if content["kind"] != KIND:
                raise ValueError(f"its kind is {str(content['kind'])[:40]!r}, not {KIND!r}")
            if content["schema"] != SCHEMA:
                raise ValueError(f"its schema is {int(content['schema'])}, and this version reads {SCHEMA}")
            _check_told_to(new, content)
            clips = tuple(_read_clip(one, new) for one in content["clips"][:MOST_CLIPS])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError) as error:
            raise RequestError(f"A voice must be JSON that this page wrote, but: {_in_short(error)}; {BEGIN_ANEW}.") from error
        return replace(new, clips=tuple(clip for clip in clips if clip.heard))

    def _empty(self, family: str) -> VoiceState:
        return VoiceState(self.adaptations[family])

    def _with(self, mark: str, states: Mapping[str, VoiceState]) -> Voice:
        others = [clip for clip in self.clips if clip.mark != mark]
        if len(others) >= MOST_CLIPS:
            oldest = next((k for k, clip in enumerate(others) if clip.knowledge is Knowledge.UNLABELLED), 0)
            del others[oldest]
        clip = VoiceClip(mark, {family: state.clips[0] for family, state in states.items()})
        return replace(self, clips=(*others, clip))


def mark_of(samples: NDArray[np.float32]) -> str:
    """Return by what the same clip is known again."""
    return hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()[:16]


def prints_of(engine: Engine) -> dict[str, str]:
    """Return by family what its answers depend on: its weights, its temperature and its input."""
    cards = {member.key: member.champion.card for member in engine.loaded if member.champion}
    return {
        family: short_hash({"files": dict(card.files), "temperature": card.temperature, "input": card.input_fingerprint})
        for family, card in cards.items()
    }


def _learnt(engine: Engine, family: str) -> Adaptation | None:
    """Return a family's constants if the run recorded ones that can be used."""
    if family not in engine.manifest.adaptation:
        return None
    try:
        found = engine.manifest.adaptation_of(family)
    except PredictionsError:  # the page goes on with the default ones, and says so
        return None
    return found if found.emotions == engine.emotions else None


def _check_told_to(new: Voice, content: Mapping[str, Any]) -> None:
    title, emotions, prints = str(content["result"])[:80], tuple(map(str, content["emotions"])), dict(content["families"])
    if emotions != new.emotions:
        raise RequestError(
            f"A voice must be of the emotions {', '.join(new.emotions)}, got {', '.join(emotions)[:200]}; choose the result that it "
            f"was told to ({title}), or {BEGIN_ANEW}."
        )
    common = sorted(set(prints) & set(new.prints))
    others = [family for family in common if prints[family] != new.prints[family]]
    if others or not common:
        what = f"another {others[0]}" if others else f"none of {', '.join(new.prints)}"
        raise RequestError(
            f"A voice must have been told to the champions of {new.title} that answer here, got one that was told to {what} "
            f"({title}); choose that result, or {BEGIN_ANEW}."
        )


def _read_clip(content: Mapping[str, Any], new: Voice) -> VoiceClip:
    knowledge, emotion = Knowledge(content["knowledge"]), str(content["emotion"])
    position = new.emotions.index(emotion) if knowledge is not Knowledge.UNLABELLED else UNKNOWN
    heard = {
        family: HeardClip(_read_logs(content["logs"][family], len(new.emotions)), knowledge, position)
        for family in new.prints
        if family in content["logs"]
    }
    return VoiceClip(str(content["mark"])[:16], heard)


def _read_logs(values: Sequence[float], n_emotions: int) -> tuple[float, ...]:
    logs = tuple(map(float, values))
    if len(logs) != n_emotions or not np.abs(logs).max() <= MOST_LOG:
        raise ValueError(f"a clip needs {n_emotions} logarithms within ±{MOST_LOG:g}")
    return logs


def _in_short(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error)[:200] if isinstance(error, ValueError) else "a part of it is of another kind"
