"""Print what checking recordings costs: ``python -m benchmarks.check FOLDER --corpus ravdess``.

The whole of ``--check`` is timed (reading, near-duplicates, formats, folds), and the search for near-duplicates alone, with how many
pairs it finds. Times are also extrapolated to RAVDESS's 1440 clips.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from pathlib import Path

from rich.console import Console

from corpora.choose import choose_corpus
from corpora.near_duplicates import find_near_duplicates
from search.check import Request, check
from search.progress import ConsoleReporter

N_CORPUS_CLIPS = 1440


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the recordings lie")
    parser.add_argument("--corpus", metavar="KEY|PATH", help="what they are (what lies in the folder)")
    arguments = parser.parse_args()
    quiet = Console(file=io.StringIO())
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        code = check(Request(arguments.corpus, data=arguments.folder, out=Path(out)), console=quiet, reporter=ConsoleReporter(quiet))
        seconds = time.perf_counter() - start
    clips = choose_corpus(arguments.corpus, data=arguments.folder).read(arguments.folder).clips
    start = time.perf_counter()
    pairs = find_near_duplicates(clips)
    seconds_for_pairs = time.perf_counter() - start
    print(f"exit code {code}, {len(clips)} clips, {len(pairs)} pairs of near-duplicates")
    for what, spent in (("--check", seconds), ("near-duplicates", seconds_for_pairs)):
        print(f"{what:<17}{spent:7.2f} s, {spent / max(len(clips), 1) * N_CORPUS_CLIPS:7.2f} s for {N_CORPUS_CLIPS}")


if __name__ == "__main__":
    main()
