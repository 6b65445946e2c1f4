"""Families that need more people than the recordings have are left out with a sentence, before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio.clip import Clip
from corpora import CORPORA
from emotune.errors import RunError
from evaluation.dataset import Dataset
from evaluation.folds import make_folds
from features.store import FeatureStore
from models import FAMILIES
from search.plan import RunPlan
from search.possible import fewest_training_speakers, keep_possible


def of_speakers(clips: tuple[Clip, ...], n: int, folder: Path) -> Dataset:
    kept = sorted({clip.speaker for clip in clips})[:n]
    chosen = tuple(clip for clip in clips if clip.speaker in kept)
    genders = {clip.speaker: clip.gender for clip in chosen}
    return Dataset(chosen, CORPORA["synthetic"].emotions, make_folds(genders), FeatureStore(folder))


def planned(folder: Path, *keys: str) -> RunPlan:
    families = tuple(FAMILIES[key] for key in keys)
    return RunPlan(corpus=CORPORA["synthetic"], families=families, n_trials=1, folder=folder, data=None)


@pytest.mark.parametrize(("n_speakers", "fewest"), [(4, 1), (5, 1), (6, 2)])
def test_a_trial_learns_from_a_half_without_its_test_speaker(
    synthetic_clips: tuple[Clip, ...], tmp_path: Path, n_speakers: int, fewest: int
) -> None:
    assert fewest_training_speakers(of_speakers(synthetic_clips, n_speakers, tmp_path)) == fewest


def test_networks_are_left_out_where_nobody_is_left_to_stop_early_on(synthetic_clips: tuple[Clip, ...], tmp_path: Path) -> None:
    said: list[str] = []
    plan = planned(tmp_path, "linear", "conv1d", "cnn2d", "ensemble")
    found = keep_possible(plan, of_speakers(synthetic_clips, 4, tmp_path), say=said.append)
    assert [family.key for family in found.families] == ["linear", "ensemble"]
    assert len(said) == 1
    assert said[0].startswith("conv1d, cnn2d cannot be tuned")


def test_nothing_but_networks_is_refused(synthetic_clips: tuple[Clip, ...], tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"conv1d cannot be tuned.*six or more"):
        keep_possible(planned(tmp_path, "conv1d"), of_speakers(synthetic_clips, 5, tmp_path), say=print)


def test_six_speakers_are_enough_for_every_family(synthetic_clips: tuple[Clip, ...], tmp_path: Path) -> None:
    said: list[str] = []
    plan = planned(tmp_path, *FAMILIES)
    assert keep_possible(plan, of_speakers(synthetic_clips, 6, tmp_path), say=said.append) is plan
    assert said == []
