"""What microphones, calls and other people do to the audio, measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from augment import ORIGINAL, Variant
from augment.babble import Babble, Voices, mix_voices
from augment.band import Band
from augment.clipping import Clipping
from augment.codec import FORMATS, Codec, available_codecs, codecs_here, missing_codecs
from augment.equaliser import OCTAVES_HZ, Equaliser
from augment.microphone import Microphone
from emotune.errors import MissingLibraryError

Samples = NDArray[np.float32]
CHEAPEST = [(name, min(made.drawn_kbit_s, default=64.0)) for name, made in FORMATS.items()]


@pytest.fixture(scope="module")
def speech(synthetic_clips: tuple[Clip, ...]) -> Samples:
    return synthetic_clips[0].samples


@pytest.fixture
def no_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augment.codec.available_codecs", lambda: ())


def power_db(samples: NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.mean(np.asarray(samples, np.float64) ** 2)))


def tone(frequency_hz: float, *, amplitude: float = 0.2) -> Samples:
    return (amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize(("frequency_hz", "passes"), [(60.0, False), (1000.0, True), (6500.0, False)])
def test_a_band_lets_its_own_tones_through_and_no_others(frequency_hz: float, passes: bool) -> None:
    lost_db = power_db(tone(frequency_hz)) - power_db(Band().apply(tone(frequency_hz), {"low_hz": 300.0, "high_hz": 3400.0}))
    assert lost_db < 0.5 if passes else lost_db > 20


@given(changes=st.lists(st.floats(-9, 9), min_size=len(OCTAVES_HZ), max_size=len(OCTAVES_HZ)))
@settings(derandomize=True, max_examples=30)
def test_an_equaliser_colours_octaves_by_its_decibels_and_keeps_the_level(changes: list[float]) -> None:
    both = (tone(250.0) + tone(2000.0)).astype(np.float32)
    coloured = Equaliser().apply(both, {"colour_db": tuple(changes)})
    before, after = (np.abs(np.fft.rfft(samples))[[250, 2000]] for samples in (both, coloured))
    gained_db = 20 * np.log10(after / before)
    assert gained_db[1] - gained_db[0] == pytest.approx(changes[4] - changes[1], abs=0.1)
    assert power_db(coloured) == pytest.approx(power_db(both), abs=0.01)


@given(share=st.floats(0.002, 0.2))
@settings(derandomize=True, max_examples=30)
def test_clipping_holds_its_share_of_the_samples_at_one_level(share: float) -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 20_000).astype(np.float32)
    clipped = Clipping().apply(samples, {"share": share})
    is_held = np.abs(clipped) >= np.abs(clipped).max() - 1e-7
    assert is_held.mean() == pytest.approx(share, abs=0.002)
    np.testing.assert_array_equal(clipped[~is_held], samples[~is_held])


@pytest.mark.parametrize(("name", "kbit_s"), CHEAPEST, ids=lambda value: str(value))
def test_a_codec_keeps_the_voice_and_loses_what_it_must(name: str, kbit_s: float, speech: Samples) -> None:
    if name not in available_codecs():
        pytest.skip(f"PyAV has no encoder for {name}")
    coded = Codec().apply(speech, {"codec": name, "kbit_s": kbit_s})
    assert len(coded) == len(speech)
    assert power_db(coded) == pytest.approx(power_db(speech), abs=10)
    assert not np.array_equal(coded, speech)
    loud = slice(None, None, 160)
    envelopes = [np.convolve(np.abs(samples), np.ones(800), "same")[loud] for samples in (speech, coded)]
    assert np.corrcoef(*envelopes)[0, 1] > 0.7


def test_a_cheaper_rate_loses_more(speech: Samples) -> None:
    lost = [np.mean((Codec().apply(speech, {"codec": "mp3", "kbit_s": kbit_s}) - speech) ** 2) for kbit_s in (64.0, 24.0)]
    assert lost[0] < lost[1]


@pytest.mark.usefixtures("no_encoders")
def test_without_encoders_a_microphone_does_without_codecs_and_whoever_asks_for_one_is_told(speech: Samples) -> None:
    assert "none" in codecs_here()
    assert missing_codecs() == tuple(FORMATS)
    for seed in range(20):
        drawn = Microphone().draw(np.random.default_rng(seed), strength=1.0)
        assert not drawn.get("codec")
    assert Codec().apply(speech, {}) is speech
    with pytest.raises(MissingLibraryError, match="opus needs the encoder libopus"):
        Codec().apply(speech, {"codec": "opus", "kbit_s": 16.0})


def test_audio_made_by_other_codecs_has_another_key_and_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    coded, plain = Variant("microphone", "strong"), Variant("clipping", "strong")
    keys = coded.key, plain.key, ORIGINAL.key
    monkeypatch.setattr("augment.variant.codecs_hash", lambda: "abcdef")
    assert coded.key != keys[0]
    assert coded.name == "microphone-strong-0"
    assert (plain.key, ORIGINAL.key) == keys[1:]


def test_babble_reaches_its_signal_to_noise_ratio_whatever_the_length(synthetic_clips: tuple[Clip, ...]) -> None:
    voices = mix_voices([[clip.samples for clip in synthetic_clips[start : start + 3]] for start in (5, 25, 45)])
    for samples in (synthetic_clips[0].samples, np.tile(synthetic_clips[0].samples, 6)):
        noisy = Babble().apply(samples, {"voices": voices, "snr_db": 10.0})
        assert power_db(samples) - power_db(noisy.astype(np.float64) - samples) == pytest.approx(10, abs=0.1)


def test_voices_are_named_by_what_they_say(synthetic_clips: tuple[Clip, ...]) -> None:
    one, same, other = (mix_voices([[synthetic_clips[k].samples]]) for k in (0, 0, 1))
    assert one == same != other
    assert repr(one) == repr(Voices(one.digest, np.zeros(1, np.float32)))
    keys = {Variant("babble", "fixed", 0, (("voices", voices), ("snr_db", 10.0))).key for voices in (one, same, other)}
    assert len(keys) == 2
