"""Examples made from a few clips by code, and the smallest configuration of each family's search space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from audio.clip import Clip
from augment import ORIGINAL, Variant
from corpora.emotions import RAVDESS_EMOTIONS
from features import INPUT_KINDS
from features.store import FeatureStore
from models import Config, Examples, Family
from models.family import MEMBER_PROBABILITIES

N_SPEAKERS = 4
N_MEMBERS = 3
VARIANTS = (ORIGINAL, Variant("gain", "strong", 0))


class Smallest:
    """Stands for a trial and answers with the first or lowest of everything."""

    def suggest_int(self, name: str, low: int, high: int, **_: Any) -> int:
        return low

    def suggest_float(self, name: str, low: float, high: float, **_: Any) -> float:
        return low

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return choices[0]


@pytest.fixture(scope="session")
def smallest_config() -> Callable[[Family], Config]:
    """The cheapest fit of a family; networks train for two epochs, which says nothing of how well they could do."""

    def choose(family: Family) -> Config:
        config: dict[str, Any] = family.suggest(Smallest())  # type: ignore[arg-type]
        return {**config, "n_epochs": 2} if family.is_neural else config

    return choose


@pytest.fixture(scope="session")
def few_clips(synthetic_clips: tuple[Clip, ...]) -> tuple[Clip, ...]:
    """One take of every emotion by each of four speakers."""
    speakers = sorted({clip.speaker for clip in synthetic_clips})[:N_SPEAKERS]
    return tuple(clip for clip in synthetic_clips if clip.speaker in speakers and clip.name.endswith("-1"))


@pytest.fixture(scope="session")
def make_examples(few_clips: tuple[Clip, ...], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Examples]:
    """Return a function from the key of an input kind to the clips and a variant of each; answers of members are made up."""
    store = FeatureStore(tmp_path_factory.mktemp("features"))
    n = len(VARIANTS)

    def inputs(kind_key: str) -> tuple[np.ndarray, ...]:
        if kind_key == MEMBER_PROBABILITIES:
            answers = np.random.default_rng(0).dirichlet(np.ones(len(RAVDESS_EMOTIONS)), size=(len(few_clips) * n, N_MEMBERS))
            return tuple(answers)
        kind = INPUT_KINDS[kind_key]
        return tuple(store.fetch(kind, clip, variant) for clip in few_clips for variant in VARIANTS)

    def make(kind_key: str) -> Examples:
        return Examples(
            inputs=inputs(kind_key),
            targets=np.repeat([RAVDESS_EMOTIONS.index(clip.emotion) for clip in few_clips], n),
            speakers=np.repeat([clip.speaker for clip in few_clips], n),
            sources=np.repeat(np.arange(len(few_clips)), n),
            is_original=np.tile(np.arange(n) == 0, len(few_clips)),
            genders={clip.speaker: clip.gender for clip in few_clips},
            n_emotions=len(RAVDESS_EMOTIONS),
        )

    return make


@pytest.fixture
def random_examples() -> Examples:
    """Vectors of 40 random functionals: six speakers, four emotions, four clips of each and a copy of every clip."""
    rng = np.random.default_rng(0)
    targets = np.repeat(np.tile(np.arange(4), 24), 2)
    speakers = np.repeat([f"S{k}" for k in range(6)], 32)
    columns = rng.normal(size=(len(targets), 40)) + np.eye(4, 40)[targets] * 3
    columns += rng.normal(size=(6, 40))[np.repeat(np.arange(6), 32)]
    return Examples(
        inputs=tuple(columns.astype(np.float32)),
        targets=targets,
        speakers=speakers,
        sources=np.repeat(np.arange(96), 2),
        is_original=np.tile([True, False], 96),
        genders={f"S{k}": ("female", "male")[k % 2] for k in range(6)},
        n_emotions=4,
    )
