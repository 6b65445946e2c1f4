"""Networks whose training examples lack some of the dataset's emotions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from models import FAMILIES, Config, Examples, Family

MakeExamples = Callable[[str], Examples]
SmallestConfig = Callable[[Family], Config]
ABSENT = [1, 6]
neural_families = pytest.mark.parametrize("family", [f for f in FAMILIES.values() if f.is_neural], ids=lambda family: family.key)


@neural_families
def test_an_emotion_without_examples_has_no_probability(
    family: Family, make_examples: MakeExamples, smallest_config: SmallestConfig, tmp_path: Path
) -> None:
    every = make_examples(family.input_kind)
    lacking = every.select(~np.isin(every.targets, ABSENT))
    config = {**smallest_config(family), "label_smoothing": 0.1, "mixup": 0.2}
    model = family.fit(lacking, config, seed=0, parts=[lacking.speakers[:1].tolist(), lacking.speakers[-1:].tolist()])
    probabilities = model.predict(every.inputs)
    assert probabilities.shape == (len(every), every.n_emotions)
    assert probabilities[:, ABSENT].max() <= 1e-6
    assert np.delete(probabilities, ABSENT, axis=1).min() > 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    family.save(model, tmp_path)
    loaded = family.load(tmp_path, n_emotions=every.n_emotions)
    np.testing.assert_allclose(loaded.predict(every.inputs), probabilities, atol=1e-6)


@neural_families
def test_an_emotion_that_one_speaker_has_may_be_absent_from_training_or_from_validation(
    family: Family, make_examples: MakeExamples, smallest_config: SmallestConfig
) -> None:
    every = make_examples(family.input_kind)
    for speaker in np.unique(every.speakers):
        some = every.select((every.targets != 1) | (every.speakers == speaker))
        reported: list[float] = []
        probabilities = family.fit(some, smallest_config(family), seed=0, callback=reported.append).predict(every.inputs[:4])
        assert np.isfinite([*reported, *probabilities.ravel()]).all()
