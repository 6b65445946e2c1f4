"""One function says whether results were made under the same conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from emotune.files import PROJECT_ROOT
from evaluation.dataset import Dataset
from evaluation.objective import Objective
from features import INPUT_KINDS
from features.store import LIBRARIES
from models import FAMILIES
from runs.conditions import (
    ADAPTING_MODULES,
    EVALUATING_MODULES,
    TUNING_MODULES,
    conditions_of,
    differences,
    read_conditions,
    sources_of,
)


def test_the_same_conditions_do_not_differ(dataset: Dataset) -> None:
    first, second = (conditions_of(FAMILIES["linear"], dataset, seed=3) for _ in range(2))
    assert differences(first, second) == ()
    assert first.digest == second.digest


CONDITIONS = ("data", "folds", "features", "code", "tuning", "protocol", "adaptation", "objective", "codecs")


@pytest.mark.parametrize("name", CONDITIONS)
def test_what_differs_is_named_with_both_values(dataset: Dataset, name: str) -> None:
    now = conditions_of(FAMILIES["linear"], dataset, seed=3)
    (found,) = differences(replace(now, **{name: "another"}), now)
    assert "another instead of" in found
    assert getattr(now, name) in found


@pytest.mark.parametrize("name", CONDITIONS)
def test_evaluations_depend_on_all_but_adaptation_and_trials_not_on_the_protocol_either(dataset: Dataset, name: str) -> None:
    now = conditions_of(FAMILIES["linear"], dataset, seed=3)
    another = replace(now, **{name: "another"})
    assert (another.digest == now.digest) == (name == "adaptation")
    assert (another.of_trials == now.of_trials) == (name in ("protocol", "adaptation"))


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
    ("modules", "deciding"),
    [
        (TUNING_MODULES, ("search/trial", "search/racing", "evaluation/objective", "evaluation/folds", "metrics/scores")),
        (EVALUATING_MODULES, ("evaluation/jobs", "evaluation/robustness", "metrics/calibration", "metrics/abstention")),
        (ADAPTING_MODULES, ("evaluation/voices", "evaluation/adaptation_fit")),
    ],
)
def test_each_stage_holds_what_decides_its_outcome_and_no_code_of_a_family(modules: Sequence[str], deciding: Sequence[str]) -> None:
    sources = sources_of(modules)
    assert {PROJECT_ROOT / f"{module}.py" for module in deciding} <= set(sources)
    assert [path.name for path in sources if path.parent.name == "models"] in ([], ["speakers.py"])


def test_trials_do_not_depend_on_how_champions_are_evaluated() -> None:
    names = {path.name for path in sources_of(TUNING_MODULES)}
    assert names.isdisjoint({"held_out.py", "result.py", "voices.py", "adaptation_fit.py"})


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
