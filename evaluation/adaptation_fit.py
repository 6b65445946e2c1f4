"""Learning the constants of an adaptation on inner predictions: what moves nobody's training helps a speaker nobody has met.

What is tested on a fold takes the constants of that fold's own inner predictions; the champion those of all of them. The residual of
a clip, its logs less the mean ones of its emotion, is modelled as a sum of independent parts: an offset of the voice, a shift of the
voice's clips of that emotion, and the rest, each with one variance. The best linear estimate of an offset then counts as many clips
without residual as the variances say (empirical Bayes, Efron & Morris, "Data analysis using Stein's estimator and its
generalizations", 1975). The variances are estimated by moments, which a handful of speakers is enough for; constants searched for
on the streams of six speakers gained less on others.

What a model says on average of a voice that shows all emotions evenly (:func:`usual_logs`) comes from its predictions of the clips
that it learnt from: their speakers are many more than the inner ones, and an overconfident model leans to the same emotions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evaluation.adaptation import Adaptations
from evaluation.dataset import Dataset
from evaluation.held_out import FoldPredictions
from evaluation.jobs import Budget, Split
from evaluation.result import Result
from evaluation.streams import Ints
from evaluation.voices import DECIMALS, DEFAULT_TRUST, Adaptation, Floats, Knowledge, Trust, centred_logs

LEAST_CLIPS, MOST_CLIPS = 0.5, 64.0
"""Between them every number of clips that a :class:`Trust` holds lies."""
UNLABELLED_DOUBT = 2.0
"""The residual of a clip whose emotion is only guessed varies more, by about this factor; chosen on inner speakers of RAVDESS."""
LEAST_UNLABELLED_RELEVANCE = DEFAULT_TRUST[Knowledge.UNLABELLED].relevance
"""An emotion that was only guessed shifts nothing quickly."""
SMALLEST_VARIANCE = 1e-3
LEAST_VOICES = 6
"""Constants of fewer were worse than the default ones on inner speakers of RAVDESS; :func:`of_few_voices` takes half of them."""


@dataclass(frozen=True)
class Variances:
    """Variances of the parts of a residual, means over the emotions' logs.

    Attributes
    ----------
    rest : float > 0
        Among clips of one emotion by one voice.
    shifts : float > 0
        Of one voice's emotions around its offset.
    offsets : float > 0
        Of voices.
    """

    rest: float
    shifts: float
    offsets: float


def adaptations_of(result: Result, dataset: Dataset) -> Adaptations | None:
    """Return the constants of a family, learnt on its inner predictions, or half learnt where those are of few speakers.

    There are none after a quick look, which predicts too few speakers, where speakers are unknown, and without inner predictions.
    """
    inner, held_out = result.predictions.get(Split.INNER), result.predictions[Split.HELD_OUT]
    if not inner or not dataset.speakers_known or result.tuned.budget is Budget.QUICK:
        return None

    def learn(folds: Sequence[int]) -> Adaptation:
        rows = [inner[fold].rows for fold in folds]
        # A speaker whom two folds' models predicted is two speakers here: their offsets are of two models.
        speakers = np.concatenate([np.char.add(f"{k}/", dataset.speakers[one]) for k, one in enumerate(rows)])
        probabilities = np.concatenate([inner[fold].probabilities for fold in folds])
        of_clips = np.concatenate(rows)
        learnt = learn_adaptation(probabilities, dataset.targets[of_clips], speakers, emotions=dataset.emotions)
        if len(np.unique(dataset.speakers[of_clips])) < LEAST_VOICES:
            learnt = of_few_voices(learnt)
        return around(learnt, np.mean([_usual_logs_of(held_out[fold], dataset) for fold in folds], axis=0))

    return Adaptations(learn(sorted(inner)), {fold: learn([fold]) for fold in inner})


def around(learnt: Adaptation, usual: Floats) -> Adaptation:
    """Return constants whose class means have another mean over the emotions, (n_emotions,)."""
    return _with_means(learnt, learnt.means - learnt.means.mean(axis=0) + usual)


def usual_logs(probabilities: Floats, targets: Ints) -> Floats:
    """Return the mean logs of a voice that shows all emotions evenly, (n_emotions,), from many clips and their emotions."""
    logs = centred_logs(probabilities)
    return np.asarray(np.mean([logs[targets == emotion].mean(axis=0) for emotion in np.unique(targets)], axis=0))


def _usual_logs_of(tested: FoldPredictions, dataset: Dataset) -> Floats:
    assert tested.training is not None
    return usual_logs(tested.training.probabilities, dataset.targets[tested.training.rows])


def of_few_voices(learnt: Adaptation) -> Adaptation:
    """Return the default constants with class means halfway to those that a few voices taught.

    On EmoDB's inner predictions what adaptation gives rose, beside the default class means, from -3.3 to 1.0 points of UAR for the
    random forest and from 0.6 to 3.8 for the linear family.
    """
    default = Adaptation.default(learnt.emotions)
    return _with_means(default, (default.means + learnt.means) / 2)


def learn_adaptation(probabilities: Floats, targets: Ints, speakers: NDArray[np.str_], *, emotions: Sequence[str]) -> Adaptation:
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

    Returns
    -------
    Adaptation
        The default trust stays where no voice has two clips of an emotion, or where there is only one voice.
    """
    default, logs = Adaptation.default(emotions), centred_logs(probabilities)
    means = np.stack([logs[targets == k].mean(axis=0) if (targets == k).any() else default.means[k] for k in range(len(emotions))])
    residuals = logs - means[targets]
    _, voices = np.unique(speakers, return_inverse=True)
    found = _with_means(default, means)
    variances = estimate_variances(residuals, voices, targets)
    return replace(found, trust=_trust(variances)) if variances else found


def estimate_variances(residuals: Floats, voices: Ints, targets: Ints) -> Variances | None:
    """Estimate the variances of the parts of some residuals by moments, as in a nested analysis of variance.

    Parameters
    ----------
    residuals : float array [shape=(n_clips, n_emotions)]
        Of zero sum over the emotions.
    voices : int array [shape=(n_clips,)]
        Positions of the voices, from 0.
    targets : int array [shape=(n_clips,)]
        Positions of the emotions.

    Returns
    -------
    Variances or None
        None where clips are too few for it: one voice, or no two clips of an emotion by a voice.
    """
    n_emotions, n_voices = residuals.shape[1], int(voices.max()) + 1
    cells, of_cell, n_clips = np.unique(voices * n_emotions + targets, return_inverse=True, return_counts=True)
    cell_means, voice_of_cell = _means(residuals, of_cell, n_clips), cells // n_emotions
    _, n_cells = np.unique(voice_of_cell, return_counts=True)
    offsets = _means(cell_means, voice_of_cell, n_cells)
    n_means = len(np.unique(targets))
    within, among = len(targets) - len(cells), len(cells) - n_voices - n_means + 1
    if n_voices < 2 or within < 1 or among < 1:
        return None
    logs_freedom = n_emotions - 1
    rest = _sum_of_squares(residuals - cell_means[of_cell]) / (within * logs_freedom)
    rest_in_cells = rest * float(np.mean(1 / n_clips))
    shifts = _sum_of_squares(cell_means - offsets[voice_of_cell]) / (among * logs_freedom) - rest_in_cells
    shifts = max(SMALLEST_VARIANCE, shifts)
    in_offsets = (shifts + rest_in_cells) * float(np.mean(1 / n_cells))
    between = _sum_of_squares(offsets) / ((n_voices - 1) * logs_freedom) - in_offsets
    return Variances(max(SMALLEST_VARIANCE, rest), shifts, max(SMALLEST_VARIANCE, between))


def _trust(variances: Variances) -> dict[Knowledge, Trust]:
    """Return how many clips without residual outweigh what is seen: the variance around an estimated part over the part's own."""
    tau = (variances.rest + variances.shifts) / variances.offsets
    relevance = variances.rest / variances.shifts
    known = Trust(_clips(tau), _clips(relevance))
    unlabelled = Trust(_clips(UNLABELLED_DOUBT * tau), _clips(max(LEAST_UNLABELLED_RELEVANCE, relevance)))
    return {Knowledge.UNLABELLED: unlabelled, Knowledge.LABELLED: known, Knowledge.NEUTRAL: known}


def _with_means(adaptation: Adaptation, means: Floats) -> Adaptation:
    return replace(adaptation, class_means=tuple(map(tuple, means.round(DECIMALS).tolist())))


def _clips(ratio: float) -> float:
    return round(min(MOST_CLIPS, max(LEAST_CLIPS, ratio)), DECIMALS)


def _means(values: Floats, groups: Ints, n_members: Ints) -> Floats:
    """Return the means of groups of rows, (n_groups, n_columns)."""
    sums = np.zeros((len(n_members), values.shape[1]))
    np.add.at(sums, groups, values)
    return np.asarray(sums / n_members[:, None])


def _sum_of_squares(values: Floats) -> float:
    return float((values**2).sum())
