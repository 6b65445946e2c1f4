"""Streams: which clips of a speaker came before the clip that is tested, drawn in the ways in which people speak.

Conventions
-----------
A stream is one tested clip and the clips before it. Every clip is tested :data:`N_REPEATS` times, each time after others; a speaker
with too few clips has shorter streams. Streams are drawn from the true emotions of the clips, which only the draw ever sees, and are
the same for every family.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from evaluation.voices import UNKNOWN, Adaptation, Floats, Knowledge, adapt_logs, centred_logs, estimate_voices

N_REPEATS = 5
N_EARLIER = 20
SKEW = 0.3
"""Concentration of the Dirichlet distribution that skewed compositions are drawn from."""
CHUNK = 4000
NO_CLIP = -1

Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Speech:
    """Clips of some speakers.

    Attributes
    ----------
    targets : int array [shape=(n_clips,)]
        Position of each clip's true emotion.
    speakers : array [shape=(n_clips,)]
        Who speaks.
    n_emotions : int
        How many there are.
    """

    targets: Ints
    speakers: NDArray[np.str_]
    n_emotions: int

    def by_speaker(self) -> list[Ints]:
        """Return the clips of each speaker."""
        return [np.flatnonzero(self.speakers == speaker) for speaker in np.unique(self.speakers)]


@dataclass(frozen=True, eq=False)
class Streams:
    """Tested clips, and those before them.

    Attributes
    ----------
    tested : int array [shape=(n_streams,)]
        Clips.
    earlier : int array [shape=(n_streams, n_earlier)]
        Clips; :data:`NO_CLIP` where there are fewer.
    knowledge : Knowledge
        What is known of the earlier clips.
    """

    tested: Ints
    earlier: Ints
    knowledge: Knowledge = Knowledge.UNLABELLED

    def take(self, rows: Ints) -> Streams:
        """Return some of the streams."""
        return Streams(self.tested[rows], self.earlier[rows], self.knowledge)

    def adapted(self, adaptation: Adaptation, probabilities: Floats, targets: Ints) -> Floats:
        """Return the adapted probabilities of the tested clips, (n_streams, n_emotions).

        Parameters
        ----------
        adaptation : Adaptation
            The family's constants.
        probabilities : float array [shape=(n_clips, n_emotions)]
            Of all clips.
        targets : int array [shape=(n_clips,)]
            Their emotions; looked at for earlier clips that are labelled, and for no other.
        """
        logs = centred_logs(probabilities)
        chunks = []
        for start in range(0, len(self.tested), CHUNK):
            rows = slice(start, start + CHUNK)
            earlier = self.earlier[rows]
            knowledge = np.stack([(earlier != NO_CLIP) & (kind is self.knowledge) for kind in Knowledge])
            emotions = np.full(earlier.shape, UNKNOWN) if self.knowledge is Knowledge.UNLABELLED else targets[earlier]
            voice = estimate_voices(adaptation, logs[earlier], knowledge=knowledge, emotions=emotions)
            chunks.append(adapt_logs(adaptation, voice, logs[self.tested[rows]]))
        return np.concatenate(chunks) if chunks else np.empty((0, probabilities.shape[1]))


Compose = Callable[[Ints, Floats, np.random.Generator], Floats]
"""From the tested clips' emotions (n,), and which emotions the speaker has (n_emotions,), to compositions (n, n_emotions)."""


def skewed(targets: Ints, has: Floats, rng: np.random.Generator) -> Floats:
    """Draw compositions of streams to which the tested clips belong: Dirichlet, given the tested clip's emotion."""
    weights = rng.standard_gamma(SKEW * has + np.eye(len(has))[targets])
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def few_emotions(targets: Ints, has: Floats, rng: np.random.Generator, *, n: int) -> Floats:
    """Draw compositions of n emotions in equal parts, the tested clip's among them."""
    keys = np.where(has > 0, rng.random((len(targets), len(has))), np.inf)
    keys[np.arange(len(targets)), targets] = -1
    chosen = (keys.argsort(axis=1).argsort(axis=1) < n) & (has > 0)
    return np.asarray(chosen / chosen.sum(axis=1, keepdims=True))


def another_emotion(targets: Ints, has: Floats, rng: np.random.Generator) -> Floats:
    """Draw compositions of one emotion that is not the tested clip's: the mood has just changed."""
    keys = np.where(has > 0, rng.random((len(targets), len(has))), -1.0)
    keys[np.arange(len(targets)), targets] = -0.5
    return np.eye(len(has))[keys.argmax(axis=1)]


def draw_random(speech: Speech, *, seed: int, n: int = N_EARLIER, n_repeats: int = N_REPEATS) -> Streams:
    """Draw streams of random other clips of the speaker."""
    rng, tested, earlier = np.random.default_rng(seed), [], []
    for own in speech.by_speaker():
        for _ in range(n_repeats):
            keys = rng.random((len(own), len(own)))
            np.fill_diagonal(keys, np.inf)
            tested.append(own)
            earlier.append(_first(own, keys, n))
    return Streams(np.concatenate(tested), np.concatenate(earlier))


def draw_composed(speech: Speech, compose: Compose, *, seed: int, n: int = N_EARLIER, n_repeats: int = N_REPEATS) -> Streams:
    """Draw streams of a composition; where the speaker has too few clips of an emotion, all other ones of it."""
    rng, tested, earlier = np.random.default_rng(seed), [], []
    for own in speech.by_speaker():
        emotions = speech.targets[own]
        has = (np.bincount(emotions, minlength=speech.n_emotions) > 0).astype(np.float64)
        for _ in range(n_repeats):
            wanted = rng.multinomial(n, compose(emotions, has, rng))
            keys = rng.random((len(own), len(own)))
            np.fill_diagonal(keys, np.inf)
            for emotion in np.unique(emotions):
                of_it = np.flatnonzero(emotions == emotion)
                rank = keys[:, of_it].argsort(axis=1).argsort(axis=1)
                keys[:, of_it] = np.where(rank < wanted[:, emotion, None], keys[:, of_it], np.inf)
            tested.append(own)
            earlier.append(_first(own, keys, n))
    return Streams(np.concatenate(tested), np.concatenate(earlier))


def draw_wrong_speaker(speech: Speech, *, seed: int, n: int = N_EARLIER, n_repeats: int = N_REPEATS) -> Streams | None:
    """Draw streams of random clips of another speaker; None if there is one speaker."""
    rng, tested, earlier = np.random.default_rng(seed), [], []
    everyone = speech.by_speaker()
    if len(everyone) < 2:
        return None
    for k, own in enumerate(everyone):
        for _ in range(n_repeats):
            other = everyone[(k + rng.integers(1, len(everyone))) % len(everyone)]
            tested.append(own)
            earlier.append(_first(other, rng.random((len(own), len(other))), n))
    return Streams(np.concatenate(tested), np.concatenate(earlier))


def draw_neutral(speech: Speech, *, neutral: int | None, seed: int, n_repeats: int = N_REPEATS) -> Streams | None:
    """Draw streams of one neutral clip, at most ``n_repeats`` different ones of a speaker, all other clips tested.

    Returns
    -------
    Streams or None
        None if no emotion counts as neutral, or no speaker has a neutral clip and another one.
    """
    rng, chosen = np.random.default_rng(seed), []
    for own in speech.by_speaker() if neutral is not None else ():
        calm = own[speech.targets[own] == neutral]
        chosen += [(own, clip[None]) for clip in rng.permutation(calm)[:n_repeats]]
    return _given(chosen, Knowledge.NEUTRAL)


def draw_enrolled(speech: Speech, *, seed: int, n_repeats: int = N_REPEATS) -> Streams | None:
    """Draw streams of one labelled clip of each emotion that the speaker has, all other clips tested; None if none are left."""
    rng, chosen = np.random.default_rng(seed), []
    for own in speech.by_speaker():
        emotions = speech.targets[own]
        for _ in range(n_repeats):
            order = rng.permutation(len(own))
            _, first = np.unique(emotions[order], return_index=True)
            clips = np.full(speech.n_emotions, NO_CLIP)
            clips[: len(first)] = own[order[first]]
            chosen.append((own, clips))
    return _given(chosen, Knowledge.LABELLED)


def draw_streams(
    speech: Speech, emotions: Sequence[str], *, seed: int, n_repeats: int = N_REPEATS, n_curve: Sequence[int] = ()
) -> dict[str, Streams]:
    """Return streams of every way to know the speaker, by name; one that the clips do not allow is absent.

    Parameters
    ----------
    speech : Speech
        The clips.
    emotions : sequence of str
        Names of the emotions.
    seed : int
        Of the draw.
    n_repeats : int
        How often each clip is tested.
    n_curve : sequence of int
        Numbers of random earlier clips besides :data:`N_EARLIER`.
    """
    neutral = Adaptation.default(emotions).neutral
    found: dict[str, Streams | None] = {
        RANDOM: draw_random(speech, seed=seed, n_repeats=n_repeats),
        **{f"{n} {RANDOM}": draw_random(speech, seed=seed, n=n, n_repeats=n_repeats) for n in n_curve},
        OTHERS: draw_random(speech, seed=seed, n=max(map(len, speech.by_speaker())), n_repeats=1),
        **{name: draw_composed(speech, compose, seed=seed, n_repeats=n_repeats) for name, compose in COMPOSED.items()},
        NEUTRAL: draw_neutral(speech, neutral=neutral, seed=seed, n_repeats=n_repeats),
        ENROLLED: draw_enrolled(speech, seed=seed, n_repeats=n_repeats),
        WRONG: draw_wrong_speaker(speech, seed=seed, n_repeats=n_repeats),
    }
    return {name: streams for name, streams in found.items() if streams is not None}


RANDOM, SKEWED, NEUTRAL, ENROLLED, WRONG = "random", "skewed", "one neutral", "enrolled", "wrong speaker"
OTHERS = "all others"
TWO_EMOTIONS, ONE_EMOTION, CHANGED = "two emotions", "one emotion", "another emotion"
COMPOSED: dict[str, Compose] = {
    SKEWED: skewed,
    TWO_EMOTIONS: partial(few_emotions, n=2),
    ONE_EMOTION: partial(few_emotions, n=1),
    CHANGED: another_emotion,
}


def _first(clips: Ints, keys: Floats, n: int) -> Ints:
    """Return in each row the n clips of the smallest keys; NO_CLIP where a key is infinite or there are fewer."""
    order = keys.argsort(axis=1)[:, :n]
    chosen = np.where(np.isfinite(np.take_along_axis(keys, order, axis=1)), clips[order], NO_CLIP)
    return np.pad(chosen, ((0, 0), (0, n - chosen.shape[1])), constant_values=NO_CLIP)


def _given(chosen: Sequence[tuple[Ints, Ints]], knowledge: Knowledge) -> Streams | None:
    tested = [np.setdiff1d(own, clips) for own, clips in chosen]
    if not sum(map(len, tested)):
        return None
    earlier = np.repeat(np.stack([clips for _, clips in chosen]), [len(clips) for clips in tested], axis=0)
    return Streams(np.concatenate(tested), earlier, knowledge)
