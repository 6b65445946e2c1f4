"""Batch: many recordings, or a zip of them, as one table; a bad file becomes a row with its reason."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from audio.load import load
from emotune.errors import BadRecordingError, RequestError
from page.engine import Engine
from page.listen import Answer, listen

MAX_FILES = 200
MAX_FILE_BYTES = 64 * 2**20
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Row:
    """One file: every family's answer, or the reason why there is none."""

    file: str
    answers: tuple[Answer, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Source:
    """A recording to open: a file, or a member of a zip."""

    name: str
    path: Path
    member: str = ""

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """Give a path to the recording, for as long as it is read."""
        if not self.member:
            yield self.path
            return
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(self.path) as archive:
            copy = Path(folder) / "recording"
            try:
                # A zip may lie about sizes: no more is unpacked than is allowed.
                copy.write_bytes(archive.open(self.member).read(MAX_FILE_BYTES))
            except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
                raise BadRecordingError(self.name, f"must unpack, but: {error}; zip it again without a password.") from error
            yield copy


def batch(engine: Engine, paths: Sequence[str | Path] | None, *, progress: Progress | None = None) -> tuple[Row, ...]:
    """Let every family judge many recordings.

    Parameters
    ----------
    engine : Engine
        The champions.
    paths : sequence of path-like
        Recordings and zips of recordings, at most 200 in all.
    progress : callable, optional
        Called with (files done, files in all).

    Raises
    ------
    RequestError
        If there are none or too many.
    """
    sources = [source for path in paths or () for source in _sources(Path(path))]
    if not 0 < len(sources) <= MAX_FILES:
        raise RequestError(f"A batch takes 1 to {MAX_FILES} recordings, got {len(sources)}; choose other files.")
    rows = []
    for done, source in enumerate(sources):
        if progress:
            progress(done, len(sources))
        rows.append(_judge(engine, source))
    return tuple(rows)


def as_csv(rows: Sequence[Row]) -> str:
    """Return one line a file and family, with every probability."""
    lines = [
        {"file": row.file, "family": answer.family, "emotion": answer.emotion, "confidence": answer.confidence}
        | {"unsure": answer.is_unsure}
        | {f"p_{emotion}": p for emotion, p in answer.probabilities.items()}
        | {"problem": ""}
        for row in rows
        for answer in row.answers
    ]
    bad = [{"file": row.file, "problem": row.problem} for row in rows if row.problem]
    table = pd.DataFrame([*lines, *bad])
    return table.assign(file=table["file"].map(_harmless)).to_csv(index=False)


def _judge(engine: Engine, source: Source) -> Row:
    try:
        with source.opened() as path:
            samples = load(path, name=source.name).samples
    except BadRecordingError as error:
        return Row(source.name, problem=error.rule)
    return Row(source.name, listen(engine, samples).answers)


def _sources(path: Path) -> list[Source]:
    if not zipfile.is_zipfile(path):
        return [Source(path.name, path)]
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile:
        return [Source(path.name, path)]
    return [Source(name, path, name) for name in names if _is_recording(name)]


def _is_recording(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return not ("__MACOSX" in parts or parts[-1].startswith("."))


def _harmless(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t") else name
