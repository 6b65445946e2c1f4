"""Export of the functionals: one row a clip, one named column a functional."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from features import get_input_kind
from search.runner import RunPlan, make_material, read_corpus
from search.screen import Screen

FEATURES_FILE = "features.csv"


def export_features(plan: RunPlan, screen: Screen) -> Path:
    """Write ``features.csv`` into the results folder and return its path.

    Columns: clip, speaker, emotion, fold, then every functional by name.
    """
    kind = get_input_kind("functionals")
    reading = read_corpus(plan, screen)
    material = make_material(plan, reading)
    with screen.progress("Computing functionals") as progress:
        material.store.prepare([kind], material.clips, n_jobs=plan.n_jobs, progress=progress)
    rows = np.arange(len(material.clips))
    table = pd.DataFrame(np.stack(material.inputs(kind, rows)), columns=list(kind.columns))
    table.insert(0, "clip", [clip.name for clip in material.clips])
    table.insert(1, "speaker", material.speakers)
    table.insert(2, "emotion", [clip.emotion for clip in material.clips])
    table.insert(3, "fold", material.fold_of_clip + 1)
    plan.folder.mkdir(parents=True, exist_ok=True)
    path = plan.folder / FEATURES_FILE
    temporary = path.with_suffix(".tmp")
    table.to_csv(temporary, index=False, float_format="%.6g")
    temporary.replace(path)
    return path
