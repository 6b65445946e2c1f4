"""Sounds for the loader's tests, and ways to write them as people's devices do."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import soxr

from audio.clip import SAMPLE_RATE_HZ
from audio.load import Loaded
from audio.notes import NoteKind

TONE_HZ = 440


def tone(*, seconds: float = 1.0, rate_hz: int = SAMPLE_RATE_HZ, n_channels: int = 1) -> np.ndarray:
    """Return a tone [shape=(n, channels)] with quiet noise, which keeps it from being band-limited."""
    n = round(seconds * rate_hz)
    mono = 0.3 * np.sin(2 * np.pi * TONE_HZ * np.arange(n) / rate_hz) + 0.003 * np.random.default_rng(0).standard_normal(n)
    return np.repeat(mono[:, None], n_channels, axis=1).astype(np.float32)


def noise(n_samples: int = 2 * SAMPLE_RATE_HZ) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(n_samples)).astype(np.float32)


def speech(*, seconds: float = 4.0, seed: int = 0, delay: float = 0.0) -> np.ndarray:
    """Return something with the envelope of speech [shape=(n,)]: syllables of noise and harmonics between pauses."""
    rng = np.random.default_rng(seed)
    n = round(seconds * SAMPLE_RATE_HZ)
    t = np.arange(n) / SAMPLE_RATE_HZ
    is_word = np.repeat(rng.random(round(seconds / 0.4) + 1) < 0.6, round(0.4 * SAMPLE_RATE_HZ))[:n]
    is_word[: n // 8] = True
    syllables = np.clip(np.sin(2 * np.pi * 4 * t + rng.random()), 0, 1)
    envelope = np.roll(is_word * syllables, round(delay * SAMPLE_RATE_HZ))
    f0_hz = 120 + 80 * rng.random() + 20 * np.sin(2 * np.pi * 0.7 * t)
    voice = sum(np.sin(k * 2 * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE_HZ) / k for k in range(1, 30))
    return (0.15 * envelope * (voice + 0.3 * rng.standard_normal(n)) + 1e-4 * rng.standard_normal(n)).astype(np.float32)


def pcm(samples: np.ndarray) -> bytes:
    return (samples * 32767).astype("<i2").tobytes()


def wav_head(n_bytes: int, *, rate_hz: int = SAMPLE_RATE_HZ) -> bytes:
    """Return the first 44 bytes of a WAV file whose header states a number of bytes of sound."""
    riff = struct.pack("<I", min(36 + n_bytes, 0xFFFFFFFF))
    form = struct.pack("<IHHIIHH", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16)
    return b"RIFF" + riff + b"WAVEfmt " + form + b"data" + struct.pack("<I", n_bytes)


def write_av(
    path: Path, samples: np.ndarray, codec: str, rate_hz: int, *, container: str | None = None, options: dict[str, str] | None = None
) -> None:
    """Encode mono samples at the project's rate with FFmpeg, at another rate."""
    resampled = soxr.resample(samples, SAMPLE_RATE_HZ, rate_hz) if rate_hz != SAMPLE_RATE_HZ else samples
    with av.open(path, "w", format=container, options=options or {}) as file:
        stream = file.add_stream(codec, rate=rate_hz, layout="mono")
        values = (np.clip(resampled, -1, 1) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(values, format="s16", layout="mono")
        frame.sample_rate, frame.pts = rate_hz, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)


def kinds(loaded: Loaded) -> list[NoteKind]:
    return [note.kind for note in loaded.notes]


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))
