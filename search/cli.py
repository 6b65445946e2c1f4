"""The command line of ``search/run.py``."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from corpora import CORPORA, Corpus
from corpora.choose import choose_corpus
from corpora.labels import parse_map
from corpora.own import Options
from corpora.places import expanded, is_named, readable
from emotune.errors import CorpusError, DownloadError, EmotuneError, MissingLibraryError, RunError
from evaluation.folds import LEAVE_CORPORA_OUT
from search.options import LIST_CORPORA, LIST_FAMILIES, parser, require_possible, results_folder

if TYPE_CHECKING:
    import pandas as pd

    from models import Family
    from search.plan import Shared

NOT_REAL = (
    "RAVDESS is not here and could not be downloaded, so this run uses the embedded SYNTHETIC corpus: speech-like sounds made by "
    "code. Its numbers say nothing about real speech. Give --data DIR, or --corpus ravdess to insist."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for option, show in LISTS.items():
        if option in given:
            return show()
    options = parser().parse_args(given)
    try:
        require_possible(options)
        if options.check is not None:
            return _check(options)
        return _run(options, given)
    except EmotuneError as error:
        print(f"emotune: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        print(
            f"emotune: the run's folder and the cache must be writable, but: {error.strerror or error}{place}; free some space or "
            f"give --out (EMOTUNE_CACHE for the cache) a folder that can be written to, then repeat the command: it continues.",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("\nemotune: stopped; the same command continues from here.", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace, given: Sequence[str]) -> int:
    # Imported here, so that --help answers at once.
    from evaluation.objective import Objective
    from runs.layout import RESULTS
    from search.plan import RunPlan
    from search.progress import ConsoleReporter
    from search.runner import run

    folder = None if options.out is None else results_folder(options.out)
    corpus, is_fallback = _choose_corpus(options)
    families = _choose_families(options, may_download=corpus.is_real)
    left_out = "-left-out" if options.protocol == LEAVE_CORPORA_OUT else ""
    folder = folder or results_folder(RESULTS / f"{corpus.key}{left_out}")
    if is_fallback:
        print(NOT_REAL, file=sys.stderr)
    plan = RunPlan(
        corpus=corpus,
        families=families,
        n_trials=options.trials,
        folder=folder,
        data=options.data,
        seed=options.seed,
        n_jobs=options.jobs,
        protocol=options.protocol,
        emotions=options.emotions,
        timeout_seconds=None if options.timeout is None else 60 * options.timeout,
        fresh=options.fresh,
        encoders=_encoders(options),
        command="python search/run.py " + readable(shlex.join(_without_password(given, options.storage))),
        shared=_shared(options, folder),
        compares_random=options.random_search,
        objective=Objective(options.objective),
    )
    if options.export_features:
        from search.export import export_features

        print(export_features(plan, ConsoleReporter()))
        return 0
    board: pd.DataFrame | None
    if plan.shared:
        from search.hosts import run_shared

        board = run_shared(plan, ConsoleReporter())
    else:
        board = run(plan, ConsoleReporter())
    if board is not None:
        _print_board(board, corpus, folder)
    if is_fallback:
        print(NOT_REAL, file=sys.stderr)
    return 0


def _shared(options: argparse.Namespace, folder: Path) -> Shared | None:
    """Return what hosts share, if a database was named."""
    from search.artifacts import BUCKET
    from search.plan import Shared
    from search.storage import Database

    if not options.storage:
        if options.artifacts:
            raise RunError(
                f"--artifacts is where hosts with --storage exchange arrays, got {options.artifacts} alone; add --storage."
            )
        return None
    if options.random_search:
        raise RunError("--random-search compares in the run's own journal, got it with --storage; leave one of them out.")
    own = str(folder / "work" / "artifacts")
    if not options.artifacts:
        print(f"emotune: hosts exchange arrays in {own}; where they do not share that folder, give --artifacts.", file=sys.stderr)
    is_bucket = (options.artifacts or "").startswith(BUCKET)
    artifacts = options.artifacts if is_bucket else str(Path(options.artifacts or own).expanduser().resolve())
    return Shared(Database(options.storage), artifacts)


def _without_password(given: Sequence[str], url: str | None) -> list[str]:
    """Return the arguments as the run's folder may record them."""
    from search.storage import without_password

    return [argument.replace(url, without_password(url)) for argument in given] if url else list(given)


def _list_corpora() -> int:
    from corpora.listing import corpora_sections
    from corpora.sections import screen, show

    show(corpora_sections(), screen())
    return 0


def _list_families() -> int:
    from models import FAMILIES

    width = max(map(len, FAMILIES))
    for key, family in FAMILIES.items():
        print(f"{key:{width}}  {family.description or family.title}")
    return 0


LISTS: Mapping[str, Callable[[], int]] = {LIST_CORPORA: _list_corpora, LIST_FAMILIES: _list_families}
"""What is answered whatever else is asked."""


def _check(options: argparse.Namespace) -> int:
    from corpora.sections import screen
    from search.check import Request, check
    from search.progress import ConsoleReporter

    if options.check and options.corpus and options.check != options.corpus:
        raise CorpusError(
            f"--check must be told once what to check, got {options.check} and --corpus {options.corpus}; leave one out."
        )
    request = Request(
        options.check or options.corpus,
        data=options.data,
        own=_own_options(options),
        protocol=options.protocol,
        emotions=options.emotions,
        allow_download=options.download,
        out=options.out,
    )
    return check(request, console=screen(), reporter=ConsoleReporter())


def _choose_families(options: argparse.Namespace, *, may_download: bool) -> tuple[Family, ...]:
    """Return the families that were asked for, or all that can be fitted here."""
    from features.whisper.published import use_encoders
    from models import FAMILIES
    from search.encoders import require_size

    use_encoders(_encoders(options))
    if options.families is not None:
        asked = tuple(FAMILIES[key] for key in dict.fromkeys(key.strip() for key in options.families.split(",")))
        for family in asked:
            family.require(may_download=True)
            require_size(family)
        return asked
    possible = []
    for family in FAMILIES.values():
        try:
            family.require(may_download=may_download)
            require_size(family)
        except MissingLibraryError:
            continue  # of an optional extra; asked for by name, the family says how to get it
        except DownloadError as error:
            print(f"emotune: {family.key} is left out. {error}", file=sys.stderr)
        else:
            possible.append(family)
    return tuple(possible)


def _encoders(options: argparse.Namespace) -> dict[str, Path]:
    """Return the folders of pretrained weights that were named, by key of the encoder."""
    from features.whisper.published import ENCODERS

    named = {encoder.key: getattr(options, encoder.key) for encoder in ENCODERS}
    return {key: expanded(folder).resolve() for key, folder in named.items() if folder}


def _choose_corpus(options: argparse.Namespace) -> tuple[Corpus, bool]:
    """Return the corpus that a person means, and whether it is the embedded one for want of RAVDESS.

    The embedded corpus stands in only where nobody named recordings: a run never answers for other data than was given.
    """
    own = _own_options(options)
    try:
        return choose_corpus(options.corpus, data=options.data, allow_download=options.download, options=own), False
    except DownloadError as error:
        if options.corpus or is_named(options.data):
            raise
        print(f"emotune: {error}", file=sys.stderr)
        return CORPORA["synthetic"], True


def _own_options(options: argparse.Namespace) -> Options:
    """Return what was said about own recordings."""
    return Options(parse_map(options.map or ""), options.speaker_pattern or "", options.speakers_unknown)


def _print_board(board: pd.DataFrame, corpus: Corpus, folder: Path) -> None:
    from leaderboard.table import markdown_table
    from runs.layout import RunFolder

    real = "" if corpus.is_real else " (synthetic speech: these numbers say nothing about real voices)"
    print(f"\n{corpus.title}{real}, {board['tested_on'].iloc[0]}:\n\n{markdown_table(board)}")
    if RunFolder(folder).is_complete:  # of several hosts on one machine one has written it, and all have said where
        print(f"\nWritten to {folder}")
