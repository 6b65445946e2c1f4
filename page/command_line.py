"""What ``app.py`` does without a page: the same answers, to a file or to the screen."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.survey import read_tracks, survey
from emotune.errors import EmotuneError, MissingLibraryError, RequestError, UnknownKeyError
from emotune.files import try_writing, whole_file
from page.engine import Engine
from page.in_time import InTime
from page.judgement import in_words
from page.live import LiveSession
from page.live_rows import Kind, Snapshot
from page.live_turns import Turns, stopped_clock
from page.long import LongAnswer, as_audacity, as_csv, label, read_long
from page.options import MICROPHONE

CHUNK_SECONDS = 0.5
EVERY_SECONDS = 1.0


def run(options: argparse.Namespace, engine: Engine) -> int:
    """Do what was asked for without a page; return the exit code.

    Parameters
    ----------
    options : argparse.Namespace
        From :func:`page.options.parse`, with ``file`` or ``listen``.
    engine : Engine
        The champions.
    """
    try:
        _check(options, engine)
        for problem in engine.problems:
            print(problem, file=sys.stderr)
        family = InTime().choose(engine, options.family)
        if options.file:
            _read(options, engine, family)
        else:
            _listen(options.listen, engine, family)
    except (EmotuneError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _check(options: argparse.Namespace, engine: Engine) -> None:
    """Refuse what cannot be done before the champions load, which takes long."""
    if options.family and options.family not in engine.run.families:
        raise UnknownKeyError("family", options.family, list(engine.run.families))
    recording = options.file or (Path(options.listen) if options.listen != MICROPHONE else None)
    if recording and not recording.is_file():
        raise RequestError(f"{recording} must be a file that is there; check the path.")
    taken = {recording.resolve()} if recording else set()
    for path in filter(None, (options.csv, options.labels)):
        if not path.parent.is_dir():
            raise RequestError(f"{path} must lie in a folder that is there; make {path.parent} first.")
        if path.exists() and not path.is_file():
            raise RequestError(f"{path} must be a file to write, but is a folder or a device; choose another name.")
        if path.resolve() in taken:
            raise RequestError(f"--file, --csv and --labels must be different files, but {path} is named twice; choose another name.")
        taken.add(path.resolve())
        try:
            try_writing(path)
        except OSError as error:
            raise RequestError(f"{path} must be a file that can be written, but: {error.strerror}; choose another place.") from error


def _read(options: argparse.Namespace, engine: Engine, family: str) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    start = time.perf_counter()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(options.file.name, total=None)
        answer = read_long(
            engine,
            options.file,
            family=family,
            max_minutes=None,
            progress=lambda done, whole: bar.update(task, completed=done, total=whole),
        )
    seconds = time.perf_counter() - start
    for path, text in ((options.csv, as_csv(answer)), (options.labels, as_audacity(answer))):
        if path:
            with whole_file(path) as temporary:
                temporary.write_text(text, encoding="utf-8")
    if not options.csv and not options.labels:
        print("".join(_lines(answer)), end="")
    share = seconds / answer.duration_seconds
    print(
        f"Stretches of speech: {len(answer.rows)} in {answer.duration_seconds:.0f} s, answered by {family} in {seconds:.1f} s "
        f"({share:.1%} of its time).",
        *answer.notes,
        sep="\n",
        file=sys.stderr,
    )


def _lines(answer: LongAnswer) -> Iterator[str]:
    for row in answer.rows:
        why = f" ({in_words(row.reasons)})" if row.reasons else ""
        yield f"{row.start_seconds:8.2f} {row.end_seconds:8.2f}  {row.confidence:4.0%}  {label(row)}{why}\n"


def _listen(place: str, engine: Engine, family: str) -> None:
    turns, told = Turns(), -EVERY_SECONDS
    if place == MICROPHONE:
        session, chunks = LiveSession(), _from_microphone()
    else:
        session, chunks = LiveSession(clock=stopped_clock), _from_file(Path(place))
    print(f"{family} listens; Ctrl-C ends.", file=sys.stderr, flush=True)
    for samples in chunks:
        found = session.hear(samples, engine=engine, family=family, turns=turns)
        if found.seconds - told >= EVERY_SECONDS - 0.01:
            told = found.seconds
            print(line(found), flush=True)


def line(found: Snapshot) -> str:
    """Return a session's state as one line."""
    state = found.state
    words = {
        Kind.EMOTION: lambda: f"{state.emotion} {found.probabilities.get(state.emotion, 0):.0%}" if state else "",
        Kind.UNSURE: lambda: f"unsure, perhaps {state.emotion} ({in_words(found.reasons)})" if state else "",
    }
    told = words.get(state.kind, lambda: str(state.kind))() if state else str(Kind.SILENCE)
    note = f"  {found.note}" if found.note else ""
    return f"{found.seconds:8.1f} s  {found.level_db:6.1f} dB  {told}{note}"


def _from_file(path: Path) -> Iterator[NDArray[np.float32]]:
    """Yield a file in chunks of half a second, as fast as they are taken."""
    found = survey(path, source=str(path))
    n, rest = round(CHUNK_SECONDS * SAMPLE_RATE_HZ), np.zeros(0, dtype=np.float32)
    for pieces in read_tracks(path, found.tracks[:1], source=str(path)):
        rest = np.concatenate([rest, pieces[0]])
        while len(rest) >= n:
            yield rest[:n]
            rest = rest[n:]
    if len(rest):
        yield rest


def _from_microphone() -> Iterator[NDArray[np.float32]]:
    """Yield what the microphone hears; what was not taken in time is dropped, not queued."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise MissingLibraryError(
            f"--listen without a file needs sounddevice, but: {error}; pip install sounddevice, or name a file."
        ) from error
    n = round(CHUNK_SECONDS * SAMPLE_RATE_HZ)
    try:
        with sounddevice.InputStream(SAMPLE_RATE_HZ, n, channels=1, dtype="float32") as stream:
            while True:
                yield stream.read(n)[0][:, 0].copy()
    except sounddevice.PortAudioError as error:
        raise RequestError(f"A microphone must be there and free, but: {error}; connect one, or name a file.") from error
