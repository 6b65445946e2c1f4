"""What every augmentation keeps, whatever it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.clip import Clip
from augment import AUGMENTATIONS, PARTS, Augmentation, Variant, make_variant
from augment.band import FULL_HZ, HIGHEST_LOW_HZ, LOWEST_HIGH_HZ
from augment.chain import Chain
from augment.clipping import LARGEST_SHARE
from augment.mixed import Mixed
from augment.noise import CLEANEST_SNR_DB, COLOURS, NOISIEST_SNR_DB
from augment.pitch import MAX_SEMITONES
from augment.room import DRIEST_DB, LONGEST_RT60_SECONDS, SHORTEST_RT60_SECONDS, WETTEST_DB
from augment.tempo import MAX_TEMPO_OCTAVES
from emotune.errors import UnknownKeyError

LIMITS = {
    "snr_db": (NOISIEST_SNR_DB, CLEANEST_SNR_DB),
    "semitones": (-MAX_SEMITONES, MAX_SEMITONES),
    "rate": (2**-MAX_TEMPO_OCTAVES, 2**MAX_TEMPO_OCTAVES),
    "rt60_seconds": (SHORTEST_RT60_SECONDS, LONGEST_RT60_SECONDS),
    "direct_to_reverberant_db": (WETTEST_DB, DRIEST_DB),
    "low_hz": (0.0, HIGHEST_LOW_HZ),
    "high_hz": (LOWEST_HIGH_HZ, FULL_HZ),
    "share": (0.0, LARGEST_SHARE),
    "seed": (0, 2**31 - 1),
}
"""Documented range of every number that is drawn."""

MILDEST = {
    **{"snr_db": CLEANEST_SNR_DB, "rt60_seconds": SHORTEST_RT60_SECONDS, "direct_to_reverberant_db": DRIEST_DB},
    **{"rate": 1.0, "high_hz": FULL_HZ},
}
"""Value that changes least, where it is not 0."""

STEPS = [
    one for one in (*AUGMENTATIONS.values(), *(PARTS[key] for key in ("tempo", "band", "clipping"))) if not isinstance(one, Chain)
]
CHAINS = [one for one in (*AUGMENTATIONS.values(), *PARTS.values()) if isinstance(one, Chain)]
WITHOUT_LIMITS = ("colour", "colour_db", "codec", "kbit_s")

every_augmentation = pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
every_augmentation_or_part = pytest.mark.parametrize(
    "augmentation", [*AUGMENTATIONS.values(), *PARTS.values()], ids=[*AUGMENTATIONS, *PARTS]
)
every_chain = pytest.mark.parametrize("augmentation", CHAINS, ids=lambda chain: chain.key)
every_step = pytest.mark.parametrize("augmentation", STEPS, ids=lambda step: step.key)
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def clip(synthetic_clips: tuple[Clip, ...]) -> Clip:
    return synthetic_clips[0]


def draw(augmentation: Augmentation, seed: int, *, strength: float = 1.0) -> dict[str, Any]:
    return dict(augmentation.draw(np.random.default_rng(seed), strength=strength))


def numbers(parameters: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in parameters.items() if name not in ("colour", "seed")}


def change(name: str, value: float) -> float:
    """How far a parameter is from leaving the audio as it is."""
    return abs(np.log2(value)) if name == "rate" else abs(value - MILDEST.get(name, 0.0))


@every_augmentation_or_part
def test_the_result_is_finite_float32_of_the_length_that_the_tempo_gives(augmentation: Augmentation, clip: Clip) -> None:
    for seed in range(4):
        parameters = draw(augmentation, seed)
        steps = [parameters, *(parameters.get(step, {}) for step in ("speed", "tempo"))]
        rate = np.prod([one.get("rate", 1.0) for one in steps])
        result = augmentation.apply(clip.samples, parameters)
        assert result.dtype == np.float32
        assert np.isfinite(result).all()
        assert result.ndim == 1
        assert len(result) == pytest.approx(len(clip.samples) / rate, abs=4 if rate != 1 else 0)


@every_augmentation_or_part
def test_the_same_parameters_give_the_same_audio_and_leave_the_original_alone(augmentation: Augmentation, clip: Clip) -> None:
    before = clip.samples.copy()
    parameters = draw(augmentation, 3)
    first = augmentation.apply(clip.samples, parameters)
    np.random.seed(5)  # noqa: NPY002 (global state must not matter)
    np.testing.assert_array_equal(first, augmentation.apply(clip.samples, parameters))
    np.testing.assert_array_equal(before, clip.samples)
    assert not np.array_equal(first, before)


@every_augmentation
def test_a_seed_draws_the_same_parameters_and_other_seeds_others(augmentation: Augmentation) -> None:
    drawn = [draw(augmentation, seed) for seed in range(6)]
    assert drawn == [draw(augmentation, seed) for seed in range(6)]
    assert all(first != second for k, first in enumerate(drawn) for second in drawn[:k])


@every_augmentation
def test_copies_of_a_clip_differ_and_come_back_the_same(augmentation: Augmentation, clip: Clip) -> None:
    copies = [make_variant(clip, Variant(augmentation.key, "strong", copy)) for copy in range(3)]
    again = [make_variant(clip, Variant(augmentation.key, "strong", copy)) for copy in range(3)]
    for k, (copy, same) in enumerate(zip(copies, again, strict=True)):
        np.testing.assert_array_equal(copy, same)
        assert not any(np.array_equal(copy, other) for other in copies[:k])


@every_augmentation_or_part
@pytest.mark.parametrize("n_samples", [1, 160, 3200])
def test_clips_of_any_length_and_silence_survive(augmentation: Augmentation, n_samples: int) -> None:
    for samples in (np.zeros(n_samples, np.float32), np.full(n_samples, 0.5, np.float32)):
        assert np.isfinite(augmentation.apply(samples, draw(augmentation, 1))).all()


@every_step
@given(seed=seeds, strength=st.sampled_from([0.5, 1.0]))
@settings(derandomize=True, max_examples=60)
def test_parameters_lie_in_the_documented_ranges(augmentation: Augmentation, seed: int, strength: float) -> None:
    parameters = draw(augmentation, seed, strength=strength)
    assert parameters.pop("colour", "white") in COLOURS
    for name, value in parameters.items():
        low, high = LIMITS[name]
        assert low <= value <= high, name


@every_step
@given(seed=seeds)
@settings(derandomize=True, max_examples=60)
def test_half_the_strength_is_half_the_change(augmentation: Augmentation, seed: int) -> None:
    strong, gentle = (numbers(draw(augmentation, seed, strength=strength)) for strength in (1.0, 0.5))
    for name in strong:
        assert change(name, gentle[name]) == pytest.approx(change(name, strong[name]) / 2), name


@given(seed=seeds)
@settings(derandomize=True, max_examples=60)
def test_mixed_always_changes_the_voice(seed: int) -> None:
    drawn = draw(AUGMENTATIONS["mixed"], seed)
    assert "speed" in drawn


@every_chain
@given(seed=seeds)
@settings(derandomize=True, max_examples=60)
def test_a_chain_draws_each_step_from_its_own_ranges(augmentation: Chain, seed: int) -> None:
    drawn = draw(augmentation, seed)
    steps = {step.key: step for step, _ in augmentation.steps}
    assert set(drawn) <= set(steps)
    for key, parameters in drawn.items():
        for name, value in () if isinstance(steps[key], Chain) else parameters.items():
            assert name in WITHOUT_LIMITS or LIMITS[name][0] <= value <= LIMITS[name][1]


def test_mixed_applies_its_steps_in_the_order_of_the_chain(clip: Clip) -> None:
    parameters = {"clipping": {"share": 0.01}, "speed": {"rate": 1.1}}
    stepwise = clip.samples
    for step, _ in Mixed.steps:
        if step.key in parameters:
            stepwise = step.apply(stepwise, parameters[step.key])
    np.testing.assert_array_equal(AUGMENTATIONS["mixed"].apply(clip.samples, parameters), stepwise)
    assert AUGMENTATIONS["mixed"].apply(clip.samples, {}) is clip.samples


def test_augmentations_are_registered_under_their_keys_and_have_titles() -> None:
    assert [augmentation.key for augmentation in AUGMENTATIONS.values()] == list(AUGMENTATIONS)
    assert all(augmentation.title for augmentation in AUGMENTATIONS.values())
    assert AUGMENTATIONS["noise"] is AUGMENTATIONS["noise"]


def test_an_unknown_augmentation_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownKeyError, match=f"'echo'.*{', '.join(AUGMENTATIONS)}"):
        AUGMENTATIONS["echo"]
