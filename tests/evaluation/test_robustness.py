"""The test suite: neither training nor tuning ever draws its strengths, and its voices are never those that are tested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from augment import AUGMENTATIONS, EFFECTS, make_variant
from augment.codec import FORMATS
from augment.variant import STRENGTHS
from evaluation.dataset import Dataset
from evaluation.held_out import evaluate
from evaluation.jobs import Budget, EvaluationJob, Split
from evaluation.objective import TUNING_SET
from evaluation.robustness import SUITE, WORDS, suite_of
from models import FAMILIES

STRENGTH_OF = {
    **{"noise": "snr_db", "babble": "snr_db", "room": "rt60_seconds", "pitch": "semitones"},
    **{"clipping": "share", "gain": "gain_db", "band": "high_hz"},
}
"""The parameter that says how strong an effect is."""
N_DRAWS = 2000


def elementary(key: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each effect that is not a chain, with its strength; of codecs the name with its rate."""
    if key == "codec":
        if parameters:
            yield f"codec {parameters['codec']}", parameters["kbit_s"]
    elif key == "speed":
        yield "pitch", 12 * np.log2(parameters["rate"])
    elif key in STRENGTH_OF:
        yield key, parameters[STRENGTH_OF[key]]
        if key == "band":
            yield "band from", parameters["low_hz"]
    else:
        for step, of_step in parameters.items():
            if step in EFFECTS and not isinstance(of_step, float):  # a parameter may be called as its effect is
                yield from elementary(step, dict(of_step))


def suite_strengths() -> list[tuple[str, str, Any]]:
    return [
        (name, effect, strength)
        for name, variants in SUITE.items()
        for variant in variants
        for effect, strength in elementary(variant.augmentation, dict(variant.parameters))
    ]


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for key, augmentation in AUGMENTATIONS.items():
        for strength in STRENGTHS.values():
            for seed in range(N_DRAWS // 10):
                parameters = augmentation.draw(np.random.default_rng(seed), strength=strength)
                for effect, value in elementary(key, parameters):
                    found[effect].append(value)
    return found


def test_the_suite_is_eight_perturbations_in_nine_variants_and_every_one_has_words() -> None:
    assert set(SUITE) == set(WORDS)
    assert len(SUITE) == 8
    assert sum(map(len, SUITE.values())) == 9


@pytest.mark.parametrize(("name", "effect", "strength"), suite_strengths())
def test_training_never_draws_a_strength_of_the_suite(name: str, effect: str, strength: float, drawn: dict[str, list[float]]) -> None:
    values = drawn.get(effect, [])
    assert all(abs(strength) > abs(value) for value in values) or all(strength < value for value in values), name


@pytest.mark.parametrize("effect", ["babble", "codec mu_law"])
def test_some_kinds_of_the_suite_are_never_drawn_at_all(effect: str, drawn: dict[str, list[float]]) -> None:
    assert effect in {one for _, one, _ in suite_strengths()}
    assert effect not in drawn


@pytest.mark.parametrize(("limit", "strength"), [(min(FORMATS["opus"].drawn_kbit_s), 16.0)])
def test_the_codec_of_the_suite_is_cheaper_than_any_that_is_drawn(limit: float, strength: float) -> None:
    assert ("opus", "codec opus", strength) in suite_strengths()
    assert strength < limit


def test_tuning_is_disturbed_by_other_strengths_than_the_suite() -> None:
    tuning = {found for one in TUNING_SET for found in elementary(one.augmentation, dict(one.parameters))}
    assert not tuning & {(effect, strength) for _, effect, strength in suite_strengths()}
    for _, effect, strength in suite_strengths():
        of_tuning = [value for one, value in tuning if one == effect]
        assert all(abs(strength) > abs(value) for value in of_tuning) or all(strength < value for value in of_tuning)


@pytest.mark.parametrize("fold", [0, 3])
def test_babble_is_the_same_every_time_and_the_tested_speakers_have_no_voice_in_it(dataset: Dataset, fold: int) -> None:
    training, test = dataset.split(test_fold=fold)
    clips = list(dataset.clips)
    for row in test:
        clips[row] = replace(clips[row], samples=np.ones_like(clips[row].samples))
    shouting = replace(dataset, clips=tuple(clips))
    voices = [dict(suite_of(training, one, fold=fold)["babble"][0].parameters)["voices"] for one in (dataset, dataset, shouting)]
    assert voices[0] == voices[1] == voices[2]
    other = dataset.split(test_fold=fold + 1)[0]
    assert dict(suite_of(other, dataset, fold=fold + 1)["babble"][0].parameters)["voices"] != voices[0]


def test_every_perturbation_changes_a_test_clip_and_comes_back_the_same(dataset: Dataset) -> None:
    training, test = dataset.split(test_fold=0)
    clip = dataset.clips[test[0]]
    for name, variants in suite_of(training, dataset, fold=0).items():
        for variant in variants:
            once = make_variant(clip, variant)
            np.testing.assert_array_equal(once, make_variant(clip, variant), err_msg=name)
            assert not np.array_equal(once, clip.samples), name
            assert np.isfinite(once).all(), name
            assert len(once) == len(clip.samples), name


@pytest.mark.parametrize(
    ("split", "budget", "is_perturbed"),
    [
        (Split.HELD_OUT, Budget.FULL, True),
        (Split.NO_AUGMENTATION, Budget.FULL, True),
        (Split.DEFAULTS, Budget.FULL, False),
        (Split.HELD_OUT, Budget.QUICK, False),
    ],
)
def test_the_suite_is_computed_for_full_budgets_only(dataset: Dataset, split: Split, budget: Budget, is_perturbed: bool) -> None:
    found = evaluate(EvaluationJob("dummy", split, 0, dict(FAMILIES["dummy"].defaults), 0, budget), dataset)
    assert set(found.perturbed) == (set(SUITE) if is_perturbed else set())
