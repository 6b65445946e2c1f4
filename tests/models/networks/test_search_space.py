"""What every network draws."""

from __future__ import annotations

import optuna
import pytest

from models import FAMILIES
from models.networks.search_space import AUGMENTATIONS_TRIED
from models.networks.training import NeuralFamily

NETWORKS = [family for family in FAMILIES.values() if isinstance(family, NeuralFamily)]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda family: family.key)
def test_a_network_learns_from_mixed_copies_or_from_none(network: NeuralFamily) -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    drawn = [network.suggest(study.ask()) for _ in range(40)]
    assert {config["augmentation"] for config in drawn} == {"none", *AUGMENTATIONS_TRIED}
