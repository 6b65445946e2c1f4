"""Export of the functionals: one row a clip, one named column a functional."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from emotune.files import whole_file
from features import INPUT_KINDS
from search.plan import RunPlan
from search.progress import ConsoleReporter
from search.runner import make_dataset, read_corpus


def export_features(plan: RunPlan, reporter: ConsoleReporter) -> Path:
    """Write ``features.csv`` into the results folder and return its path.

    Columns: clip, speaker, emotion, fold, then every functional by name.
    """
    kind = INPUT_KINDS["functionals"]
    reading = read_corpus(plan, reporter)
    dataset = make_dataset(plan, reading)
    with reporter.progress("Computing functionals") as progress:
        dataset.store.prepare([kind], dataset.clips, n_jobs=plan.n_jobs, progress=progress)
    rows = np.arange(len(dataset.clips))
    table = pd.DataFrame(np.stack(dataset.inputs(kind, rows)), columns=list(kind.columns))
    table.insert(0, "clip", [clip.name for clip in dataset.clips])
    table.insert(1, "speaker", dataset.speakers)
    table.insert(2, "emotion", [clip.emotion for clip in dataset.clips])
    table.insert(3, "fold", dataset.fold_of_clip + 1)
    with whole_file(plan.run.features) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    return plan.run.features
