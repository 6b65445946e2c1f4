"""Print what constants of an adaptation give on inner speakers: ``python -m benchmarks.adaptation_constants --results DIR``.

Constants that the run learnt on the inner predictions of one fold are tried on those of another fold that has none of these speakers
(or corpora, where corpora are left out). ``--constant caution --values 1,2,4`` tries values of one. Test clips are never looked at.
The folder must be that of a run, whose evaluations are kept in ``work/``; shipped results lack them.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotune.errors import PredictionsError
from evaluation.adaptation import Adaptations
from evaluation.streams import Speech, draw_streams
from evaluation.voices import Adaptation
from metrics.calibration import apply_temperature, fit_temperature
from metrics.predictions import arrays, read_predictions
from metrics.scores import among, uar
from runs.layout import RESULTS, RunFolder
from runs.manifest import read_manifest

TRIED = ("caution", "prior_weight")
N_REPEATS = 2


@dataclass(frozen=True, eq=False)
class Inner:
    """Calibrated inner predictions of one fold, and the constants that they taught."""

    speakers: NDArray[np.str_]
    targets: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    adaptation: Adaptation


def read_inner(run: RunFolder, family: str) -> list[Inner]:
    """Return those of every fold."""
    predictions = read_predictions(run.predictions)
    rows = predictions[predictions["family"] == family].sort_values("clip", ignore_index=True)
    targets, _ = arrays(rows)
    speakers, learnt = rows["speaker"].to_numpy(str), read_manifest(run.manifest).adaptation.get(family)
    if learnt is None:
        raise PredictionsError(f"{run.manifest} must hold constants of the family, got none of {family}; run the search.")
    found = []
    for fold, adaptation in sorted(Adaptations.from_json(learnt).by_fold.items()):
        kept = sorted(run.work.glob(f"{family}-held_out-{fold}-*.npz"), key=lambda path: path.stat().st_mtime)
        if not kept:
            raise PredictionsError(f"{run.work} must hold evaluations of {family}, got none of fold {fold + 1}; run the search.")
        with np.load(kept[-1], allow_pickle=False) as of_fold:
            inner, probabilities = of_fold["inner_rows"], of_fold["inner_probabilities"]
        calibrated = apply_temperature(probabilities, fit_temperature(probabilities, targets[inner]))
        found.append(Inner(speakers[inner], targets[inner], calibrated, adaptation))
    return found


def gains(inner: list[Inner], constant: dict[str, Any]) -> dict[str, float]:
    """Return by how many points UAR rises, by what is known, a mean over the pairs of folds without a common inner speaker."""
    found: dict[str, list[float]] = {}
    for tested in inner:
        emotions = tested.adaptation.emotions
        speech = Speech(tested.targets, tested.speakers, len(emotions))
        drawn = draw_streams(speech, emotions, seed=0, n_repeats=N_REPEATS)
        for taught in inner:
            if set(taught.speakers) & set(tested.speakers):
                continue
            adaptation = replace(taught.adaptation, **constant)
            for known, streams in drawn.items():
                adapted = streams.adapted(adaptation, tested.probabilities, tested.targets)
                truth = tested.targets[streams.tested]
                present = np.unique(truth)
                both = (among(one, present) for one in (adapted, tested.probabilities[streams.tested]))
                with_voice, without = (100 * uar(np.searchsorted(present, truth), one) for one in both)
                found.setdefault(known, []).append(with_voice - without)
    return {known: float(np.mean(values)) for known, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS / "ravdess", help="folder of a run, with its work/")
    parser.add_argument("--families", default="linear,xgboost", metavar="A,B", help="which families (%(default)s)")
    parser.add_argument("--constant", choices=TRIED, default=TRIED[0], help="which constant to try (%(default)s)")
    parser.add_argument("--values", default="1,2,4", metavar="X,Y", help="its values (%(default)s)")
    options = parser.parse_args()
    for family in options.families.split(","):
        inner = read_inner(RunFolder(options.results), family)
        for value in map(float, options.values.split(",")):
            found = gains(inner, {options.constant: value})
            print(f"{family:14}{options.constant} {value:g}: ", ", ".join(f"{known} {gain:+.1f}" for known, gain in found.items()))


if __name__ == "__main__":
    main()
