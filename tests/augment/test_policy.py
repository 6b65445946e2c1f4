"""Policies: from a configuration to the variants that it asks for."""

from __future__ import annotations

import json

import optuna
import pytest

from augment import AUGMENTATIONS, Variant
from augment.policy import all_variants, describe_policy, suggest_policy, variants_of, without_augmentation
from augment.variant import STRENGTHS

PITCH = {"augmentation": "pitch", "strength": "strong", "n_copies": 3, "penalty": 10.0}


@pytest.fixture(scope="module")
def suggested() -> list[dict[str, object]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    return [suggest_policy(study.ask()) for _ in range(400)]


def test_none_asks_for_no_variants() -> None:
    assert variants_of({"augmentation": "none"}) == ()
    assert describe_policy({"augmentation": "none"}) == "none"


@pytest.mark.parametrize("n_copies", [1, 2, 3])
def test_a_policy_asks_for_as_many_copies_as_it_names(n_copies: int) -> None:
    assert variants_of({**PITCH, "n_copies": n_copies}) == tuple(Variant("pitch", "strong", copy) for copy in range(n_copies))


def test_a_policy_is_described_in_a_few_words() -> None:
    assert describe_policy(PITCH) == "pitch, strong × 3"


def test_without_augmentation_keeps_everything_else() -> None:
    assert without_augmentation(PITCH) == {"augmentation": "none", "penalty": 10.0}
    assert variants_of(without_augmentation(PITCH)) == ()
    assert PITCH["augmentation"] == "pitch"


def test_the_search_space_holds_every_augmentation_and_none(suggested: list[dict[str, object]]) -> None:
    assert {policy["augmentation"] for policy in suggested} == {"none", *AUGMENTATIONS}


def test_a_family_may_choose_among_some_augmentations_only() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    policies = [suggest_policy(study.ask(), among=("mixed", "microphone")) for _ in range(40)]
    assert {policy["augmentation"] for policy in policies} == {"none", "mixed", "microphone"}


def test_every_suggested_policy_can_be_made_and_stored_as_json(suggested: list[dict[str, object]]) -> None:
    for policy in suggested:
        assert json.loads(json.dumps(policy)) == policy
        for variant in variants_of(policy):
            assert AUGMENTATIONS[variant.augmentation]
            assert variant.strength in STRENGTHS


def test_all_variants_are_those_that_some_policy_asks_for(suggested: list[dict[str, object]]) -> None:
    asked_for = {variant for policy in suggested for variant in variants_of(policy)}
    assert asked_for == set(all_variants())
    assert len(set(all_variants())) == len(all_variants())
