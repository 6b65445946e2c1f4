"""Print what knowing the speaker gives a result: ``python -m benchmarks.adaptation --results leaderboard/shipped/ravdess``.

The constants are those that the run recorded, so the figures are those of its ``adaptation.csv``. ``--default`` shows what the
default constants give, which also stand for those of a family that recorded none. Nothing is chosen by it.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import pandas as pd

from evaluation import streams
from evaluation.adaptation import Adaptations
from evaluation.voices import Adaptation
from leaderboard.adapted import WORDS, adaptation_table, of_all_clips
from leaderboard.table import SUBSET
from metrics.predictions import emotions_in, read_predictions
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
        is_recorded = family in manifest.adaptation and not options.default
        found = Adaptations.from_json(manifest.adaptation[family]) if is_recorded else default_constants(rows)
        table = of_all_clips(adaptation_table(rows, found, seed=seed)).drop(columns=SUBSET)
        tables.append(table)
        print(f"{family}: {time.perf_counter() - started:.1f} s")
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
