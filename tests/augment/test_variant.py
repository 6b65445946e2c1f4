"""Variants: named, reproducible, and the clip itself among them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import Clip
from augment import AUGMENTATIONS, EFFECTS, ORIGINAL, Augmentation, Variant, make_variant
from augment.variant import STRENGTHS


class Spy(Augmentation):
    """Remembers the first number that its generator gave, and the parameters that it was applied with."""

    key = title = "spy"

    def __init__(self) -> None:
        self.drawn: list[int] = []
        self.strengths: list[float] = []
        self.applied: list[Mapping[str, Any]] = []

    def draw(self, rng: np.random.Generator, *, strength: float) -> Mapping[str, Any]:
        self.drawn.append(int(rng.integers(2**62)))
        self.strengths.append(strength)
        return {}

    def apply(self, samples: NDArray[np.float32], parameters: Mapping[str, Any]) -> NDArray[np.float32]:
        self.applied.append(parameters)
        return samples


def first_draw(clip: Clip, variant: Variant) -> int:
    spy = Spy()
    make_variant(clip, variant, augmentation=spy)
    return spy.drawn[0]


def test_every_variant_has_a_key_of_its_own_that_a_file_name_can_hold() -> None:
    variants = [Variant(key, strength, copy) for key, strength, copy in product(AUGMENTATIONS, STRENGTHS, range(4))]
    variants += [Variant("noise", "fixed", 0, (("snr_db", snr_db), ("colour", "pink"))) for snr_db in (5.0, 10.0)]
    variants += [Variant("pitch", "fixed", 0, (("semitones", semitones),)) for semitones in (-2.0, 2.0)]
    variants.append(ORIGINAL)
    keys = [variant.key for variant in variants]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}", key) for key in keys)


def test_the_original_is_the_samples_themselves(synthetic_clips: tuple[Clip, ...]) -> None:
    assert make_variant(synthetic_clips[0], ORIGINAL) is synthetic_clips[0].samples
    assert ORIGINAL.key == "original"


def test_the_seed_comes_from_the_content_of_the_clip_and_nothing_else(synthetic_clips: tuple[Clip, ...]) -> None:
    clip, variant = synthetic_clips[0], Variant("spy", "strong", 1)
    renamed = dataclasses.replace(clip, name="other", speaker="X", emotion="sad", source="elsewhere")
    louder = dataclasses.replace(clip, samples=clip.samples * np.float32(1.001))
    assert first_draw(renamed, variant) == first_draw(clip, variant)
    assert first_draw(louder, variant) != first_draw(clip, variant)


def test_copies_and_strengths_draw_independently(synthetic_clips: tuple[Clip, ...]) -> None:
    variants = [Variant("spy", strength, copy) for strength, copy in product(STRENGTHS, range(3))]
    assert len({first_draw(synthetic_clips[0], variant) for variant in variants}) == len(variants)


def test_a_strength_is_handed_to_the_draw_by_its_number(synthetic_clips: tuple[Clip, ...]) -> None:
    spy = Spy()
    for name in STRENGTHS:
        make_variant(synthetic_clips[0], Variant("spy", name), augmentation=spy)
    assert spy.strengths == list(STRENGTHS.values())


def test_parameters_set_by_hand_are_applied_and_nothing_is_drawn(synthetic_clips: tuple[Clip, ...]) -> None:
    spy = Spy()
    make_variant(synthetic_clips[0], Variant("spy", "fixed", 0, (("snr_db", 10.0),)), augmentation=spy)
    assert spy.applied == [{"snr_db": 10.0}]
    assert spy.drawn == []


def test_a_variant_is_looked_up_in_the_registry_by_its_augmentation(synthetic_clips: tuple[Clip, ...]) -> None:
    clip, parameters = synthetic_clips[0], {"gain_db": -6.0}
    variant = Variant("gain", "fixed", 0, tuple(parameters.items()))
    np.testing.assert_array_equal(make_variant(clip, variant), EFFECTS["gain"].apply(clip.samples, parameters))
