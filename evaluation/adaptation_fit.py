"""Learning the constants of an adaptation on inner predictions: what moves nobody's training helps a speaker nobody has met.

What is tested on a fold takes the constants of that fold's own inner predictions; the champion those of all of them. They are the
point of a small grid with the best inner UAR after random and skewed streams, as long as nobody loses much who shows few emotions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evaluation import streams
from evaluation.adaptation import Adaptations
from evaluation.dataset import Dataset, derive_seed
from evaluation.jobs import Budget, Split
from evaluation.result import Result
from evaluation.streams import Ints, Speech, Streams
from evaluation.voices import (
    DECIMALS,
    DEFAULT_TRUST,
    SMALLEST_SPREAD,
    Adaptation,
    Floats,
    Knowledge,
    Trust,
    centred_logs,
)
from metrics.scores import uar

MOST_STREAMS = 600
"""Streams of each kind that the constants are learnt on."""
UNLABELLED_STREAMS = (streams.RANDOM, *streams.COMPOSED)
TOLERATED_LOSS: Mapping[str, float] = {streams.TWO_EMOTIONS: 0.005, streams.ONE_EMOTION: 0.03, streams.CHANGED: 0.005}
"""What the rare ways to speak may cost in UAR, a fraction."""
TAUS = (2.0, 4.0, 8.0, 16.0, 64.0)
CAUTIONS = (1.0, 4.0)
EVENNESSES = (0.7, 1.0, 1.4, 2.0)
RELEVANCES = (8.0, 16.0, 64.0)
FEW_CLIPS = tuple(Trust(tau, relevance) for tau in (0.5, 1.0, 2.0, 4.0, 8.0, 64.0) for relevance in (2.0, 4.0, 8.0, 16.0, 64.0))
KNOWN_STREAMS: Mapping[Knowledge, str] = {Knowledge.LABELLED: streams.ENROLLED, Knowledge.NEUTRAL: streams.NEUTRAL}


def adaptations_of(result: Result, dataset: Dataset, *, seed: int) -> Adaptations | None:
    """Return the constants of a family, learnt on its inner predictions.

    There are none after a quick look, which predicts too few speakers, where speakers are unknown, and without inner predictions.
    """
    inner = result.predictions.get(Split.INNER)
    if not inner or not dataset.speakers_known or result.tuned.budget is Budget.QUICK:
        return None

    def learn(folds: Iterable[int]) -> Adaptation:
        rows = [inner[fold].rows for fold in folds]
        # A speaker whom two folds' models predicted is two speakers here: no clip comes before itself.
        speakers = np.concatenate([np.char.add(f"{k}/", dataset.speakers[one]) for k, one in enumerate(rows)])
        probabilities = np.concatenate([inner[fold].probabilities for fold in folds])
        targets = dataset.targets[np.concatenate(rows)]
        part = derive_seed(seed, "adaptation", *folds)
        return learn_adaptation(probabilities, targets, speakers, emotions=dataset.emotions, seed=part)

    return Adaptations(learn(sorted(inner)), {fold: learn([fold]) for fold in inner})


def learn_adaptation(
    probabilities: Floats, targets: Ints, speakers: NDArray[np.str_], *, emotions: Sequence[str], seed: int
) -> Adaptation:
    """Return the constants that serve some speakers best.

    Parameters
    ----------
    probabilities : float array [shape=(n_clips, n_emotions)]
        Of clips whose speakers the models had not met.
    targets : int array [shape=(n_clips,)]
        Their emotions.
    speakers : array of str [shape=(n_clips,)]
        Who speaks.
    emotions : sequence of str
        Names of the emotions.
    seed : int
        Of the streams.
    """
    found = _measured(probabilities, targets, speakers, emotions=emotions)
    speech = Speech(targets, speakers, len(emotions))
    drawn = draw_few(streams.draw_streams(speech, emotions, seed=seed, n_repeats=1), seed=seed)
    unlabelled = {name: drawn[name] for name in UNLABELLED_STREAMS}

    def best(candidates: Iterable[Adaptation], on: Mapping[str, Streams]) -> Adaptation:
        return max(candidates, key=lambda one: _usefulness(one, on, probabilities, targets))

    grid = [replace(_with(found, Knowledge.UNLABELLED, tau=tau), evenness=evenness) for tau in TAUS for evenness in EVENNESSES]
    found = best(grid, unlabelled)
    found = best((replace(found, caution=caution) for caution in CAUTIONS), unlabelled)
    found = best((_with(found, Knowledge.UNLABELLED, relevance=relevance) for relevance in RELEVANCES), unlabelled)
    for kind, name in KNOWN_STREAMS.items():
        if name in drawn:
            found = best([_with(found, kind, **vars(trust)) for trust in FEW_CLIPS], {name: drawn[name]})
    return found


def draw_few(drawn: Mapping[str, Streams], *, seed: int) -> dict[str, Streams]:
    """Return at most :data:`MOST_STREAMS` of each kind of stream."""
    rng = np.random.default_rng(seed)
    return {name: one.take(np.sort(rng.permutation(len(one.tested))[:MOST_STREAMS])) for name, one in drawn.items()}


def _usefulness(adaptation: Adaptation, on: Mapping[str, Streams], probabilities: Floats, targets: Ints) -> float:
    """Return the mean gain of UAR in the usual ways to speak, less what is lost in a rare one beyond :data:`TOLERATED_LOSS`."""
    gains = {
        name: uar(targets[one.tested], one.adapted(adaptation, probabilities, targets))
        - uar(targets[one.tested], probabilities[one.tested])
        for name, one in on.items()
    }
    lost = sum(max(0.0, -gains[name] - tolerated) for name, tolerated in TOLERATED_LOSS.items() if name in gains)
    return float(np.mean([gain for name, gain in gains.items() if name not in TOLERATED_LOSS])) - lost


def _measured(probabilities: Floats, targets: Ints, speakers: NDArray[np.str_], *, emotions: Sequence[str]) -> Adaptation:
    """Return the default constants with the class means of some predictions, where an emotion has any, and their spread."""
    default, logs = Adaptation.default(emotions), centred_logs(probabilities)
    means = np.stack(
        [logs[targets == k].mean(axis=0) if (targets == k).any() else default.means[k] for k in range(len(emotions))]
    ).round(DECIMALS)
    residuals = logs - means[targets]
    _, speaker = np.unique(speakers, return_inverse=True)
    n_clips = np.bincount(speaker)
    offsets = np.zeros((len(n_clips), len(emotions)))
    np.add.at(offsets, speaker, residuals)
    around = residuals - (offsets / n_clips[:, None])[speaker]
    freedom = max(1, len(targets) - len(n_clips)) * max(1, len(emotions) - 1)
    spread = max(SMALLEST_SPREAD, round(float((around**2).sum() / freedom), DECIMALS))
    return replace(default, class_means=tuple(map(tuple, means.tolist())), spread=spread, trust=DEFAULT_TRUST)


def _with(adaptation: Adaptation, kind: Knowledge, **changes: float) -> Adaptation:
    return replace(adaptation, trust={**adaptation.trust, kind: replace(adaptation.trust[kind], **changes)})
