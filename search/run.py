"""Tune every family and write the leaderboard: ``python search/run.py --trials 50``."""

import sys
from pathlib import Path

if not __package__:
    # As a script, only this folder is importable, and by names that would hide other modules: put the project's root in its place.
    root, here = Path(__file__).resolve().parents[1], Path(__file__).resolve().parent
    sys.path[:] = [str(root)] + [entry for entry in sys.path if Path(entry or ".").resolve() not in (root, here)]

if __name__ == "__main__":
    from search.cli import main

    sys.exit(main())
