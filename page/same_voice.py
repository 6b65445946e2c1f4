"""The same voice as before: a clip's predictions alone and with what earlier clips of its voice told, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.notes import Note
from emotune.errors import RequestError
from evaluation.voices import Knowledge, softmax
from page.engine import Engine, title_of
from page.listen import ClipPredictions, JudgedClip, conclude, judge
from page.voice import Voice, mark_of

AS_USUAL = ""
"""In place of an emotion: the clip was said as its speaker normally speaks."""
OFFERED = "On Thursday I took the bus into town, bought some bread, and walked home along the river."
"""A sentence to say as usual; its words have no emotion."""


@dataclass(frozen=True)
class BothPredictions:
    """What the page shows of a clip whose voice came before.

    Attributes
    ----------
    alone, with_voice : ClipPredictions
        Without and with the other clips of the voice.
    n_clips : int
        How many those are.
    joined : bool
        False if the clip resembles speech so little that it tells nothing of its voice.
    voice : Voice
        The voice after this clip.
    """

    alone: ClipPredictions
    with_voice: ClipPredictions
    n_clips: int
    joined: bool
    voice: Voice

    @property
    def changed(self) -> tuple[str, ...]:
        """Families whose emotion is another one with the voice."""
        pairs = zip(self.alone.predictions, self.with_voice.predictions, strict=True)
        return tuple(alone.family for alone, known in pairs if alone.emotion != known.emotion)


@dataclass(frozen=True)
class Taught:
    """What the clips that somebody taught changed for a family.

    Attributes
    ----------
    family : str
        Who answers.
    n_clips : int
        How many clips have an emotion that is known.
    n_right_alone, n_right_with_others : int
        How many of them it recognises alone, and knowing the other clips of the voice but not this one.
    """

    family: str
    n_clips: int
    n_right_alone: int
    n_right_with_others: int


def listen_again(engine: Engine, samples: NDArray[np.float32], voice: Voice | None, *, notes: Sequence[Note] = ()) -> BothPredictions:
    """Let every family judge a recording alone and as one more of a voice, and let the voice learn from it.

    Parameters
    ----------
    engine : Engine
        The champions.
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``.
    voice : Voice or None
        What earlier clips told; one that was told to other champions is forgotten.
    notes : sequence of Note
        What the loader noted on the samples.
    """
    voice, clip, mark = Voice.of(engine, voice), judge(engine, samples, notes=notes), mark_of(samples)
    alone = with_voice = conclude(engine, clip, notes=notes)
    n_clips = voice.n_clips(but=mark)
    if n_clips:
        adapted = replace(clip.found, probabilities=voice.adapt(clip.found.probabilities, but=mark))
        with_voice = conclude(engine, replace(clip, found=adapted), notes=notes)
    return BothPredictions(
        alone=alone,
        with_voice=with_voice,
        n_clips=n_clips,
        joined=not clip.is_nonsense,
        voice=voice if clip.is_nonsense else voice.with_clip(mark, _means(clip)),
    )


def teach(engine: Engine, samples: NDArray[np.float32], voice: Voice | None, *, emotion: str) -> Voice:
    """Return a voice after a clip of which somebody tells how it was said.

    Parameters
    ----------
    engine, samples, voice
        As in :func:`listen_again`.
    emotion : str
        Its emotion, or :data:`AS_USUAL`.

    Raises
    ------
    RequestError
        If the clip hardly resembles speech, or was said as usual and no emotion of the result counts as neutral.
    UnknownKeyError
        If the result does not know the emotion.
    """
    voice, clip = Voice.of(engine, voice), judge(engine, samples)
    if clip.is_nonsense:
        raise RequestError("A clip that teaches must be speech, but this one hardly resembles it; say a whole sentence.")
    mark, means = mark_of(samples), _means(clip)
    return voice.with_labelled(mark, means, emotion=emotion) if emotion != AS_USUAL else voice.with_neutral(mark, means)


def lessons(voice: Voice) -> tuple[Taught, ...]:
    """Return what the taught clips of a voice changed: each is judged knowing all the others."""
    found = []
    for family in voice.prints:
        taught = [clip for clip in voice.known.clips if family in clip.heard]
        if not taught:
            continue
        probabilities = [softmax(np.array(clip.heard[family].logs)) for clip in taught]
        alone = [int(one.argmax()) == clip.emotion for clip, one in zip(taught, probabilities, strict=True)]
        known = [
            int(voice.state(family, but=clip.mark).adapt(one).argmax()) == clip.emotion
            for clip, one in zip(taught, probabilities, strict=True)
        ]
        found.append(Taught(family, len(taught), sum(alone), sum(known)))
    return tuple(found)


def as_json(found: BothPredictions) -> dict[str, Any]:
    """Return the predictions with the voice, what they rest on, and the voice's JSON after the clip."""
    emotion, n_agree = found.with_voice.agreement
    return {
        "with_voice": {
            "n_clips": found.n_clips,
            "changed": list(found.changed),
            "predictions": [asdict(one) for one in found.with_voice.predictions],
            "agreement": {"emotion": emotion, "families": n_agree, "of": len(found.with_voice.predictions)},
            "default_constants": sorted(found.voice.defaults),
            "joined": found.joined,
        },
        "voice": found.voice.to_json(),
    }


def voice_in_words(voice: Voice | None) -> str:
    """Return in a sentence what is known of a voice."""
    counts = voice.n_by_knowledge if voice else dict.fromkeys(Knowledge, 0)
    n_all = sum(counts.values())
    if not n_all:
        return "Nothing is known of this voice yet."
    parts = [
        f"{counts[kind]} {words}"
        for kind, words in ((Knowledge.NEUTRAL, "said as usual"), (Knowledge.LABELLED, "with a known emotion"))
        if counts[kind]
    ]
    return ", ".join([f"{n_all} {'clip' if n_all == 1 else 'clips'} of this voice", *parts]) + "."


def constants_in_words(voice: Voice) -> str:
    """Return one clause if families use constants that nobody learnt for them; else nothing."""
    if not voice.defaults:
        return ""
    names = "every family" if len(voice.defaults) == len(voice.prints) else ", ".join(map(title_of, sorted(voice.defaults)))
    return f"The constants of {names} are cautious defaults, as this result learnt none."


def _means(clip: JudgedClip) -> Mapping[str, NDArray[np.float64]]:
    return {family: values.mean(axis=0) for family, values in clip.found.probabilities.items()}
