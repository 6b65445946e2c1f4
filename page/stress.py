"""Stress: the same clip, perturbed, and how every family's prediction moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.notes import Note
from augment import EFFECTS
from augment.noise import COLOURS
from emotune.errors import RequestError, UnknownKeyError
from page.engine import Engine
from page.listen import Prediction, listen

MAX_SECONDS = 10.0
"""Of a longer clip only the beginning is perturbed."""
SEED = 0
NO_NOISE = "none"
NOISES = (NO_NOISE, *COLOURS)
DIRECT_TO_REVERBERANT_DB = 4.0

RANGES: Mapping[str, tuple[float, float]] = {
    "snr_db": (0.0, 40.0),
    "semitones": (-6.0, 6.0),
    "tempo": (0.6, 1.6),
    "rt60_seconds": (0.0, 1.0),
    "gain_db": (-30.0, 20.0),
}


@dataclass(frozen=True)
class Perturbation:
    """What is done to a clip; as built, nothing.

    Attributes
    ----------
    noise : str
        ``"none"`` or one of :data:`augment.noise.COLOURS`.
    snr_db : float in [0, 40]
        Signal to noise, over the whole clip.
    semitones : float in [-6, 6]
        Pitch shift.
    tempo : float in [0.6, 1.6]
        Rate; above 1 is faster.
    rt60_seconds : float in [0, 1]
        Reverberation time of a room; 0 is no room.
    gain_db : float in [-30, 20]
        Gain; what passes full scale is clipped.

    Raises
    ------
    RequestError
        If a value is not a number within its range.
    UnknownKeyError
        If there is no such noise.
    """

    noise: str = NO_NOISE
    snr_db: float = 20.0
    semitones: float = 0.0
    tempo: float = 1.0
    rt60_seconds: float = 0.0
    gain_db: float = 0.0

    def __post_init__(self) -> None:
        if self.noise not in NOISES:
            raise UnknownKeyError("noise", str(self.noise), list(NOISES))
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not isinstance(value, int | float) or not low <= value <= high:
                raise RequestError(f"{name} must be a number between {low:g} and {high:g}, got {value!r}; choose another value.")

    @property
    def steps(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """The augmentations that take part, in order, each with its parameters."""
        room = {"rt60_seconds": self.rt60_seconds, "direct_to_reverberant_db": DIRECT_TO_REVERBERANT_DB, "seed": SEED}
        noise = {"colour": self.noise, "snr_db": self.snr_db, "seed": SEED}
        chain = (
            ("pitch", {"semitones": self.semitones}, self.semitones != 0),
            ("tempo", {"rate": self.tempo}, self.tempo != 1),
            ("room", room, self.rt60_seconds > 0),
            ("gain", {"gain_db": self.gain_db}, self.gain_db != 0),
            ("noise", noise, self.noise != NO_NOISE),
        )
        return tuple((key, parameters) for key, parameters, takes_part in chain if takes_part)

    def apply(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the perturbed audio, within full scale."""
        for key, parameters in self.steps:
            samples = EFFECTS[key].apply(samples, parameters)
        return np.clip(samples, -1.0, 1.0)


@dataclass(frozen=True)
class Strength:
    """One perturbation from gentle to strong, for the curve."""

    title: str
    unit: str
    values: tuple[float, ...]
    make: Callable[[float], Perturbation]


STRENGTHS: Mapping[str, Strength] = {
    "noise": Strength("Noise", "dB SNR", (40, 30, 25, 20, 15, 10, 5, 0), lambda v: Perturbation(noise="pink", snr_db=v)),
    "pitch": Strength("Pitch", "semitones", (-6, -4, -2, -1, 0, 1, 2, 4, 6), lambda v: Perturbation(semitones=v)),
    "tempo": Strength("Tempo", "times as fast", (0.6, 0.75, 0.9, 1, 1.1, 1.25, 1.6), lambda v: Perturbation(tempo=v)),
    "room": Strength("Room", "s of reverberation", (0, 0.1, 0.2, 0.4, 0.6, 0.8, 1), lambda v: Perturbation(rt60_seconds=v)),
    "gain": Strength("Gain", "dB", (-30, -20, -10, 0, 5, 10, 20), lambda v: Perturbation(gain_db=v)),
}


@dataclass(frozen=True, eq=False)
class Stressed:
    """Every family's prediction for a clip and to its perturbed copy.

    Attributes
    ----------
    original, perturbed : ndarray [dtype=float32]
        The audio of both.
    before, after : tuple of Prediction
        Best family first, the same families in both.
    advice : tuple of str
        What to know before trusting the predictions of the copy.
    """

    original: NDArray[np.float32]
    perturbed: NDArray[np.float32]
    emotions: tuple[str, ...]
    before: tuple[Prediction, ...]
    after: tuple[Prediction, ...]
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Curve:
    """Every family's probability of one emotion over the strength of one perturbation.

    Attributes
    ----------
    perturbation, unit, emotion : str
        What is drawn.
    values : tuple of float
        The strengths.
    predictions : tuple of (tuple of Prediction)
        At each strength, each family's prediction.
    """

    perturbation: str
    unit: str
    emotion: str
    values: tuple[float, ...]
    predictions: tuple[tuple[Prediction, ...], ...]


def stress(engine: Engine, samples: NDArray[np.float32], perturbation: Perturbation, *, notes: Sequence[Note] = ()) -> Stressed:
    """Perturb a clip and let every family predict both.

    Parameters
    ----------
    engine : Engine
        The champions.
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``; its first 10 s are used.
    perturbation : Perturbation
        What to do to it.
    notes : sequence of Note
        What the loader noted on the clip.
    """
    original = _beginning(samples)
    perturbed = perturbation.apply(original)
    before = listen(engine, original, notes=notes)
    after = listen(engine, perturbed, notes=notes) if perturbation.steps else before
    comparable = in_common([before.predictions, after.predictions])
    return Stressed(original, perturbed, engine.emotions, comparable[0], comparable[1], (*after.notes, *after.advice))


def curve(engine: Engine, samples: NDArray[np.float32], *, perturbation: str, emotion: str | None = None) -> Curve:
    """Follow every family's probability of an emotion while a perturbation grows.

    Parameters
    ----------
    engine : Engine
        The champions.
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``; its first 10 s are used.
    perturbation : str
        A key of :data:`STRENGTHS`.
    emotion : str, optional
        Which emotion; the best family's prediction for the original by default.

    Raises
    ------
    UnknownKeyError
        If there is no such perturbation or emotion.
    """
    if perturbation not in STRENGTHS:
        raise UnknownKeyError("perturbation", perturbation, list(STRENGTHS))
    if emotion is not None and emotion not in engine.emotions:
        raise UnknownKeyError("emotion", emotion, list(engine.emotions))
    strength, original = STRENGTHS[perturbation], _beginning(samples)
    followed = emotion or listen(engine, original).predictions[0].emotion
    predictions = [listen(engine, strength.make(value).apply(original)).predictions for value in strength.values]
    return Curve(strength.title, strength.unit, followed, strength.values, in_common(predictions))


def in_common(predictions: Sequence[Sequence[Prediction]]) -> tuple[tuple[Prediction, ...], ...]:
    """Return the predictions of the families that answered every copy of a clip, in the order of the first.

    A family may fail on the way, and then the others may rank otherwise.

    Raises
    ------
    RequestError
        If there is none.
    """
    found = [{one.family: one for one in of_copy} for of_copy in predictions]
    families = [key for key in found[0] if all(key in of_copy for of_copy in found)]
    if not families:
        raise RequestError(
            "A family must answer every copy of the clip to be compared, but each failed on one; try again in a minute."
        )
    return tuple(tuple(of_copy[key] for key in families) for of_copy in found)


def _beginning(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return samples[: round(MAX_SECONDS * SAMPLE_RATE_HZ)]
