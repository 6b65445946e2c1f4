"""Print how long a quick look takes from a cold cache: ``python -m benchmarks.quick_look``.

The search runs as its users start it, in a temporary folder with an empty feature cache. Every line of the search is printed with the
seconds that have passed, then the wall time, the processor time of all processes and the peak memory of the largest one.
``--corpus ravdess --trials 5`` measures a quick look at real recordings.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from emotune.files import PROJECT_ROOT
from search.plan import CACHE_VARIABLE

GOAL_SECONDS = {"synthetic": 120, "ravdess": 1200}
"""What a quick look may take on two cores."""


def search(folder: Path, arguments: list[str]) -> float:
    """Run the search in a folder, print its lines with their times, and return the seconds it took.

    Raises
    ------
    subprocess.CalledProcessError
        If the search fails.
    """
    command = [sys.executable, str(PROJECT_ROOT / "search" / "run.py"), *arguments, "--out", str(folder / "result")]
    environment = {**os.environ, CACHE_VARIABLE: str(folder / "cache"), "PYTHONUNBUFFERED": "1"}
    start = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            print(f"{time.perf_counter() - start:7.1f} s  {line.rstrip()}", flush=True)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", choices=GOAL_SECONDS, default="synthetic")
    parser.add_argument("--trials", type=int, default=2, metavar="N", help="trials of each study (2)")
    parser.add_argument("--families", default="", metavar="A,B", help="which families (all that need no download)")
    parser.add_argument("--data", default="", metavar="DIR", help="where the corpus lies")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="processes (2)")
    chosen = parser.parse_args()
    arguments = ["--corpus", chosen.corpus, "--trials", str(chosen.trials), "--jobs", str(chosen.jobs)]
    for option in ("families", "data"):
        arguments += [f"--{option}", getattr(chosen, option)] if getattr(chosen, option) else []
    with tempfile.TemporaryDirectory() as folder:
        seconds = search(Path(folder), arguments)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"wall time      {seconds:7.0f} s (goal {GOAL_SECONDS[chosen.corpus]} s)")
    print(f"processor time {used.ru_utime + used.ru_stime:7.0f} s")
    print(f"peak memory    {used.ru_maxrss / 1024:7.0f} MB of the largest process")


if __name__ == "__main__":
    main()
