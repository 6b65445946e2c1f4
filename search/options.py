"""The options of ``search/run.py``, and which of their values are refused before anything is read."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from corpora import CORPORA
from corpora.places import expanded, readable
from emotune.arguments import given_path
from emotune.errors import RunError
from evaluation.folds import RULES, SPEAKERS
from runs.layout import SHIPPED, RunFolder

DEFAULT_TRIALS = 50
LIST_CORPORA = "--list-corpora"
LIST_FAMILIES = "--list-families"
OBJECTIVES = ("everyday", "clean")
"""Values of :class:`evaluation.objective.Objective`, the default first; like the families, importing it takes a second, and the help
is there at once.
"""
LARGEST_SEED = 2**32 - 1
"""What NumPy's and scikit-learn's generators take."""
STORAGE_VARIABLE = "EMOTUNE_STORAGE"
CHECK_PAGE = "check.html"
"""What ``--check`` writes."""


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    from features.whisper.published import ENCODERS

    p = argparse.ArgumentParser(
        prog="search/run.py",
        description="Tune every family with Optuna on augmented speech; write a leaderboard for unseen speakers.",
        usage="%(prog)s [option ...]",
        epilog="Stopped by Ctrl-C or killed, the same command continues where it was.",
    )
    p.add_argument(
        "--trials", type=int, default=DEFAULT_TRIALS, metavar="N", help="trials of each of a family's two studies (%(default)s)"
    )
    p.add_argument("--families", metavar="A,B", help=f"which families, by comma; {LIST_FAMILIES} lists them (all)")
    for encoder in ENCODERS:
        p.add_argument(
            encoder.option,
            type=given_path,
            metavar="DIR",
            help=f"weights of Whisper {encoder.name} ({encoder.variable}, else downloaded)",
        )
    p.add_argument(
        "--corpus",
        metavar="KEY|PATH",
        help=f"one of {', '.join(CORPORA)}; a table with path, emotion and speaker; a folder with one subfolder an emotion; or "
        "several of them joined by + (what lies in --data, else ravdess, else synthetic)",
    )
    p.add_argument("--data", type=given_path, metavar="DIR", help="where the corpus lies (EMOTUNE_DATA, else data/)")
    p.add_argument("--map", metavar="A=B,C=D", help="emotions that labels stand for, such as wut=angry,boredom=sad")
    p.add_argument("--speaker-pattern", metavar="REGEX", help="what finds the speaker in the path of an own recording")
    p.add_argument("--speakers-unknown", action="store_true", help="go on without speakers: no figure is then for unseen ones")
    p.add_argument("--download", action="store_true", help="download a corpus into --data though that folder is not empty")
    p.add_argument("--out", type=given_path, metavar="DIR", help="results folder (leaderboard/results/CORPUS)")
    p.add_argument("--seed", type=int, default=0, metavar="N", help="of everything random (%(default)s)")
    p.add_argument("--timeout", type=float, metavar="MIN", help="begin no further trial after this many minutes")
    p.add_argument(
        "--protocol",
        choices=RULES,
        type=lambda word: SPEAKERS if word == "published" else word,
        default=SPEAKERS,
        help=f"what is left out to test on; {SPEAKERS}: published folds where a corpus has them, else balanced ones (%(default)s)",
    )
    p.add_argument("--emotions", metavar="common|all|A,B", help="which emotions (of several corpora the common ones, else all)")
    p.add_argument(
        "--objective",
        choices=OBJECTIVES,
        default=OBJECTIVES[0],
        help="what tuning maximises: UAR of inner clips as they are, or its mean with that of disturbed ones (%(default)s)",
    )
    p.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes; changes no result (%(default)s)")
    p.add_argument(
        "--storage",
        metavar="URL",
        default=os.environ.get(STORAGE_VARIABLE),
        help=f"database shared by hosts: postgresql://…, mysql://…, sqlite:///FILE, grpc://HOST:PORT ({STORAGE_VARIABLE})",
    )
    p.add_argument(
        "--artifacts", metavar="DIR|s3://BUCKET", help="where hosts with --storage exchange arrays (a folder in the results folder)"
    )
    p.add_argument(
        "--random-search", action="store_true", help="search each family at random too, as often, and show both in the report"
    )
    p.add_argument("--fresh", action="store_true", help="forget these families' earlier trials in the results folder")
    only = p.add_mutually_exclusive_group()
    only.add_argument(
        "--check",
        nargs="?",
        const="",
        metavar="KEY|PATH",
        help="say what the recordings are like and which folds would result, write check.html (to --out), and stop",
    )
    p.add_argument(LIST_CORPORA, action="store_true", help="list the registered corpora and how to get them, and stop")
    p.add_argument(LIST_FAMILIES, action="store_true", help="list the families of models, and stop")
    only.add_argument("--export-features", action="store_true", help="write features.csv (named functionals of every clip) and stop")
    return p


def require_possible(options: argparse.Namespace) -> None:
    """Refuse values that no run can have.

    Raises
    ------
    EmotuneError
        With the option, its rule and the value.
    """
    if options.trials < 1:
        raise RunError(f"--trials must be at least 1, got {options.trials}; 50 is a good number, 5 a quick look.")
    if not 0 <= options.seed <= LARGEST_SEED:
        raise RunError(f"--seed must be from 0 to {LARGEST_SEED}, got {options.seed}; give another.")
    if options.jobs < 1:
        raise RunError(f"--jobs must be at least 1, got {options.jobs}; leave it out for one process a core.")
    if options.timeout is not None and not options.timeout >= 0:  # nan is no number of minutes
        raise RunError(f"--timeout must be a number of minutes from 0 on, got {options.timeout:g}; leave it out for no limit.")
    if options.families is not None and not all(key.strip() for key in options.families.split(",")):
        raise RunError(
            f"--families must name a family on each side of every comma, got {options.families!r}; {LIST_FAMILIES} lists them."
        )


def results_folder(out: Path) -> Path:
    """Return the folder that ``--out`` names, if a run may be written there.

    A run whose conditions changed is set aside with everything in its folder, so that folder holds nothing else.

    Raises
    ------
    RunError
        If it is a file, lies among the shipped results, or holds what no run wrote.
    """
    folder = expanded(out).resolve()
    if readable(folder) != str(folder):
        raise RunError(f"--out must be a folder whose path is UTF-8, got {readable(folder)}; name another one.")
    require_place(folder)
    if foreign := _not_of_a_run(folder):
        raise RunError(
            f"--out must be a new folder, an empty one or that of an earlier run, but {folder} holds {readable(foreign)}; name a "
            "folder in it."
        )
    return folder


def require_place(folder: Path) -> None:
    """Refuse a resolved folder that ``--out`` names if it is a file, lies within one, or among the shipped results."""
    if file := next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None):
        where = "got" if file == folder else f"got {folder} within"
        raise RunError(f"--out must be a folder, {where} the file {file}; name another one.")
    if folder.is_relative_to(SHIPPED.resolve()):
        raise RunError(f"--out must not lie in {SHIPPED}, whose results are never written to, got {folder}; name another folder.")


def _not_of_a_run(folder: Path) -> str:
    """Return the first name in a folder that no run wrote; nothing where an earlier run lies."""
    run = RunFolder(folder)
    if not folder.is_dir() or any(path.exists() for path in (run.manifest, run.journal, run.leaderboard)):
        return ""
    begun = {path.name for path in (run.models, run.work, run.features)} | {CHECK_PAGE}
    return next((name for name in sorted(os.listdir(folder)) if name not in begun and not name.startswith(".")), "")
