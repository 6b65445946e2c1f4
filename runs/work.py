"""What a run continues from: evaluations and last fits, each in a file of its own, named by everything that determines it."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from emotune.files import remove, short_hash, whole_file, whole_folder
from evaluation.held_out import FoldPredictions
from evaluation.jobs import ChampionJob, EvaluationJob, Job, Split
from models import FAMILIES, Model
from runs.layout import RunFolder

UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
PERTURBED = "perturbed_"
BESIDE = ("inner", "training")
"""Predictions that a held-out evaluation makes besides those of its test clips."""


@dataclass(frozen=True)
class WorkFolder:
    """The evaluations and fits of a run.

    Attributes
    ----------
    run : RunFolder
        Whose.
    """

    run: RunFolder

    def path(self, job: Job) -> Path:
        """Return where the outcome of a job lies, or would lie."""
        digest = short_hash([dict(job.config), job.seed, job.conditions, str(job.budget)])
        kind = f"{job.split}-{job.fold}-{digest}.npz" if isinstance(job, EvaluationJob) else f"champion-{digest}"
        return self.run.work / f"{job.family}-{kind}"

    def has(self, job: Job) -> bool:
        """Return whether the outcome of a job is here and readable."""
        if isinstance(job, ChampionJob):
            return self.path(job).is_dir()
        return self.read(job) is not None

    def read(self, job: EvaluationJob) -> FoldPredictions | None:
        """Return the kept predictions of a job; None if there are none or their file was cut short."""
        try:
            with self.path(job).open("rb") as file, np.load(file, allow_pickle=False) as kept:
                perturbed = {key.removeprefix(PERTURBED): kept[key] for key in kept.files if key.startswith(PERTURBED)}
                beside = {
                    name: FoldPredictions(kept[f"{name}_rows"], kept[f"{name}_probabilities"], {}, 0.0)
                    for name in BESIDE
                    if f"{name}_rows" in kept.files
                }
                return FoldPredictions(kept["rows"], kept["probabilities"], perturbed, float(kept["fit_seconds"]), **beside)
        except UNREADABLE:
            return None

    def write(self, job: EvaluationJob, predictions: FoldPredictions) -> None:
        """Keep the predictions of a job."""
        arrays = {
            "rows": predictions.rows,
            "probabilities": predictions.probabilities,
            "fit_seconds": np.array(predictions.fit_seconds),
            **{f"{PERTURBED}{name}": array for name, array in predictions.perturbed.items()},
        }
        for name in BESIDE:
            if one := getattr(predictions, name):
                arrays |= {f"{name}_rows": one.rows, f"{name}_probabilities": one.probabilities}
        with whole_file(self.path(job)) as temporary:
            np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]

    def write_model(self, job: ChampionJob, model: Model) -> None:
        """Keep the weights of a last fit."""
        with whole_folder(self.path(job)) as temporary:
            FAMILIES[job.family].save(model, temporary)

    def pack(self, job: Job) -> Path:
        """Return the outcome of a job as one file: what is kept of an evaluation, an archive beside the weights of a last fit."""
        if isinstance(job, EvaluationJob):
            return self.path(job)
        return Path(shutil.make_archive(str(self.path(job)), "zip", self.path(job)))

    def unpack(self, job: Job, packed: BinaryIO) -> bool:
        """Keep the outcome of a job that :meth:`pack` made elsewhere; return whether it is readable."""
        try:
            if isinstance(job, EvaluationJob):
                with whole_file(self.path(job)) as file, file.open("wb") as target:
                    shutil.copyfileobj(packed, target)
            else:
                with whole_folder(self.path(job)) as folder, zipfile.ZipFile(BytesIO(packed.read())) as archive:
                    archive.extractall(folder)
        except zipfile.BadZipFile:
            return False
        return self.has(job)

    def forget(self, family: str) -> None:
        """Remove everything that is kept of a family."""
        for path in self.run.work.glob(f"{family}-*"):
            if path.name.removeprefix(f"{family}-").split("-")[0] in KINDS:
                remove(path)


KINDS = ("champion", *Split)
