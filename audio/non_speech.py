"""Non-speech: sounds made by code that resemble no voice, to learn from what is not speech and to test with.

Conventions
-----------
A sound is a function of a generator of random numbers, which draws its frequencies, rates and level; it returns samples at
:data:`audio.clip.SAMPLE_RATE_HZ`, with a peak of at most 1. ``LEARNT`` and ``HELD_OUT`` share no sound: limits are learnt on the
first and tested on the second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ

SECONDS = 3.0
N_SAMPLES = round(SECONDS * SAMPLE_RATE_HZ)
TIME = np.arange(N_SAMPLES) / SAMPLE_RATE_HZ
PEAKS = (0.02, 0.8)
SPEECH_BANDS_HZ = ((150.0, 1.0), (500.0, 0.8), (1500.0, 0.25), (3000.0, 0.1), (6000.0, 0.03))
"""Frequencies and amplitudes of the long-term spectrum of speech, roughly (Byrne et al. 1994, JASA 96(4))."""
KEYPAD_HZ = ((697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0))
ONE_BIT = 1 / 32768

Array = NDArray[np.float64]
Sound = Callable[[np.random.Generator], Array]


ROOM_BELOW_DB = 35.0
ROOM_RMS = 0.05
MIN_ROOM_SECONDS = 0.3
MIN_ROOM_LEVEL = 1 / 32768
"""A quieter room is mostly the rounding of a converter."""
BLOCK_SAMPLES = 160


def room_tone(samples: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the longest quiet part of a recording, repeated forth and back and as loud as speech; None if it has none.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        A recording at :data:`audio.clip.SAMPLE_RATE_HZ`.
    """
    blocks = samples[: len(samples) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES).astype(np.float64)
    if not len(blocks):
        return None
    power = np.square(blocks).mean(axis=1)
    is_quiet = power < np.quantile(power, 0.97) * 10 ** (-ROOM_BELOW_DB / 10)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_quiet, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    longest = int((ends - starts).argmax()) if len(starts) else 0
    if not len(starts) or (ends - starts)[longest] * BLOCK_SAMPLES < MIN_ROOM_SECONDS * SAMPLE_RATE_HZ:
        return None
    part = blocks[starts[longest] : ends[longest]].ravel()
    level = float(part.std())
    if level < MIN_ROOM_LEVEL:
        return None
    forth_and_back = np.resize(np.concatenate([part, part[::-1]]), N_SAMPLES)
    return np.asarray((forth_and_back - part.mean()) * ROOM_RMS / level, dtype=np.float32).clip(-1, 1)


def make(sound: Sound, *, seed: int) -> NDArray[np.float32]:
    """Return samples of a sound [shape=(n,), dtype=float32], at a level that the seed draws too.

    Parameters
    ----------
    sound : callable
        A value of :data:`LEARNT` or :data:`HELD_OUT`.
    seed : int
        The same seed gives the same samples.
    """
    rng = np.random.default_rng(seed)
    samples = sound(rng)
    if sound is one_bit_noise:
        return samples.astype(np.float32)
    peak = np.exp(rng.uniform(*np.log(PEAKS)))
    return np.asarray(samples * peak / max(float(np.abs(samples).max()), 1e-9), dtype=np.float32)


def coloured_noise(rng: np.random.Generator, *, exponent: float) -> Array:
    """Return noise whose power falls with frequency to the power of ``exponent``: 0 white, 1 pink, 2 brown."""
    hz = np.fft.rfftfreq(N_SAMPLES, 1 / SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(N_SAMPLES)) * np.maximum(hz, 20.0) ** (-exponent / 2)
    return np.asarray(np.fft.irfft(spectrum, N_SAMPLES), dtype=np.float64)


def one_bit_noise(rng: np.random.Generator) -> Array:
    """Return what a converter without a signal gives: its last bit at random."""
    return np.asarray(rng.integers(-1, 2, N_SAMPLES) * ONE_BIT)


def speech_shaped_noise(rng: np.random.Generator) -> Array:
    """Return stationary noise with the long-term spectrum of speech."""
    hz = np.fft.rfftfreq(N_SAMPLES, 1 / SAMPLE_RATE_HZ)
    known_hz, amplitudes = zip(*SPEECH_BANDS_HZ, strict=True)
    shape = np.interp(np.log(np.maximum(hz, 20)), np.log(known_hz), amplitudes)
    return np.asarray(np.fft.irfft(np.fft.rfft(rng.standard_normal(N_SAMPLES)) * shape, N_SAMPLES), dtype=np.float64)


def clicks(rng: np.random.Generator) -> Array:
    """Return a few short clicks in near silence."""
    samples = 1e-4 * rng.standard_normal(N_SAMPLES)
    for at in rng.integers(0, N_SAMPLES - 200, rng.integers(1, 12)):
        samples[at : at + 160] += np.exp(-np.arange(160) / rng.uniform(5, 40)) * rng.choice([-1, 1])
    return samples


def tone(rng: np.random.Generator) -> Array:
    """Return one steady sine wave."""
    return np.sin(2 * np.pi * rng.uniform(150, 3000) * TIME) + 1e-4 * rng.standard_normal(N_SAMPLES)


def chords(rng: np.random.Generator) -> Array:
    """Return chords of three harmonic notes that change once or twice a second."""
    n_notes = int(rng.integers(1, 7))
    roots_hz = 110.0 * 2 ** (rng.integers(0, 25, n_notes) / 12)
    root_hz = np.repeat(roots_hz, -(-N_SAMPLES // n_notes))[:N_SAMPLES]
    phase = 2 * np.pi * np.cumsum(root_hz) / SAMPLE_RATE_HZ
    third = rng.choice([1.2, 1.25])
    return np.asarray(sum(np.sin(phase * ratio * k) / k for ratio in (1.0, third, 1.5) for k in (1, 2, 3, 4)))


def sweep(rng: np.random.Generator) -> Array:
    """Return a sine wave that sweeps over the frequencies, up or down."""
    low, high = rng.uniform(80, 400), rng.uniform(2000, 7000)
    first, last = (low, high) if rng.random() < 0.5 else (high, low)
    return np.asarray(scipy.signal.chirp(TIME, first, SECONDS, last, method="logarithmic"))


def keypad(rng: np.random.Generator) -> Array:
    """Return a telephone's dialling tones (DTMF, ITU-T Q.23)."""
    samples = 1e-4 * rng.standard_normal(N_SAMPLES)
    n_on, n_off = round(rng.uniform(0.07, 0.2) * SAMPLE_RATE_HZ), round(rng.uniform(0.05, 0.15) * SAMPLE_RATE_HZ)
    for start in range(0, N_SAMPLES - n_on, n_on + n_off):
        part = slice(start, start + n_on)
        samples[part] += sum(np.sin(2 * np.pi * rng.choice(group) * TIME[:n_on]) for group in KEYPAD_HZ)
    return samples


def hum(rng: np.random.Generator) -> Array:
    """Return mains hum with its harmonics in near silence."""
    mains_hz = rng.choice([50.0, 60.0])
    harmonics = sum(rng.uniform(0.1, 1) * np.sin(2 * np.pi * mains_hz * k * TIME + rng.uniform(0, 6)) / k for k in range(1, 9))
    return np.asarray(harmonics + rng.uniform(0.001, 0.1) * rng.standard_normal(N_SAMPLES))


def gated_noise(rng: np.random.Generator) -> Array:
    """Return bursts of noise, as of a cutting line."""
    rate_hz, duty = rng.uniform(1, 8), rng.uniform(0.2, 0.8)
    is_on = (TIME * rate_hz) % 1 < duty
    return coloured_noise(rng, exponent=rng.uniform(0, 1.5)) * is_on


def siren(rng: np.random.Generator) -> Array:
    """Return a siren: a harmonic tone that rises and falls."""
    hz = rng.uniform(600, 900) * 2 ** (0.5 * np.sin(2 * np.pi * rng.uniform(0.3, 3) * TIME))
    phase = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE_HZ
    return np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase)


def bells(rng: np.random.Generator) -> Array:
    """Return bells by frequency modulation (Chowning 1973), each dying away."""
    samples = np.zeros(N_SAMPLES)
    for at in np.sort(rng.integers(0, N_SAMPLES // 2, rng.integers(1, 5))):
        t = TIME[: N_SAMPLES - at]
        hz = rng.uniform(200, 900)
        fade = np.exp(-t / rng.uniform(0.3, 1.0))
        samples[at:] += fade * np.sin(2 * np.pi * hz * t + 5 * fade * np.sin(2 * np.pi * 1.4 * hz * t))
    return samples


def melody(rng: np.random.Generator) -> Array:
    """Return one line of harmonic notes with vibrato, each swelling and dying away."""
    n = round(rng.uniform(0.2, 0.5) * SAMPLE_RATE_HZ)
    scale_hz = 262.0 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12]) / 12)
    hz = np.repeat(rng.choice(scale_hz, -(-N_SAMPLES // n)), n)[:N_SAMPLES] * (1 + 0.006 * np.sin(2 * np.pi * 5.5 * TIME))
    phase = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE_HZ
    envelope = np.tile(np.hanning(n) ** 0.3, -(-N_SAMPLES // n))[:N_SAMPLES]
    return np.asarray(envelope * sum(np.sin(k * phase) / k for k in range(1, 8)))


def engine(rng: np.random.Generator) -> Array:
    """Return a motor: a low pulse train with noise, its rate drifting."""
    hz = rng.uniform(25, 60) * (1 + 0.05 * np.sin(2 * np.pi * rng.uniform(0.1, 0.5) * TIME))
    pulses = scipy.signal.sawtooth(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE_HZ) ** 3
    return np.asarray(pulses + 0.3 * coloured_noise(rng, exponent=1) / 3)


def rain(rng: np.random.Generator) -> Array:
    """Return many small drops over a hiss."""
    drops = np.zeros(N_SAMPLES)
    at = rng.integers(0, N_SAMPLES, rng.integers(300, 3000))
    drops[at] = rng.exponential(1, len(at))
    return np.asarray(scipy.signal.lfilter([1], [1, -0.6, 0.3], drops) + 0.02 * rng.standard_normal(N_SAMPLES))


def morse(rng: np.random.Generator) -> Array:
    """Return a tone that is switched on and off, as Morse code is."""
    n = round(rng.uniform(0.05, 0.1) * SAMPLE_RATE_HZ)
    is_on = np.repeat(rng.random(-(-N_SAMPLES // n)) < 0.6, n)[:N_SAMPLES]
    return is_on * np.sin(2 * np.pi * rng.uniform(500, 1000) * TIME) + 1e-4 * rng.standard_normal(N_SAMPLES)


def birds(rng: np.random.Generator) -> Array:
    """Return chirps between 2 and 6 kHz."""
    samples = 1e-3 * rng.standard_normal(N_SAMPLES)
    for at in rng.integers(0, N_SAMPLES - 4000, rng.integers(4, 20)):
        n = int(rng.integers(800, 4000))
        hz = np.linspace(rng.uniform(2000, 6000), rng.uniform(2000, 6000), n)
        samples[at : at + n] += np.hanning(n) * np.sin(2 * np.pi * np.cumsum(hz) / SAMPLE_RATE_HZ)
    return samples


def ring_tone(rng: np.random.Generator) -> Array:
    """Return a telephone's ring: two tones, modulated fast, with a pause."""
    is_on = (TIME + rng.uniform(0, 1)) % 2 < 1.2
    warble = 1 + np.sign(np.sin(2 * np.pi * 20 * TIME))
    return is_on * warble * (np.sin(2 * np.pi * 440 * TIME) + np.sin(2 * np.pi * 480 * TIME)) + 1e-4 * rng.standard_normal(N_SAMPLES)


def drums(rng: np.random.Generator) -> Array:
    """Return beats: a falling tone and a burst of noise in turn."""
    samples = 1e-4 * rng.standard_normal(N_SAMPLES)
    n = round(rng.uniform(0.15, 0.4) * SAMPLE_RATE_HZ)
    for k, at in enumerate(range(0, N_SAMPLES - n, n)):
        t = TIME[:n]
        low = np.sin(2 * np.pi * 60 * t + 8 * (1 - np.exp(-t * 30))) * np.exp(-t * 15)
        samples[at : at + n] += low if k % 2 == 0 else 0.5 * rng.standard_normal(n) * np.exp(-t * 30)
    return samples


LEARNT: Mapping[str, Sound] = {
    "white noise": lambda rng: coloured_noise(rng, exponent=0),
    "pink noise": lambda rng: coloured_noise(rng, exponent=1),
    "brown noise": lambda rng: coloured_noise(rng, exponent=2),
    "1-bit noise": one_bit_noise,
    "speech-shaped noise": speech_shaped_noise,
    "clicks": clicks,
    "tone": tone,
    "chords": chords,
    "sweep": sweep,
    "keypad": keypad,
    "hum": hum,
    "gated noise": gated_noise,
}
"""Sounds that limits are learnt on."""

HELD_OUT: Mapping[str, Sound] = {
    "siren": siren,
    "bells": bells,
    "melody": melody,
    "engine": engine,
    "rain": rain,
    "Morse code": morse,
    "birds": birds,
    "ring tone": ring_tone,
    "drums": drums,
}
"""Sounds that nothing is learnt on."""
