"""clip → log-mel: the input of Whisper's encoder (Radford et al. 2022, arXiv 2212.04356)."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import BadRecordingError

WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
MIN_POWER = 1e-10
RANGE_DECADES = 8.0
"""Range below the clip's maximum of the published encoders."""
SPEECH_RANGE_DECADES = 6.0
"""Range that hides more of the background noise."""


def log_mel(samples: NDArray[np.float32], *, n_mels: int = 80, range_decades: float = RANGE_DECADES) -> NDArray[np.float32]:
    """Return Whisper's log-mel spectrogram of a clip.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at 16 kHz, at least one window (25 ms) long.
    n_mels : int
        Mel bands over 0-8 kHz; the ``num_mel_bins`` of the encoder's configuration.
    range_decades : float > 0
        Lower powers than so many decades below the clip's maximum are raised to that limit.

    Returns
    -------
    ndarray [shape=(n_mels, n // 160), dtype=float32]
        One frame each 10 ms, log10 power within the range, then (x + 4) / 4.

    Raises
    ------
    BadRecordingError
        If the clip is shorter than a window.
    """
    if len(samples) < WINDOW_SAMPLES:
        raise BadRecordingError(
            "clip", f"Whisper needs at least {WINDOW_SAMPLES} samples (25 ms at 16 kHz), got {len(samples)}; use a longer one."
        )
    centred = np.pad(samples.astype(np.float32, copy=False), WINDOW_SAMPLES // 2, mode="reflect")
    # Whisper drops the last of the 1 + n // 160 centred windows.
    frames = np.lib.stride_tricks.sliding_window_view(centred, WINDOW_SAMPLES)[::HOP_SAMPLES][: len(samples) // HOP_SAMPLES]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    decades = np.log10(np.maximum(_mel_bands(n_mels) @ power.T, MIN_POWER))
    return (np.maximum(decades, decades.max() - range_decades) + 4) / 4


@cache
def _hann() -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES)).astype(np.float32)


@cache
def _mel_bands(n_mels: int) -> NDArray[np.float32]:
    from librosa.filters import mel

    bands: NDArray[np.float32] = mel(sr=SAMPLE_RATE_HZ, n_fft=WINDOW_SAMPLES, n_mels=n_mels)
    return bands
