"""A small result of a run, made in seconds: three real champions of the synthetic corpus, and predictions made up beside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from audio.clip import Clip
from corpora.emotions import RAVDESS_EMOTIONS
from features import INPUT_KINDS, Analysis
from leaderboard.table import build_leaderboard, write_results
from models import FAMILIES, Examples, Family
from models.non_speech import non_speech_vectors
from models.ood import fit_ood_detector
from page.engine import Engine
from page.interface import build, launch_options
from page.results import Results
from runs.cards import Card, card_versions, member_spec
from runs.champions import Champion, load_champion, save_champion

OVERRIDES = {"linear": {"n_features": 300}, "random_forest": {"n_trees": 30}, "conv1d": {"n_epochs": 2, "n_filters": 32}}
SKILL = {"linear": 2.5, "random_forest": 1.8, "conv1d": 1.2, "dummy": 0.0}


def make_results(folder: Path, clips: Sequence[Clip]) -> Path:
    """Fill a folder as a run would, and return it."""
    analyses = [Analysis(clip.samples) for clip in clips]
    inputs = {kind: tuple(INPUT_KINDS[kind].extract(a) for a in analyses) for kind in ("functionals", "sequence")}
    board = build_leaderboard(made_up_predictions(clips), {"linear": {"random_split_accuracy": 0.81, "predict_ms_per_clip": 4.5}})
    write_results(folder, board=board, predictions=made_up_predictions(clips))
    scores = board.set_index("family")[["uar"]].to_dict("index")
    for key, overrides in OVERRIDES.items():
        save_family(folder / "models" / key, clips, inputs[FAMILIES[key].input_kind], overrides, scores=scores[key])
    speakers = np.array([clip.speaker for clip in clips])
    non_speech = non_speech_vectors([clip.samples for clip in clips])
    fit_ood_detector(np.stack(inputs["functionals"]), speakers, non_speech=non_speech).save(folder / "ood.npz")
    run = {"corpus": "synthetic", "title": "Synthetic clips", "is_real": False, "thresholds": {"linear": 0.3}}
    (folder / "run.json").write_text(json.dumps(run))
    return folder


def save_family(
    folder: Path, clips: Sequence[Clip], inputs: tuple[np.ndarray, ...], overrides: dict[str, Any], *, scores: dict[str, float]
) -> None:
    """Fit a family with little effort and save it as a champion."""
    family, kind = FAMILIES[folder.name], INPUT_KINDS[FAMILIES[folder.name].input_kind]
    config = {**family.defaults, **overrides, "augmentation": "none"}
    model = family.fit(as_examples(clips, inputs), config, seed=0)
    card = replace(make_card(family, config, scores=scores), input_fingerprint=kind.fingerprint, input_spec=dict(kind.spec))
    save_champion(folder, Champion(card, model), golden_inputs=inputs[:2])


def save_ensemble(folder: Path, clips: Sequence[Clip], members: Sequence[str]) -> None:
    """Pool champions that lie beside it, and save the pool as one."""
    family, analyses = FAMILIES[folder.name], [Analysis(clip.samples) for clip in clips]
    champions = [load_champion(folder.parent / key) for key in members]
    predictions = tuple(np.stack([champion.predict(analyses) for champion in champions], axis=1))
    model = family.fit(as_examples(clips, predictions), family.defaults, seed=0)
    spec, fingerprint = member_spec(folder.parent, members)
    card = make_card(family, {**family.defaults, "member_keys": list(members)}, scores={"uar": 0.8})
    card = replace(card, input_fingerprint=fingerprint, input_spec=spec)
    save_champion(folder, Champion(card, model), golden_inputs=predictions[:2])


def make_card(family: Family, config: dict[str, Any], *, scores: dict[str, float]) -> Card:
    return Card(
        family=family.key,
        title=family.title,
        corpus="synthetic",
        licence="MIT",
        is_real=False,
        emotions=RAVDESS_EMOTIONS,
        config=config,
        input_kind=family.input_kind,
        input_fingerprint="",
        input_spec={},
        temperature=1.0,
        scores=scores,
        seed=0,
        versions=card_versions(),
        files={},
    )


def as_examples(clips: Sequence[Clip], inputs: tuple[np.ndarray, ...]) -> Examples:
    return Examples(
        inputs,
        np.array([RAVDESS_EMOTIONS.index(clip.emotion) for clip in clips]),
        np.array([clip.speaker for clip in clips]),
        np.arange(len(clips)),
        np.ones(len(clips), dtype=bool),
        {clip.speaker: clip.gender for clip in clips},
        len(RAVDESS_EMOTIONS),
    )


def made_up_predictions(clips: Sequence[Clip]) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    folds = {speaker: fold for fold, speaker in enumerate(sorted({clip.speaker for clip in clips}))}
    keys = pd.DataFrame(
        [(c.name, c.speaker, folds[c.speaker], "AB"[folds[c.speaker] % 2], c.emotion) for c in clips],
        columns=["clip", "speaker", "fold", "half", "emotion"],
    )
    tables = []
    for family, skill in SKILL.items():
        logits = rng.normal(size=(len(clips), len(RAVDESS_EMOTIONS)))
        logits[np.arange(len(clips)), [RAVDESS_EMOTIONS.index(c.emotion) for c in clips]] += skill
        probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        columns = [f"p_{emotion}" for emotion in RAVDESS_EMOTIONS]
        tables.append(keys.assign(family=family).join(pd.DataFrame(probabilities, columns=columns)))
    return pd.concat(tables, ignore_index=True)


@pytest.fixture(scope="session")
def results(shared_folder: Path, synthetic_clips: tuple[Clip, ...]) -> Path:
    """The results' folder, which the first process in need of it makes; treat it as read-only."""
    folder = shared_folder / "results" / "synthetic"
    with FileLock(shared_folder / "results.making"):
        return folder if (folder / "run.json").exists() else make_results(folder, synthetic_clips)


@pytest.fixture(scope="session")
def only_result(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The results' folder alone, whatever else lies on this machine."""
    nowhere = tmp_path_factory.mktemp("nowhere")
    return Results(results, own=nowhere, shipped=nowhere)


@pytest.fixture(scope="session")
def engine(only_result: Results) -> Engine:
    """Linear, random forest and 1D CNN, loaded."""
    engine = only_result.engine()
    engine.warm_up().join()
    return engine


@pytest.fixture(scope="session")
def page_url(only_result: Results, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the page, served by this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        page = build(only_result)
        _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
        yield url
        page.close()


@pytest.fixture
def copied_results(results: Path, tmp_path: Path) -> Path:
    """A copy of the results' folder to damage."""
    return Path(shutil.copytree(results, tmp_path / "synthetic"))


@pytest.fixture(scope="session")
def clip(synthetic_clips: tuple[Clip, ...]) -> np.ndarray:
    """Samples of an angry clip."""
    return next(clip.samples for clip in synthetic_clips if clip.emotion == "angry")
