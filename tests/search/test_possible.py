"""What needs more people or emotions than the recordings have is left out: families with a sentence, before anything is trained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audio.clip import Clip
from corpora import CORPORA, Reading
from corpora.synthetic import Synthetic
from emotune.errors import RunError
from evaluation.dataset import Dataset
from evaluation.folds import folds_over_corpora, make_folds
from evaluation.jobs import EvaluationJob, Split
from features.store import FeatureStore
from models import FAMILIES
from search.plan import RunPlan
from search.possible import can_be_made, fewest_training_speakers, keep_possible
from search.runner import run
from tests.fixtures.small_run import silent_reporter
from tests.fixtures.whole_command import OneProcess


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


def in_two_corpora(clips: tuple[Clip, ...], how: str) -> tuple[Clip, ...]:
    """Return the clips of six speakers as corpora a and b."""
    speakers, emotions = sorted({clip.speaker for clip in clips}), sorted({clip.emotion for clip in clips})
    found = []
    for clip in clips:
        speaker, emotion = speakers.index(clip.speaker), emotions.index(clip.emotion)
        is_in_b = {
            "the same people": (speaker + emotion) % 2,
            "no emotion in both": emotion % 2,
            "one emotion in a": speaker > 1,
            "one speaker in a": speaker > 0,
        }[how]
        if is_in_b or how != "one emotion in a" or emotion == 0:
            found.append(replace(clip, corpus="b" if is_in_b else "a"))
    return tuple(found)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("the same people", {"a": False, "b": False}),
        ("no emotion in both", {"a": False, "b": False}),
        ("one emotion in a", {"a": False, "b": False}),
        ("one speaker in a", {"a": False, "b": True}),
    ],
)
def test_of_one_corpus_a_model_needs_two_speakers_and_two_emotions_that_others_show(
    small_corpus: Synthetic, tmp_path: Path, how: str, expected: dict[str, bool]
) -> None:
    reading = Reading(in_two_corpora(small_corpus.read().clips, how))
    folds = folds_over_corpora(reading.speakers_by_corpus, published={})
    dataset = Dataset(reading.clips, reading.emotions, folds, FeatureStore(tmp_path))
    jobs = [EvaluationJob("linear", Split.OTHER_CORPORA, number, {}, seed=0) for number in range(2)]
    assert {dataset.corpora[job.fold]: can_be_made(job, dataset) for job in jobs} == expected


def test_a_run_goes_where_nobody_is_in_one_corpus_alone(
    small_corpus: Synthetic, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Reading(in_two_corpora(small_corpus.read().clips, "the same people"))
    monkeypatch.setattr(Synthetic, "read", lambda *_, **__: both)
    monkeypatch.setattr("search.runner.WorkerPool", OneProcess)
    plan = replace(planned(tmp_path / "run", "dummy", "linear"), cache=cache)
    assert set(run(plan, silent_reporter())["family"]) == {"dummy", "linear"}
    assert not plan.run.cross_corpus.exists()
