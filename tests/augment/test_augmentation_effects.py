"""What each augmentation does to the audio, measured."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from augment.augmentation import Effect
from augment.gain import Gain
from augment.noise import COLOURS, Noise
from augment.pitch import MAX_SEMITONES, Pitch
from augment.room import Room
from augment.speed import Speed
from augment.tempo import Tempo

Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def speech(synthetic_clips: tuple[Clip, ...]) -> Samples:
    return synthetic_clips[0].samples


def power_db(samples: NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.mean(np.asarray(samples, np.float64) ** 2)))


def tone(frequency_hz: float, *, seconds: float = 1.0, amplitude: float = 0.3) -> Samples:
    t = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (amplitude * np.sin(2 * np.pi * frequency_hz * t)).astype(np.float32)


def peak_hz(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(spectrum.argmax() / (8 * len(samples)) * SAMPLE_RATE_HZ)


def octave_levels_db(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Mean power density of the octaves from 125 Hz to 8 kHz."""
    f, density = scipy.signal.welch(samples, SAMPLE_RATE_HZ, nperseg=1024)
    edges = 125 * 2.0 ** np.arange(7)
    return np.array([10 * np.log10(density[(f >= a) & (f < b)].mean()) for a, b in pairwise(edges)])


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("snr_db", [5.0, 10.0, 30.0])
def test_noise_reaches_its_signal_to_noise_ratio(colour: str, snr_db: float, speech: Samples) -> None:
    noisy = Noise().apply(speech, {"colour": colour, "snr_db": snr_db, "seed": 1})
    assert power_db(speech) - power_db(noisy.astype(np.float64) - speech) == pytest.approx(snr_db, abs=0.5)


def test_noise_colours_differ_in_their_spectra(speech: Samples) -> None:
    levels = {}
    for colour in COLOURS:
        noisy = Noise().apply(speech, {"colour": colour, "snr_db": 10.0, "seed": 1})
        levels[colour] = octave_levels_db(noisy.astype(np.float64) - speech)
    assert np.ptp(levels["white"]) < 2
    np.testing.assert_allclose(np.diff(levels["pink"]), -3.0, atol=1.5)
    speech_shape = octave_levels_db(speech)
    for colour in ("speech", "voices"):
        assert np.corrcoef(levels[colour], speech_shape)[0, 1] > 0.95


def test_voices_swing_in_level_as_speech_does_and_other_noise_does_not(speech: Samples) -> None:
    swing_db = {}
    for colour in ("speech", "voices"):
        added = Noise().apply(speech, {"colour": colour, "snr_db": 10.0, "seed": 1}).astype(np.float64) - speech
        blocks = added[: len(added) // 1600 * 1600].reshape(-1, 1600)
        swing_db[colour] = float(np.std([power_db(block) for block in blocks]))
    assert swing_db["voices"] > 1.5 * swing_db["speech"]


@pytest.mark.parametrize("colour", COLOURS)
def test_noise_of_another_seed_is_other_noise_of_the_same_level(colour: str, speech: Samples) -> None:
    first, second = (
        Noise().apply(speech, {"colour": colour, "snr_db": 10.0, "seed": seed}).astype(np.float64) - speech for seed in (1, 2)
    )
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1
    assert power_db(first) == pytest.approx(power_db(second), abs=0.1)


@pytest.mark.parametrize("semitones", [-3.0, -1.0, 0.5, 2.0, 3.0])
def test_pitch_moves_a_tone_by_the_semitones_asked_for(semitones: float) -> None:
    shifted = Pitch().apply(tone(440.0), {"semitones": semitones})
    assert 12 * np.log2(peak_hz(shifted[2000:-2000]) / 440.0) == pytest.approx(semitones, abs=0.15)


def test_pitch_is_never_moved_as_far_as_the_test_suite_moves_it() -> None:
    drawn = [abs(Pitch().draw(np.random.default_rng(seed), strength=1.0)["semitones"]) for seed in range(300)]
    assert max(drawn) <= MAX_SEMITONES < 2
    assert max(drawn) > 0.95 * MAX_SEMITONES


@pytest.mark.parametrize("rate", [0.82, 0.95, 1.1, 1.23])
def test_tempo_scales_the_length_and_keeps_the_pitch(rate: float) -> None:
    stretched = Tempo().apply(tone(440.0), {"rate": rate})
    assert len(stretched) == pytest.approx(SAMPLE_RATE_HZ / rate, abs=2)
    assert peak_hz(stretched[2000:-2000]) == pytest.approx(440.0, rel=0.01)


@pytest.mark.parametrize("rate", [0.91, 0.97, 1.03, 1.1])
def test_speed_scales_the_length_and_the_pitch(rate: float) -> None:
    faster = Speed().apply(tone(440.0), {"rate": rate})
    assert len(faster) == pytest.approx(SAMPLE_RATE_HZ / rate, abs=2)
    assert peak_hz(faster[2000:-2000]) == pytest.approx(440.0 * rate, rel=0.01)


@pytest.mark.parametrize(
    ("effect", "nothing"),
    [(Pitch(), {"semitones": 0.0}), (Tempo(), {"rate": 1.0}), (Speed(), {"rate": 1.0}), (Gain(), {"gain_db": 0.0})],
)
def test_no_change_asked_for_is_no_change(effect: Effect, nothing: dict[str, float], speech: Samples) -> None:
    np.testing.assert_array_equal(effect.apply(speech, nothing), speech)


@pytest.mark.parametrize("gain_db", [-12.0, -3.0, 6.0])
def test_gain_scales_by_its_decibels(gain_db: float) -> None:
    samples = tone(200.0, amplitude=0.2)
    assert power_db(Gain().apply(samples, {"gain_db": gain_db})) - power_db(samples) == pytest.approx(gain_db, abs=0.01)


def test_gain_beyond_full_scale_is_clipped_as_a_recorder_does() -> None:
    loud = Gain().apply(tone(200.0, amplitude=0.9), {"gain_db": 12.0})
    assert loud.max() == 1.0
    assert loud.min() == -1.0
    assert np.mean(np.abs(loud) == 1.0) > 0.5


def test_a_room_keeps_the_loudness(speech: Samples) -> None:
    wet = Room().apply(speech, {"rt60_seconds": 0.4, "direct_to_reverberant_db": 6.0, "seed": 3})
    assert power_db(wet) == pytest.approx(power_db(speech), abs=0.01)


def test_a_room_adds_a_tail_that_falls_by_sixty_decibels_in_its_time() -> None:
    click = np.zeros(SAMPLE_RATE_HZ, np.float32)
    click[100] = 0.5
    wet = Room().apply(click, {"rt60_seconds": 0.4, "direct_to_reverberant_db": 3.0, "seed": 3})
    tail = wet[101:].astype(np.float64)
    tenth = round(0.04 * SAMPLE_RATE_HZ)
    levels_db = [power_db(tail[k * tenth : (k + 1) * tenth]) for k in range(9)]
    np.testing.assert_allclose(np.diff(levels_db), -6.0, atol=1.5)
    np.testing.assert_allclose(tail[10 * tenth :], 0, atol=1e-8)
    np.testing.assert_allclose(wet[:100], 0, atol=1e-8)


def test_a_room_has_its_ratio_of_direct_to_reverberant_sound() -> None:
    click = np.zeros(SAMPLE_RATE_HZ, np.float32)
    click[100] = 0.5
    wet = Room().apply(click, {"rt60_seconds": 0.3, "direct_to_reverberant_db": 9.0, "seed": 4}).astype(np.float64)
    assert 10 * np.log10(wet[100] ** 2 / np.sum(wet[101:] ** 2)) == pytest.approx(9.0, abs=0.1)
