"""Print what loading recordings costs: ``python -m benchmarks.loading FOLDER``.

Every recording under the folder is loaded, and beside it decoded by soundfile and resampled by soxr without any check. Both go over
all files several times in turns, and the fastest time of each counts, extrapolated to RAVDESS's 1440 clips.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.load import load

N_CORPUS_CLIPS = 1440
SUFFIXES = {".wav", ".flac", ".ogg", ".mp3"}


def plain(path: Path) -> NDArray[np.float32]:
    """Load as a script would, without checks or notes."""
    frames, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono = frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1)
    return mono if rate_hz == SAMPLE_RATE_HZ else soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ, quality="VHQ")


def seconds_for(loader: Callable[[Path], object], paths: Sequence[Path]) -> float:
    """Return how long it takes to load all files, one after another."""
    start = time.perf_counter()
    for path in paths:
        loader(path)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="recordings, at any depth")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="passes over all files")
    arguments = parser.parse_args()
    paths = sorted(path for path in arguments.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        parser.error(f"there are no recordings under {arguments.folder}")
    loaders: dict[str, Callable[[Path], object]] = {"soundfile and soxr": plain, "load": load}
    times = [{name: seconds_for(loader, paths) for name, loader in loaders.items()} for _ in range(arguments.repeats)]
    for name in loaders:
        best = min(passed[name] for passed in times)
        print(f"{name:<20}{best:7.2f} s for {len(paths)} clips, {best / len(paths) * N_CORPUS_CLIPS:7.2f} s for {N_CORPUS_CLIPS}")


if __name__ == "__main__":
    main()
