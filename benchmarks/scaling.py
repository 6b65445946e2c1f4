"""Print what a search costs as its clips grow: ``python -m benchmarks.scaling --data DIR``.

Sizes beyond RAVDESS's are its clips again under new names and new speakers' names. Everything runs on one core. A line has, for a
number of clips, the time to extract the handmade features of one, the time of one trial of each family with its defaults and features
at hand, in all and per clip, the size of the file that processes share, and the largest memory that this process has had.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from emotune.threads import SINGLE_THREADED

os.environ |= SINGLE_THREADED

import numpy as np

from audio.clip import Clip
from benchmarks.search import HALF, part_of_ravdess
from evaluation.dataset import Dataset
from evaluation.folds import make_folds
from evaluation.objective import disturbance_of
from features import INPUT_KINDS
from features.store import FeatureStore
from models import FAMILIES
from search.sharing import share
from search.study_plan import StudyPlan
from search.trial import score_config

N_EXTRACTED = 120
"""Clips whose extraction is timed, evenly chosen."""


def grown(dataset: Dataset, n_clips: int) -> Dataset:
    """Return a dataset of so many clips: some of those that there are, or all of them again under new names."""
    if n_clips <= len(dataset.clips):
        clips = tuple(dataset.clips[k] for k in np.linspace(0, len(dataset.clips) - 1, n_clips).astype(int))
    else:
        clips = tuple(renamed(dataset.clips[k % len(dataset.clips)], k // len(dataset.clips)) for k in range(n_clips))
    folds = make_folds({clip.speaker: clip.gender for clip in clips})
    return Dataset(clips, dataset.emotions, folds, dataset.store)


def renamed(clip: Clip, copy: int) -> Clip:
    """Return a clip under another name, by another speaker."""
    return replace(clip, name=f"{clip.name}-{copy}", speaker=f"{clip.speaker}-{copy}")


def extraction_seconds(dataset: Dataset) -> float:
    """Return the mean time to extract the handmade features of a clip."""
    kinds = [kind for kind in INPUT_KINDS.values() if kind.is_handmade]
    clips = [dataset.clips[k] for k in np.linspace(0, len(dataset.clips) - 1, N_EXTRACTED).astype(int)]
    with tempfile.TemporaryDirectory() as folder:
        store = FeatureStore(Path(folder), kinds)
        store.fetch(kinds[0], clips[0])  # what the first extraction imports
        started = time.monotonic()
        for clip in clips[1:]:
            store.fetch(kinds[0], clip)
        return (time.monotonic() - started) / (len(clips) - 1)


def trial_seconds(key: str, dataset: Dataset) -> float:
    """Return the time of one trial with a family's defaults, without augmentation, its features at hand."""
    family = FAMILIES[key]
    config = {**family.defaults, "augmentation": "none"}
    kind = INPUT_KINDS[family.input_kind]
    dataset.store.prepare([kind], dataset.clips, n_jobs=2)
    for clip in dataset.clips:
        dataset.store.fetch(kind, clip, disturbance_of(clip))
    started = time.monotonic()
    score_config(family, config, StudyPlan(key, HALF, 1, 0), dataset)
    return time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, metavar="DIR", help="where RAVDESS lies")
    parser.add_argument("--sizes", type=int, nargs="+", default=[240, 480, 960, 1440, 14_400])
    parser.add_argument("--families", default="linear,xgboost,conv1d", metavar="A,B")
    chosen = parser.parse_args()
    keys = chosen.families.split(",")
    print(
        f"{'clips':>7} {'extract ms':>10} "
        + " ".join(f"{key + ' s':>10} {'ms/clip':>8}" for key in keys)
        + f" {'shared MB':>9} {'RSS MB':>7}"
    )
    with tempfile.TemporaryDirectory() as folder:
        everything = replace(part_of_ravdess(chosen.data, every=1), store=FeatureStore(Path(folder)))
        for size in chosen.sizes:
            dataset = grown(everything, size)
            seconds = [trial_seconds(key, dataset) for key in keys]
            shared_mb = share(dataset).arrays.stat().st_size / 1e6
            peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            trials = " ".join(f"{one:10.1f} {1000 * one / size:8.2f}" for one in seconds)
            print(f"{size:7} {1000 * extraction_seconds(dataset):10.1f} {trials} {shared_mb:9.0f} {peak_mb:7.0f}", flush=True)


if __name__ == "__main__":
    main()
