"""Recordings of a few own speakers, made by code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write half a second of noise, another for each path."""
    n_written = 0

    def write_noise(relative: str, *, seed: int | None = None) -> Path:
        nonlocal n_written
        n_written += 1
        path = tmp_path / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(n_written if seed is None else 1000 + seed)
        soundfile.write(path, 0.1 * rng.standard_normal(SAMPLE_RATE_HZ // 2), SAMPLE_RATE_HZ)
        return path

    return write_noise
