"""Print what knowing the speaker gives a result: ``python -m benchmarks.adaptation --results leaderboard/shipped/ravdess``.

Of a run that recorded its constants they are taken, so the figures are those of its ``adaptation.csv``. An older one kept no inner
predictions: each fold's constants are then learnt on the out-of-fold predictions of the half that tuned for it, so of other speakers,
though by models that had met the tested ones. ``--default`` shows what the default constants give. Nothing is chosen by it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd

from evaluation import streams
from evaluation.adaptation import Adaptations
from evaluation.adaptation_fit import learn_adaptation
from evaluation.voices import Adaptation
from leaderboard.adapted import WORDS, adaptation_table, of_all_clips
from leaderboard.table import SUBSET
from metrics.predictions import arrays, as_written, emotions_in, read_predictions
from runs.layout import SHIPPED, RunFolder
from runs.manifest import read_manifest

RESULTS = SHIPPED / "ravdess"
FLOORS = {
    ("ensemble", streams.RANDOM, "uar"): (0.82, 0.86),
    ("ensemble", streams.SKEWED, "gain"): (0.02, 0.04),
    ("ensemble", streams.TWO_EMOTIONS, "gain"): (-0.005, 0.0),
    ("ensemble", streams.ONE_EMOTION, "gain"): (-0.03, -0.01),
    ("ensemble", streams.NEUTRAL, "uar"): (0.805, 0.82),
}
"""What a result on RAVDESS must reach, and what it should."""


def learnt_on_the_other_half(predictions: pd.DataFrame) -> Adaptations:
    """Return constants of each fold, learnt on the folds of the half that tuned what it is tested on."""
    tidy = as_written(predictions).sort_values("clip", ignore_index=True)
    (targets, probabilities), speakers = arrays(tidy), tidy["speaker"].to_numpy(str)
    half_of_fold = {int(fold): str(half) for fold, half in zip(tidy["fold"], tidy["half"], strict=True)}
    learnt = {}
    for half in set(half_of_fold.values()):
        # `half` is the half that tuned; what it tuned is tested on the other one.
        rows = np.flatnonzero(tidy["half"] != half)
        learnt[half] = learn_adaptation(probabilities[rows], targets[rows], speakers[rows], emotions=emotions_in(tidy))
    by_fold = {fold - 1: learnt[half] for fold, half in half_of_fold.items()}
    return Adaptations(learn_adaptation(probabilities, targets, speakers, emotions=emotions_in(tidy)), by_fold)


def default_constants(predictions: pd.DataFrame) -> Adaptations:
    shipped = Adaptation.default(emotions_in(predictions))
    return Adaptations(shipped, {int(fold) - 1: shipped for fold in predictions["fold"].unique()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of a run")
    parser.add_argument("--families", default="", metavar="A,B", help="which families (all)")
    parser.add_argument("--default", action="store_true", help="with the default constants")
    options = parser.parse_args()
    run = RunFolder(options.results)
    manifest, predictions = read_manifest(run.manifest), read_predictions(run.predictions)
    seed = manifest.seed or 0
    tables = []
    for family in options.families.split(",") if options.families else predictions["family"].unique():
        rows = predictions[predictions["family"] == family]
        started = time.perf_counter()
        if options.default:
            found = default_constants(rows)
        elif family in manifest.adaptation:
            found = Adaptations.from_json(manifest.adaptation[family])
        else:
            found = learnt_on_the_other_half(rows)
        learnt = time.perf_counter()
        table = of_all_clips(adaptation_table(rows, found, seed=seed)).drop(columns=SUBSET)
        tables.append(table)
        print(f"{family}: constants {learnt - started:.1f} s, table {time.perf_counter() - learnt:.1f} s")
        for row in table.itertuples(index=False):
            none, uar, low, high, gain, worst, best = (100 * float(value) for value in row[2:])
            print(f"  {WORDS[str(row.known)]:28} {none:5.1f} -> {uar:5.1f} [{low:.1f}, {high:.1f}]", end="")
            print(f"  {gain:+5.1f} [{worst:+.1f}, {best:+.1f}]")
    everything = pd.concat(tables).set_index(["family", "known"])
    for (family, known, figure), (floor, aim) in FLOORS.items():
        if (family, known) in everything.index:
            value = float(str(everything.loc[(family, known), figure]))
            said = "reached" if value >= aim else "above the floor" if value >= floor else "MISSED"
            print(f"{family}, {WORDS[known]}: {figure} {100 * value:.1f}, floor {100 * floor:.1f}, aim {100 * aim:.1f}: {said}")


if __name__ == "__main__":
    main()
