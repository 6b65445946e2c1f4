"""What the page's benchmarks share: the page as a process of its own, and clips to ask it about."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from corpora.synthetic import Synthetic

ROOT = Path(__file__).resolve().parents[1]
CLIP_SECONDS = 3.0
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Page:
    """The page as a process."""

    url: str
    process: psutil.Process
    started: float

    @property
    def resident_mb(self) -> float:
        """Memory of the page and its children."""
        everyone = [self.process, *self.process.children(recursive=True)]
        return sum(one.memory_info().rss for one in everyone) / 1e6


@contextmanager
def page(results: Path, *, port: int) -> Iterator[Page]:
    """Run ``python app.py`` until it answers HTTP, and stop it afterwards."""
    import httpx

    command = [sys.executable, "app.py", "--results", str(results), "--port", str(port)]
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/"
    try:
        while time.perf_counter() - started < PATIENCE_SECONDS:
            if process.poll() is not None:
                raise SystemExit(f"The page ended with {process.returncode}; run {' '.join(command[1:])} to see why.")
            try:
                httpx.get(url, timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield Page(url, psutil.Process(process.pid), started)
    finally:
        process.terminate()
        process.wait(30)


def make_clips(folder: Path, *, n: int) -> list[Path]:
    """Write synthetic recordings of 3 s."""
    clips = Synthetic(n_speakers=4).read().clips
    n_samples = round(CLIP_SECONDS * SAMPLE_RATE_HZ)
    paths = []
    for k in range(n):
        both = np.concatenate([clips[k % len(clips)].samples, clips[(k + 1) % len(clips)].samples])
        paths.append(folder / f"{k}.wav")
        soundfile.write(paths[-1], np.resize(both, n_samples), SAMPLE_RATE_HZ)
    return paths


def percentiles(seconds: list[float]) -> str:
    """Median and 95th percentile in ms."""
    median, high = 1000 * np.percentile(seconds, [50, 95])
    return f"median {median:6.0f} ms   95th percentile {high:6.0f} ms"
