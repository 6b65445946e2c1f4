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
from page.listen import Prediction, listen

MAX_FILES = 200
MAX_FILE_BYTES = 64 * 2**20
CLUTTER = ("thumbs.db", "desktop.ini")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Row:
    """One file: every family's prediction, or the reason why there is none.

    Attributes
    ----------
    file : str
        Its name.
    predictions : tuple of Prediction
        Best family first; empty if there is a problem.
    problem : str
        Why it was refused.
    notes, advice : tuple of str
        As in :class:`page.listen.ClipPredictions`.
    """

    file: str
    predictions: tuple[Prediction, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


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
                content = archive.open(self.member).read(MAX_FILE_BYTES + 1)
            except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
                raise BadRecordingError(self.name, f"must unpack, but: {error}; zip it again without a password.") from error
            if len(content) > MAX_FILE_BYTES:
                rule = f"must unpack to at most {MAX_FILE_BYTES / 2**20:.0f} MiB, got more; save it as FLAC or at a lower rate."
                raise BadRecordingError(self.name, rule)
            copy.write_bytes(content)
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
    """Return one line a file and family, with every probability, and what to know about the file in its last columns."""
    lines = [
        {"file": row.file, "family": prediction.family, "emotion": prediction.emotion, "confidence": prediction.confidence}
        | {"unsure": prediction.is_unsure}
        | {f"p_{emotion}": p for emotion, p in prediction.probabilities.items()}
        | {"problem": "", "notes": " ".join(row.notes), "advice": " ".join(row.advice)}
        for row in rows
        for prediction in row.predictions
    ]
    bad = [{"file": row.file, "problem": row.problem, "notes": "", "advice": ""} for row in rows if row.problem]
    table = pd.DataFrame([*lines, *bad])
    for name in {"file", "emotion"} & set(table):
        table[name] = table[name].map(_harmless, na_action="ignore")
    return table.to_csv(index=False)


def _judge(engine: Engine, source: Source) -> Row:
    try:
        with source.opened() as path:
            loaded = load(path, name=source.name)
    except BadRecordingError as error:
        return Row(source.name, problem=error.rule)
    found = listen(engine, loaded.samples, notes=loaded.notes)
    return Row(source.name, found.predictions, notes=found.notes, advice=found.advice)


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
    return not ("__MACOSX" in parts or parts[-1].startswith(".") or parts[-1].lower() in CLUTTER)


def _harmless(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t") else name
