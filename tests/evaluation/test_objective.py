"""What tuning maximises: clean inner clips, or clean and disturbed ones alike."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from evaluation.dataset import Dataset
from evaluation.objective import QUICK_SHARE, TUNING_SET, Objective, disturbance_of, inner_score, some_of_each
from features import INPUT_KINDS
from features.store import FeatureStore
from models import FAMILIES
from search.study_plan import StudyPlan
from search.trial import score_config

KIND = INPUT_KINDS["functionals"]


class Certain:
    """Is right about clean clips and wrong about disturbed ones."""

    def __init__(self, dataset: Dataset, rows: np.ndarray) -> None:
        self._targets, self._clean = dataset.targets[rows], len(rows)
        self._n_emotions, self.n_calls = len(dataset.emotions), 0
        self.n_inputs: list[int] = []

    def predict(self, inputs: list[np.ndarray]) -> np.ndarray:
        self.n_calls += 1
        self.n_inputs.append(len(inputs))
        if self.n_calls == 1:
            return np.eye(self._n_emotions)[self._targets]
        return np.full((len(inputs), self._n_emotions), 1 / self._n_emotions)


def score(dataset: Dataset, **kwargs: object) -> tuple[float, Certain]:
    rows = dataset.rows_in([0])
    model = Certain(dataset, rows)
    return inner_score(model, KIND, rows, dataset, **kwargs), model


def test_everyday_is_the_mean_of_clean_and_disturbed_and_clean_is_clean(dataset: Dataset) -> None:
    everyday, model = score(dataset, objective=Objective.EVERYDAY)
    assert everyday == pytest.approx((1 + 1 / 8) / 2)
    assert model.n_inputs[0] == model.n_inputs[1]
    clean, model = score(dataset, objective=Objective.CLEAN)
    assert clean == 1
    assert model.n_calls == 1


def test_a_quick_look_disturbs_some_clips_of_every_emotion(larger_dataset: Dataset) -> None:
    rows = larger_dataset.all_rows()
    some = some_of_each(rows, larger_dataset)
    assert set(larger_dataset.targets[some]) == set(larger_dataset.targets)
    assert len(some) == pytest.approx(len(rows) / QUICK_SHARE, rel=0.1)
    _, model = score(larger_dataset, objective=Objective.EVERYDAY, is_quick=True)
    assert model.n_inputs[1] < model.n_inputs[0]


def test_a_clip_is_always_disturbed_alike_and_all_disturbances_occur(dataset: Dataset) -> None:
    drawn = Counter(disturbance_of(clip).key for clip in dataset.clips)
    assert drawn == Counter(disturbance_of(clip).key for clip in dataset.clips)
    assert len(drawn) == len(TUNING_SET) == len({one.key for one in TUNING_SET})


def test_a_model_that_answers_with_nan_is_no_model(dataset: Dataset) -> None:
    class Broken:
        def predict(self, inputs: list[np.ndarray]) -> np.ndarray:
            return np.full((len(inputs), 8), np.nan)

    with pytest.raises(FloatingPointError, match="NaN"):
        inner_score(Broken(), KIND, dataset.rows_in([0]), dataset, objective=Objective.CLEAN)


def test_a_clean_study_never_disturbs_a_clip(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    honest = FeatureStore.fetch

    def spy(self, kind, clip, *variant):
        asked.extend(one.augmentation for one in variant)
        return honest(self, kind, clip, *variant)

    monkeypatch.setattr(FeatureStore, "fetch", spy)
    family = FAMILIES["linear"]
    config = {**family.defaults, "augmentation": "none"}
    score_config(family, config, StudyPlan("linear", "A", 1, 0, objective=Objective.CLEAN), dataset)
    assert set(asked) == {"none"}
    score_config(family, config, StudyPlan("linear", "A", 1, 0), dataset)
    assert set(asked) > {"none"}
