"""Speech: where a voice is heard, block by block, and the stretches between the pauses.

A frame of 32 ms, every 10 ms, holds voice if it stands above the noise floor and is periodic as voices are. The floor is a low
percentile of the levels of the last seconds, so that it follows the room (Martin 2001, minimum statistics). Periodicity is the
largest normalised autocorrelation over the lags of voices, after a pre-emphasis that whitens hum and rumble (Boersma 1993). What lies
close to voiced frames, such as consonants, belongs to the speech.

What is found depends on the sound alone, never on the blocks that it comes in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ

HOP_SAMPLES = 160
WINDOW_SAMPLES = 512
N_FFT = 1024
HOP_SECONDS = HOP_SAMPLES / SAMPLE_RATE_HZ
FRAMES_A_STEP = 10
"""The noise floor is estimated anew after so many frames."""
VOICE_HZ = (70.0, 400.0)
BAND_HZ = (100.0, 4000.0)
POWER_FLOOR = 1e-10
PRIOR_FLOOR_DB = -60.0
N_PRIOR_FRAMES = 30
"""What the floor is taken for before anything was heard, and as how many frames that counts."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class SpeechSettings:
    """What counts as speech.

    Attributes
    ----------
    margin_db : float
        How far above the noise floor.
    min_level_db : float
        Level of full scale below which nothing is speech.
    min_periodicity : float
        Normalised autocorrelation of a voiced frame.
    floor_percentile, floor_seconds : float
        The floor is this percentile of the levels of the last so many seconds.
    lead_seconds, hangover_seconds : float
        What belongs to the speech before and after a voiced frame.
    max_pause_seconds : float
        A longer pause ends a stretch.
    min_voiced_seconds : float
        A stretch with less voice is dropped.
    max_stretch_seconds : float
        A longer stretch is cut at its quietest place.
    """

    margin_db: float = 8.0
    min_level_db: float = -65.0
    min_periodicity: float = 0.5
    floor_percentile: float = 10.0
    floor_seconds: float = 8.0
    lead_seconds: float = 0.15
    hangover_seconds: float = 0.25
    max_pause_seconds: float = 0.5
    min_voiced_seconds: float = 0.15
    max_stretch_seconds: float = 5.0


@dataclass(frozen=True, eq=False)
class Frames:
    """What was measured of some frames, in order.

    Attributes
    ----------
    level_db, floor_db : ndarray [shape=(n,)]
        Level and noise floor, in dB of full scale.
    is_voiced : ndarray [shape=(n,), dtype=bool]
        Whether a voice is heard.
    """

    level_db: NDArray[np.float64]
    floor_db: NDArray[np.float64]
    is_voiced: NDArray[np.bool_]


@dataclass(frozen=True)
class Stretch:
    """A stretch of speech between pauses, in seconds from the start."""

    start_seconds: float
    end_seconds: float


class VoiceActivity:
    """Voice activity of sound that comes in blocks.

    Parameters
    ----------
    settings : SpeechSettings
        What counts as speech.
    """

    def __init__(self, settings: SpeechSettings | None = None) -> None:
        self.settings = settings or SpeechSettings()
        self._n_levels = max(1, round(self.settings.floor_seconds / HOP_SECONDS))
        self._levels = np.full(N_PRIOR_FRAMES, PRIOR_FLOOR_DB)
        self._rest: Samples = np.zeros(0, dtype=np.float32)

    def push(self, samples: Samples) -> Frames:
        """Return the frames that a block completes.

        Parameters
        ----------
        samples : ndarray [shape=(n,), dtype=float32]
            What follows, mono at ``SAMPLE_RATE_HZ``; any number of samples.
        """
        self._rest = np.concatenate([self._rest, samples])
        step = FRAMES_A_STEP * HOP_SAMPLES
        n_steps = max(0, (len(self._rest) - (WINDOW_SAMPLES - HOP_SAMPLES)) // step)
        if n_steps == 0:
            return Frames(np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool))
        used = self._rest[: n_steps * step + WINDOW_SAMPLES - HOP_SAMPLES]
        windows = sliding_window_view(used, WINDOW_SAMPLES)[::HOP_SAMPLES]
        self._rest = self._rest[n_steps * step :].copy()
        blocks = np.square(used[: len(windows) * HOP_SAMPLES], dtype=np.float64).reshape(-1, HOP_SAMPLES).mean(axis=1)
        level_db = 10 * np.log10(blocks + POWER_FLOOR)
        floor_db = np.repeat([self._floor_after(part) for part in level_db.reshape(n_steps, FRAMES_A_STEP)], FRAMES_A_STEP)
        may_speak = (level_db >= floor_db + self.settings.margin_db) & (level_db >= self.settings.min_level_db)
        is_voiced = np.zeros(len(level_db), dtype=bool)
        # Each step on its own, so that rounding does not depend on the block.
        for first in range(0, len(level_db), FRAMES_A_STEP):
            part = slice(first, first + FRAMES_A_STEP)
            if may_speak[part].any():
                is_voiced[part] = may_speak[part] & (periodicity(windows[part]) >= self.settings.min_periodicity)
        return Frames(level_db, floor_db, is_voiced)

    def _floor_after(self, level_db: NDArray[np.float64]) -> float:
        self._levels = np.concatenate([self._levels, level_db])[-self._n_levels :]
        k = int(len(self._levels) * self.settings.floor_percentile / 100)
        return float(np.partition(self._levels, k)[k])


def periodicity(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how periodic windows are, from 0 for noise to about 1 for a steady voice.

    Parameters
    ----------
    windows : ndarray [shape=(n, 512), dtype=float32]
        Windows of samples at ``SAMPLE_RATE_HZ``, not tapered.

    Returns
    -------
    ndarray [shape=(n,)]
        The largest autocorrelation over the lags of 70 to 400 Hz, divided by that at lag 0 and by the taper's own (Boersma 1993).
    """
    taper, weights, own, lags = _periodicity_parts()
    spectrum = np.fft.rfft((windows - windows.mean(axis=1, keepdims=True)) * taper, N_FFT, axis=1)[:, : len(weights)]
    correlation = np.fft.irfft((spectrum.real**2 + spectrum.imag**2) * weights, N_FFT // 2, axis=1)
    relative = correlation[:, lags] / (own * np.maximum(correlation[:, :1], np.float32(POWER_FLOOR)))
    return np.asarray(relative.max(axis=1))


@lru_cache(maxsize=1)
def _periodicity_parts() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], slice]:
    """Return the taper, the weight of each frequency up to 4 kHz, the taper's autocorrelation and the lags, at half the rate."""
    taper = np.hanning(WINDOW_SAMPLES)
    hz = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ)[: N_FFT // 4 + 1]
    emphasis = np.abs(1 - 0.9 * np.exp(-2j * np.pi * hz / SAMPLE_RATE_HZ)) ** 2
    weights = np.where((hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1]), emphasis, 0.0)
    lags = slice(int(SAMPLE_RATE_HZ / 2 / VOICE_HZ[1]), int(SAMPLE_RATE_HZ / 2 / VOICE_HZ[0]) + 1)
    own = np.fft.irfft(np.abs(np.fft.rfft(taper, N_FFT)) ** 2, N_FFT)[::2]
    return taper.astype(np.float32), weights.astype(np.float32), (own[lags] / own[0]).astype(np.float32), lags


@dataclass(frozen=True)
class _Open:
    """A stretch that has begun: frames from ``first`` on, voiced last at ``last``; levels of all frames since its start."""

    first: int
    last: int
    n_voiced: int
    levels: list[float] = field(default_factory=list)


class StretchFinder:
    """Stretches of speech, each told once its pause has come.

    Parameters
    ----------
    settings : SpeechSettings
        What counts as speech.
    """

    def __init__(self, settings: SpeechSettings | None = None) -> None:
        self.settings = settings or SpeechSettings()
        self._activity = VoiceActivity(self.settings)
        self._frame = 0
        self._ended = 0
        self._open: _Open | None = None

    @property
    def needed_from_seconds(self) -> float:
        """Where sound begins that a later stretch may still hold."""
        lead = self._frames(self.settings.lead_seconds)
        first = self._frame if self._open is None else self._open.first
        return max(self._ended, first - lead) * HOP_SECONDS

    def push(self, samples: Samples) -> list[Stretch]:
        """Return the stretches that end with a block of mono samples [shape=(n,)] at ``SAMPLE_RATE_HZ``."""
        found: list[Stretch] = []
        frames = self._activity.push(samples)
        for level_db, is_voiced in zip(frames.level_db.tolist(), frames.is_voiced.tolist(), strict=True):
            self._step(level_db, is_voiced, found)
        return found

    def finish(self) -> list[Stretch]:
        """Return the stretch that the end of the sound ends, if there is one."""
        found: list[Stretch] = []
        if self._open is not None:
            self._close(self._open, found)
        return found

    def _step(self, level_db: float, is_voiced: bool, found: list[Stretch]) -> None:
        settings, at = self.settings, self._frame
        self._frame += 1
        if self._open is None:
            if is_voiced:
                self._open = _Open(at, at, 1, [level_db])
            return
        self._open.levels.append(level_db)
        if is_voiced:
            self._open = replace(self._open, last=at, n_voiced=self._open.n_voiced + 1)
        elif at - self._open.last > self._frames(settings.max_pause_seconds):
            self._close(self._open, found)
            return
        if at - self._open.first >= self._frames(settings.max_stretch_seconds - settings.lead_seconds):
            self._cut(self._open, found)

    def _close(self, one: _Open, found: list[Stretch]) -> None:
        self._open = None
        last = min(one.last + 1 + self._frames(self.settings.hangover_seconds), self._frame)
        self._add(one, last, found)

    def _cut(self, one: _Open, found: list[Stretch]) -> None:
        """End a stretch that is too long at the quietest place of its second half; the rest begins the next one."""
        half = len(one.levels) // 2
        smooth = np.convolve(one.levels[half:], np.ones(FRAMES_A_STEP) / FRAMES_A_STEP, mode="same")
        at = one.first + half + int(smooth[:-FRAMES_A_STEP].argmin())
        rest = one.levels[at - one.first :]
        n_rest = round(one.n_voiced * len(rest) / len(one.levels))
        self._add(replace(one, n_voiced=one.n_voiced - n_rest), at, found)
        self._open = _Open(at, max(at, one.last), n_rest, rest)

    def _add(self, one: _Open, end: int, found: list[Stretch]) -> None:
        if one.n_voiced * HOP_SECONDS < self.settings.min_voiced_seconds:
            return
        start = max(self._ended, one.first - self._frames(self.settings.lead_seconds))
        self._ended = end
        found.append(Stretch(round(start * HOP_SECONDS, 2), round(end * HOP_SECONDS, 2)))

    @staticmethod
    def _frames(seconds: float) -> int:
        return round(seconds / HOP_SECONDS)
