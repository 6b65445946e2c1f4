"""The contract of every input kind, and what the handmade ones hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from emotune.errors import UnknownKeyError
from features import INPUT_KINDS, Analysis, InputKind
from features.functionals import functionals
from features.kind import finite

Samples = NDArray[np.float32]
HANDMADE = [kind for kind in INPUT_KINDS.values() if kind.is_handmade]
every_kind = pytest.mark.parametrize("kind", INPUT_KINDS.values(), ids=INPUT_KINDS)


@pytest.fixture(scope="module")
def clip(synthetic_clips: tuple[Clip, ...]) -> Clip:
    return synthetic_clips[0]


def odd_recordings() -> Mapping[str, Samples]:
    k = np.arange(2 * SAMPLE_RATE_HZ)
    noise = np.random.default_rng(0).normal(size=len(k))
    return {
        "one sample": np.full(1, 0.1, np.float32),
        "one frame": (0.1 * noise[:160]).astype(np.float32),
        "next to silence": (1e-6 * noise[:8000]).astype(np.float32),
        "constant": np.full(8000, 0.5, np.float32),
        "click": (k == 4000).astype(np.float32)[:8000],
        "far too loud": (1000 * noise[:8000]).astype(np.float32),
        "speech at the very end": np.where(k > len(k) - 800, np.sin(0.1 * k), 0).astype(np.float32),
    }


@every_kind
def test_columns_name_the_last_axis_each_differently(kind: InputKind, clip: Clip) -> None:
    array = kind.extract(Analysis(clip.samples))
    assert array.ndim in (1, 2)
    assert array.shape[-1] == len(kind.columns) == len(set(kind.columns))
    assert array.dtype in (np.float32, np.float16)
    assert np.isfinite(array).all()


@every_kind
def test_the_same_samples_give_the_same_array(kind: InputKind, clip: Clip) -> None:
    np.testing.assert_array_equal(kind.extract(Analysis(clip.samples)), kind.extract(Analysis(clip.samples.copy())))


@every_kind
@pytest.mark.parametrize("gain", [0.25, 4.0])
def test_a_quieter_and_a_louder_copy_give_the_same_array(kind: InputKind, gain: float, clip: Clip) -> None:
    # A power of two rounds no sample.
    np.testing.assert_array_equal(kind.extract(Analysis(np.float32(gain) * clip.samples)), kind.extract(Analysis(clip.samples)))


@every_kind
def test_an_analysis_shared_with_the_other_kinds_changes_nothing(kind: InputKind, clip: Clip) -> None:
    shared = Analysis(clip.samples)
    for other in HANDMADE:
        other.extract(shared)
    np.testing.assert_array_equal(kind.extract(shared), kind.extract(Analysis(clip.samples)))


@every_kind
@pytest.mark.parametrize("name", odd_recordings())
def test_odd_recordings_give_finite_arrays_of_the_same_columns(kind: InputKind, name: str) -> None:
    array = kind.extract(Analysis(odd_recordings()[name]))
    assert array.shape[-1] == len(kind.columns)
    assert len(array) >= 1
    assert np.isfinite(array).all()


@every_kind
def test_a_changed_spec_or_a_renamed_column_changes_the_fingerprint(kind: InputKind) -> None:
    def variant(**changes: Any) -> str:
        return type("Changed", (type(kind),), changes)().fingerprint

    assert variant() == kind.fingerprint
    assert variant(spec={**kind.spec, "version": "next"}) != kind.fingerprint
    assert variant(columns=(*kind.columns[:-1], "renamed")) != kind.fingerprint
    assert variant(key="other") != kind.fingerprint


@every_kind
def test_a_spec_is_json_and_names_the_sample_rate(kind: InputKind) -> None:
    assert str(SAMPLE_RATE_HZ) in json.dumps(kind.spec)


def test_kinds_are_registered_under_their_keys_with_fingerprints_of_their_own() -> None:
    assert [kind.key for kind in INPUT_KINDS.values()] == list(INPUT_KINDS)
    assert len({kind.fingerprint for kind in INPUT_KINDS.values()}) == len(INPUT_KINDS)
    assert INPUT_KINDS["functionals"] is INPUT_KINDS["functionals"]


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownKeyError, match=f"'cepstra'.*{', '.join(INPUT_KINDS)}"):
        INPUT_KINDS["cepstra"]


def test_longer_clips_have_longer_sequences_and_vectors_of_one_length(clip: Clip) -> None:
    twice = Analysis(np.concatenate([clip.samples, clip.samples]))
    for kind in HANDMADE:
        of_once, of_twice = kind.extract(Analysis(clip.samples)), kind.extract(twice)
        assert len(of_twice) == len(of_once) if of_once.ndim == 1 else len(of_twice) > 1.6 * len(of_once)


def test_sequences_and_images_of_a_clip_have_steps_of_40_ms(clip: Clip) -> None:
    analysis = Analysis(clip.samples)
    seconds = len(analysis.samples) / SAMPLE_RATE_HZ
    for key in ("sequence", "image"):
        assert len(INPUT_KINDS[key].extract(analysis)) == pytest.approx(seconds / 0.04, abs=1)


def test_functionals_hold_what_their_names_say(clip: Clip) -> None:
    analysis = Analysis(clip.samples)
    named = functionals(analysis)
    assert named["mfcc2.mean"] == pytest.approx(float(analysis.mfcc[:, 2].mean()), rel=1e-4)
    assert named["level_db.p50"] == pytest.approx(float(np.median(analysis.level_db)), rel=1e-4)
    assert named["voiced_share"] == pytest.approx(float(analysis.voice.is_voiced.mean()))
    assert np.exp(named["log_seconds"]) == pytest.approx(len(analysis.level_db) / 100)
    np.testing.assert_allclose(INPUT_KINDS["functionals"].extract(analysis), np.array(list(named.values())), rtol=1e-5)


def test_functionals_go_well_beyond_mean_and_deviation() -> None:
    statistics = {column.rpartition(".")[2] for column in INPUT_KINDS["functionals"].columns}
    assert {"mean", "std", "p5", "p95", "skew", "kurtosis", "slope", "curvature", "rise", "fall"} <= statistics


def voiced_bursts(*, n: int, on_seconds: float, off_seconds: float) -> Samples:
    t = np.arange(round(on_seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    burst = 0.1 * sum(np.sin(2 * np.pi * 150 * h * t) / h for h in range(1, 10))
    pause = 1e-4 * np.random.default_rng(0).normal(size=round(off_seconds * SAMPLE_RATE_HZ))
    return np.concatenate([part for _ in range(n) for part in (burst, pause)]).astype(np.float32)


def test_rhythm_counts_voiced_stretches_and_measures_them() -> None:
    named = functionals(Analysis(voiced_bursts(n=5, on_seconds=0.25, off_seconds=0.2)))
    assert named["voiced_seconds.mean"] == pytest.approx(0.25, abs=0.04)
    assert named["unvoiced_seconds.mean"] == pytest.approx(0.2, abs=0.04)
    assert named["voiced_rate"] * np.exp(named["log_seconds"]) == pytest.approx(5)
    assert named["voiced_share"] == pytest.approx(0.57, abs=0.1)


def test_a_steady_voice_has_small_pitch_steps_and_a_shaking_one_large_ones() -> None:
    def voice(shake_hz: float) -> dict[str, float]:
        rng = np.random.default_rng(0)
        f0_hz = 150 + np.repeat(rng.normal(scale=shake_hz, size=100), 160)
        phase = 2 * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE_HZ
        return functionals(Analysis(np.asarray(0.1 * sum(np.sin(h * phase) / h for h in range(1, 10)), np.float32)))

    assert voice(0)["f0_step.mean"] < 0.02
    assert voice(8)["f0_step.mean"] > 10 * voice(0)["f0_step.mean"]


def test_loudness_that_swings_five_times_a_second_shows_in_that_band() -> None:
    t = np.arange(3 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    noise = np.random.default_rng(0).normal(scale=0.1, size=len(t))
    named = functionals(Analysis((noise * 10 ** (0.5 * np.sin(2 * np.pi * 5 * t))).astype(np.float32)))
    bands = {name: value for name, value in named.items() if name.startswith("modulation_")}
    assert max(bands, key=bands.__getitem__) == "modulation_4_6_hz"


def test_what_is_not_finite_becomes_zero() -> None:
    np.testing.assert_array_equal(finite(np.array([1.5, np.nan, np.inf, -np.inf])), np.array([1.5, 0, 0, 0], np.float32))
    assert finite(np.array([1.0]), dtype=np.float16).dtype == np.float16
