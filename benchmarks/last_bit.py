"""Print what the last bit of the features changes: ``python -m benchmarks.last_bit --data DIR``.

Processors compute logarithms and Fourier transforms that differ in the last bit. Each family is fitted with its defaults, without
augmentation, to some speakers of RAVDESS as they are and with every feature changed by about one part in 16 million, and predicts
the same clips of other speakers of the same half.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from augment.policy import without_augmentation
from benchmarks.search import part_of_ravdess
from emotune.files import PROJECT_ROOT
from evaluation.dataset import Dataset
from features import INPUT_KINDS
from features.store import FeatureStore
from metrics.scores import uar
from models import FAMILIES, Examples, Family

LAST_BIT = 2.0**-24
"""Relative size of the last bit of a float32."""
HALF = "A"


def shaken(examples: Examples, *, seed: int) -> Examples:
    """Return examples whose inputs differ in the last bit."""
    rng = np.random.default_rng(seed)
    inputs = tuple((x * (1 + LAST_BIT * rng.standard_normal(x.shape))).astype(x.dtype) for x in examples.inputs)
    return replace(examples, inputs=inputs)


def predictions(family: Family, dataset: Dataset, *, seed: int | None) -> tuple[NDArray[np.float64], float]:
    """Return the probabilities of the first part of a half, and their UAR; features are shaken if a seed is given."""
    kind, config = INPUT_KINDS[family.input_kind], without_augmentation(family.defaults)
    parts = dataset.parts_of(HALF)
    training, test = dataset.disjoint(np.concatenate(parts), parts[0])
    examples = dataset.examples(kind, training, config)
    model = family.fit(examples if seed is None else shaken(examples, seed=seed), config, seed=0)
    probabilities = model.predict(dataset.inputs(kind, test))
    return probabilities, uar(dataset.targets[test], probabilities)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", default="linear,random_forest,xgboost", metavar="A,B")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where RAVDESS lies")
    parser.add_argument("--times", type=int, default=5, metavar="N", help="how often the features are shaken (5)")
    chosen = parser.parse_args()
    dataset = replace(part_of_ravdess(chosen.data, every=1), store=FeatureStore(PROJECT_ROOT / "cache"))
    for key in chosen.families.split(","):
        plain, score = predictions(FAMILIES[key], dataset, seed=None)
        others = [predictions(FAMILIES[key], dataset, seed=seed) for seed in range(chosen.times)]
        changed = [int((other.argmax(axis=1) != plain.argmax(axis=1)).sum()) for other, _ in others]
        print(
            f"{key:14} UAR {100 * score:.1f}, shaken {' '.join(f'{100 * other:.1f}' for _, other in others)}; "
            f"answers changed of {len(plain)}: {' '.join(map(str, changed))}; "
            f"largest change of a probability {max(np.abs(other - plain).max() for other, _ in others):.1e}"
        )


if __name__ == "__main__":
    main()
