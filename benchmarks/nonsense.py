"""Print what is never answered surely, and what that costs: ``python -m benchmarks.nonsense [--results DIR] [--data DIR]``.

Cost: each fold's test clips are judged by an out-of-distribution detector that was fitted to the fold's training speakers alone, as a
run fits it. A right answer of ``predictions.csv`` at or above its family's threshold is lost if the clip has a reason. Gain: sounds
that no voice made, among them kinds on which no limit was learnt, through every champion of the result and its own detector.
Nothing is chosen by it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from audio.non_speech import HELD_OUT, LEARNT, make
from benchmarks.learning_curve import RESULTS, read_dataset
from evaluation.dataset import Dataset
from features import INPUT_KINDS, Analysis
from leaderboard.best import REFERENCES
from metrics.predictions import emotions_in, read_predictions
from models.non_speech import non_speech_vectors
from models.ood import OODDetector, fit_ood_detector
from page.engine import Engine
from page.judgement import Reason, judge
from page.listen import listen
from page.measures import held_share
from runs.layout import RunFolder
from runs.manifest import read_manifest


def detector_for(dataset: Dataset, speakers: np.ndarray) -> OODDetector:
    """Return the detector that a run on the clips of some speakers would save."""
    rows = np.flatnonzero(np.isin(dataset.speakers, speakers))
    vectors = np.stack(dataset.inputs(INPUT_KINDS["functionals"], rows))
    non_speech = non_speech_vectors([dataset.clips[row].samples for row in rows])
    return fit_ood_detector(vectors, dataset.speakers[rows], non_speech=non_speech)


def reasons_of_unseen(dataset: Dataset) -> pd.Series:
    """Return the reasons of every clip, by its name, from detectors that know none of its speakers."""
    found: dict[str, tuple[Reason, ...]] = {}
    for fold, test in enumerate(dataset.folds.test_speakers):
        detector = detector_for(dataset, np.setdiff1d(dataset.speakers, test))
        limit = detector.speech_limit
        print(f"fold {fold}: limit {limit.score:.2f}, keeps {limit.kept_share:.1%}, catches {limit.caught_share:.1%}", flush=True)
        rows = np.flatnonzero(np.isin(dataset.speakers, test))
        for row, vector in zip(rows, dataset.inputs(INPUT_KINDS["functionals"], rows), strict=True):
            samples = dataset.clips[row].samples
            held = held_share(Analysis(samples))
            judgement = judge(samples, held=held, ood_score=detector.score(vector), ood_limit=limit.score)
            found[dataset.clips[row].name] = judgement.reasons
    return pd.Series(found)


def print_cost(reasons: pd.Series, results: Path) -> None:
    counts = Counter(reason for some in reasons for reason in some)
    shares = ", ".join(f"{reason} {n / len(reasons):.2%}" for reason, n in counts.most_common())
    print(f"{len(reasons)} clean clips of unseen speakers: {(reasons.str.len() > 0).mean():.2%} have a reason ({shares or 'none'})")
    predictions, thresholds = read_predictions(RunFolder(results).predictions), read_manifest(RunFolder(results).manifest).thresholds
    emotions = np.array(emotions_in(predictions))
    for family, rows in predictions[~predictions["family"].isin(REFERENCES)].groupby("family"):
        probabilities = rows[[f"p_{emotion}" for emotion in emotions]].to_numpy()
        is_right = emotions[probabilities.argmax(axis=1)] == rows["emotion"].to_numpy()
        is_sure = probabilities.max(axis=1) >= (thresholds.get(str(family)) or 0)
        is_judged = rows["clip"].isin(reasons.index).to_numpy()
        has_reason = rows["clip"].map(reasons).str.len().to_numpy() > 0
        right = is_right & is_sure & is_judged
        print(f"{family:>16}: {(right & has_reason).sum():4d} of {right.sum():4d} right and sure answers lost; ", end="")
        print(f"{(is_right & has_reason & is_judged).sum() / is_judged.sum():.2%} of all clips lose a right answer")


def print_gain(results: Path, *, n_each: int, detector: OODDetector | None) -> None:
    engine = Engine(results)
    if detector is not None:
        vars(engine)["_detector"] = (detector, "")
    for title, sounds in (("learnt on", LEARNT), ("held out", HELD_OUT)):
        print(f"non-speech, {title}:")
        for key, sound in sounds.items():
            found = [listen(engine, make(sound, seed=1000 + seed)) for seed in range(n_each)]
            n_sure = sum(any(not one.is_unsure for one in answer.predictions) for answer in found)
            reasons = Counter(reason for answer in found for reason in answer.reasons)
            print(f"{key:>22}: {n_sure} of {n_each} sure by any family; {', '.join(f'{one} {n}' for one, n in reasons.items())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of a finished run")
    parser.add_argument("--data", type=Path, help="where the corpus lies (default: EMOTUNE_DATA, else data/)")
    parser.add_argument("--sounds", type=int, default=5, metavar="N", help="of each kind of non-speech (%(default)s)")
    parser.add_argument("--refit", action="store_true", help="give the champions a detector fitted now, not the one of the result")
    options = parser.parse_args()
    dataset = read_dataset(read_manifest(RunFolder(options.results).manifest), options.data)
    print_cost(reasons_of_unseen(dataset), options.results)
    detector = detector_for(dataset, dataset.speakers) if options.refit else None
    print_gain(options.results, n_each=options.sounds, detector=detector)


if __name__ == "__main__":
    main()
