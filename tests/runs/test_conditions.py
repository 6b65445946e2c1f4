"""One function says whether results were made under the same conditions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from emotune.files import PROJECT_ROOT
from evaluation.dataset import Dataset
from evaluation.objective import Objective
from features import INPUT_KINDS
from features.store import LIBRARIES
from models import FAMILIES
from runs.conditions import conditions_of, differences, protocol_sources, read_conditions


def test_the_same_conditions_do_not_differ(dataset: Dataset) -> None:
    first, second = (conditions_of(FAMILIES["linear"], dataset, seed=3) for _ in range(2))
    assert differences(first, second) == ()
    assert first.digest == second.digest


@pytest.mark.parametrize("name", ["data", "folds", "features", "code", "protocol", "objective", "codecs"])
def test_what_differs_is_named_with_both_values(dataset: Dataset, name: str) -> None:
    now = conditions_of(FAMILIES["linear"], dataset, seed=3)
    (found,) = differences(replace(now, **{name: "another"}), now)
    assert "another instead of" in found
    assert getattr(now, name) in found
    assert replace(now, **{name: "another"}).digest != now.digest


def test_another_library_version_is_named(dataset: Dataset) -> None:
    now = conditions_of(FAMILIES["linear"], dataset, seed=3)
    (found,) = differences(replace(now, libraries={**now.libraries, "keras": "2.9"}), now)
    assert found == f"keras 2.9 instead of {now.libraries['keras']}"


def test_the_libraries_of_a_familys_input_and_of_its_search_count(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("runs.conditions.library_versions", lambda more: asked.append(set(more)) or {})
    for key in ("linear", "egemaps", "ensemble"):
        conditions_of(FAMILIES[key], dataset, seed=3)
    assert asked == [{*LIBRARIES, "optuna"}, {*LIBRARIES, *INPUT_KINDS["egemaps"].libraries, "optuna"}, {"optuna"}]


@pytest.mark.parametrize(
    "module",
    [
        *("models/speakers", "metrics/scores", "metrics/calibration", "metrics/abstention"),
        *("evaluation/folds", "evaluation/jobs", "evaluation/robustness", "evaluation/voices"),
        *("search/trial", "search/racing"),
    ],
)
def test_the_protocol_holds_what_decides_a_score(module: str) -> None:
    assert PROJECT_ROOT / f"{module}.py" in protocol_sources()


def test_the_protocol_holds_no_code_of_a_family() -> None:
    assert {path.parent.name for path in protocol_sources()} == {"evaluation", "metrics", "models", "search"}
    assert [path.name for path in protocol_sources() if path.parent.name == "models"] == ["speakers.py"]


def test_a_seed_and_families_of_other_code_differ(dataset: Dataset) -> None:
    linear, forest = (conditions_of(FAMILIES[key], dataset, seed=3) for key in ("linear", "random_forest"))
    assert linear.code != forest.code
    assert differences(linear, replace(linear, seed=4)) == ("seed 3 instead of 4",)


def test_another_objective_is_another_condition_unless_there_is_nothing_to_tune(dataset: Dataset) -> None:
    for key, expected in (("linear", ("objective everyday instead of clean",)), ("dummy", ())):
        everyday, clean = (conditions_of(FAMILIES[key], dataset, seed=3, objective=one) for one in Objective)
        assert differences(everyday, clean) == expected


def test_conditions_that_were_not_recorded_are_never_the_same(dataset: Dataset) -> None:
    assert differences(read_conditions("not recorded"), conditions_of(FAMILIES["dummy"], dataset, seed=0))
