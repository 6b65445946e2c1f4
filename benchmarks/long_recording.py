"""Print what a long recording costs: ``python -m benchmarks.long_recording [FILE] [--minutes 10] [--results DIR]``.

Without a file, synthetic speech with pauses is written as stereo FLAC at 48 kHz. Time is from opening the file to the last answer, as
a share of the recording's time; memory is the largest growth of the process meanwhile.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr

from audio.clip import SAMPLE_RATE_HZ
from corpora.synthetic import Synthetic
from page.engine import Engine
from page.in_time import InTime
from page.long import read_long
from runs.layout import choose_run

RATE_HZ = 48_000
PAUSE_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", help="a recording")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--results", type=Path, help="a result's folder")
    parser.add_argument("--family", default="", help="who answers (default: the best that answers in time)")
    options = parser.parse_args()
    engine = Engine(choose_run(options.results).path)
    engine.warm_up().join()
    family = InTime().choose(engine, options.family)
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or write_talk(Path(folder) / "talk.flac", minutes=options.minutes)
        before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.perf_counter()
        answer = read_long(engine, path, family=family, max_minutes=None)
        seconds = time.perf_counter() - start
    more_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mb
    print(
        f"{family}: {answer.duration_seconds / 60:.1f} min, {len(answer.rows)} stretches in {seconds:.1f} s, "
        f"{seconds / answer.duration_seconds:.1%} of its time, {more_mb:.0f} MB more"
    )


def write_talk(path: Path, *, minutes: float) -> Path:
    """Write synthetic sentences with pauses, stereo at 48 kHz."""
    clips = Synthetic(n_speakers=2, n_sentences=2, n_takes=1).read().clips
    pause = np.zeros(round(PAUSE_SECONDS * SAMPLE_RATE_HZ), dtype=np.float32)
    talk = soxr.resample(np.concatenate([part for clip in clips for part in (clip.samples, pause)]), SAMPLE_RATE_HZ, RATE_HZ)
    n_left = round(60 * minutes * RATE_HZ)
    with soundfile.SoundFile(path, "w", RATE_HZ, 2) as file:
        while n_left > 0:
            file.write(np.stack([talk[:n_left]] * 2, axis=1))
            n_left -= len(talk)
    return path


if __name__ == "__main__":
    main()
