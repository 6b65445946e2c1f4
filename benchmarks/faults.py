"""Kill whole runs at random moments and check what they leave: ``python -m benchmarks.faults``.

A run in a session of its own is ended with SIGKILL, with all its processes, after a random time; then everything in its folder and
in the feature cache must be readable or absent. The same command continues until it ends, and what it leaves must equal the result
of a run that was never killed, except for times. Then the next run begins, until there were enough kills. The recordings are few and
made by code.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from corpora.synthetic import Synthetic
from emotune.errors import EmotuneError
from emotune.files import PROJECT_ROOT
from leaderboard.table import read_leaderboard
from metrics.predictions import read_predictions
from models import FAMILIES
from models.ood import load_ood_detector
from runs.champions import load_champion
from runs.layout import RunFolder
from runs.manifest import read_manifest

FAMILIES_TO_RUN = "dummy,linear,xgboost"
EMOTIONS = ("neutral", "happy", "sad", "angry")
VARYING = ["tune_seconds", "fit_seconds", "predict_ms_per_clip", "run_hash", "model_mb"]
"""Columns of times, and the size of files that hold addresses in memory."""
EARLIEST_SECONDS = 2.0
"""Before it the command imports its libraries."""


def write_recordings(folder: Path) -> Path:
    """Write 48 recordings of six speakers, one subfolder an emotion and in it one a speaker."""
    for clip in Synthetic(n_speakers=6, n_sentences=1, n_takes=2).read().clips:
        if clip.emotion in EMOTIONS:
            path = folder / clip.emotion / clip.speaker / f"{Path(clip.name).name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, clip.samples, SAMPLE_RATE_HZ)
    return folder


def command(folder: Path, *, trials: int) -> list[str]:
    """Return the command of a run on the recordings beside its folder."""
    options = {"corpus": folder.with_name("recordings"), "trials": trials, "families": FAMILIES_TO_RUN, "jobs": 2, "out": folder}
    return [sys.executable, str(PROJECT_ROOT / "search" / "run.py"), *(f"--{name}={value}" for name, value in options.items())]


def run_for(seconds: float | None, folder: Path, cache: Path, *, trials: int) -> bool:
    """Run the command, for a limited time if one is given, and return whether it ended by itself."""
    with folder.with_name(f"{folder.name}.err").open("a") as log:
        process = subprocess.Popen(
            command(folder, trials=trials),
            env=os.environ | {"EMOTUNE_CACHE": str(cache)},
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False
    if code:
        raise SystemExit(f"A run that continues must end with code 0, got {code}; see {log.name}.")
    return True


def damages(folder: Path, cache: Path) -> list[str]:
    """Return what cannot be read of all that stands under its final name in a run's folder and in the cache."""
    run, found = RunFolder(folder), list[str]()
    readers = {run.manifest: read_manifest, run.leaderboard: read_leaderboard, run.predictions: read_predictions}
    for path, read in {**readers, run.ood: load_ood_detector}.items():
        with noted(path, found):
            if path.exists():
                read(path)
    if run.report.exists() and not run.report.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        found.append(f"{run.report}: it has no end")
    for champion in sorted(run.models.glob("[!.]*")):
        with noted(champion, found):
            load_champion(champion)
    for path in sorted((*run.work.glob("[!.]*"), *cache.rglob("[!.]*.npy"))):
        with noted(path, found):
            _read_part(path, n_emotions=len(read_manifest(run.manifest).emotions) if run.manifest.exists() else 0)
    return found


def _read_part(path: Path, *, n_emotions: int) -> None:
    """Read an evaluation, a last fit or an array of the cache."""
    if path.is_dir():
        FAMILIES[path.name.partition("-champion-")[0]].load(path, n_emotions=n_emotions)
    elif path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            [arrays[name] for name in arrays.files]
    elif path.suffix == ".npy":
        np.load(path, allow_pickle=False)


@contextmanager
def noted(path: Path, found: list[str]) -> Iterator[None]:
    """Add what goes wrong to a list."""
    try:
        yield
    except (EmotuneError, OSError, ValueError, KeyError, EOFError, RuntimeError) as error:
        found.append(f"{path}: {error}")


def litter(folder: Path) -> list[str]:
    """Return the temporary files and folders that lie in a run's folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))


def differences(folder: Path, reference: Path) -> list[str]:
    """Return the result files that differ from those of a run that was never killed."""
    found = []
    boards = [read_leaderboard(RunFolder(one).leaderboard).drop(columns=VARYING) for one in (folder, reference)]
    if not boards[0].equals(boards[1]):
        found.append("leaderboard.csv")
    if RunFolder(folder).predictions.read_bytes() != RunFolder(reference).predictions.read_bytes():
        found.append("predictions.csv")
    return found


def kill_runs(place: Path, *, n_kills: int, trials: int, seed: int) -> list[str]:
    """Kill runs, tell of each, and return everything that was wrong."""
    rng, wrong = random.Random(seed), list[str]()
    write_recordings(place / "recordings")
    started = time.monotonic()
    run_for(None, place / "reference", place / "cache-reference", trials=trials)
    seconds = time.monotonic() - started
    print(f"undisturbed run: {seconds:.0f} s", flush=True)
    n_done = k = 0
    while n_done < n_kills or k == 0:
        k += 1
        folder, cache, n_here = place / f"run{k}", place / f"cache{k}", 0
        while n_done < n_kills and not run_for(moment := rng.uniform(EARLIEST_SECONDS, seconds), folder, cache, trials=trials):
            n_done, n_here = n_done + 1, n_here + 1
            bad = damages(folder, cache)
            print(f"kill {n_done:2d} of run {k} after {moment:5.1f} s: {'; '.join(bad) or 'all readable'}", flush=True)
            wrong += bad
        run_for(None, folder, cache, trials=trials)
        bad = [*damages(folder, cache), *differences(folder, place / "reference"), *litter(folder)]
        bad += [str(path) for path in place.glob(f"run{k}.until-*")]
        print(f"run {k} ended after {n_here} kills: {'; '.join(bad) or 'equal to the undisturbed one, no litter'}", flush=True)
        wrong += bad
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--trials", type=int, default=2, metavar="N", help="trials of each study (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments (%(default)s)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep everything here (a temporary folder)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emotune-faults-") as temporary:
        place = arguments.folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        wrong = kill_runs(place.resolve(), n_kills=arguments.kills, trials=arguments.trials, seed=arguments.seed)
    print(f"{arguments.kills} kills, {len(wrong)} faults")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
