from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from corpora.synthetic import Synthetic
from evaluation.dataset import Dataset
from evaluation.folds import make_folds
from features.store import FeatureStore
from metrics.predictions import read_predictions
from models import FAMILIES
from search.progress import ConsoleReporter
from search.runner import RunPlan, run


def silent_reporter() -> ConsoleReporter:
    return ConsoleReporter(Console(quiet=True))


@dataclass(frozen=True)
class FinishedRun:
    plan: RunPlan
    board: pd.DataFrame
    predictions: pd.DataFrame


@pytest.fixture(scope="session")
def small_corpus() -> Synthetic:
    return Synthetic(n_speakers=6, n_sentences=1, n_takes=2)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def dataset(small_corpus: Synthetic, cache: Path) -> Dataset:
    clips = small_corpus.read().clips
    folds = make_folds({clip.speaker: clip.gender for clip in clips})
    return Dataset(clips, small_corpus.emotions, folds, FeatureStore(cache))


@pytest.fixture(scope="session")
def finished_run(small_corpus: Synthetic, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    plan = RunPlan(
        corpus=small_corpus,
        families=tuple(FAMILIES[key] for key in ("dummy", "linear", "random_forest", "ensemble")),
        n_trials=3,
        folder=tmp_path_factory.mktemp("run"),
        data=None,
        cache=cache,
    )
    board = run(plan, silent_reporter())
    return FinishedRun(plan, board, read_predictions(plan.folder / "predictions.csv"))
