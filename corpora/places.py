"""Where corpora lie: the folder that was named, what is in it, and whether anything may be downloaded into it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from emotune.errors import CorpusError
from emotune.files import PROJECT_ROOT

DATA_VARIABLE = "EMOTUNE_DATA"
DATA_FOLDER = PROJECT_ROOT / "data"
AUDIO_TYPES = "wav flac ogg oga opus mp3 m4a mp4 aac 3gp amr webm mka wma aif aiff aifc caf au snd w64"
AUDIO_SUFFIXES = frozenset(f".{kind}" for kind in AUDIO_TYPES.split())
ARCHIVE_SUFFIXES = frozenset([".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz"])
N_EXAMPLES = 3


def choose_data_folder(root: Path | None = None) -> Path:
    """Return where corpora lie: the given folder, else the one EMOTUNE_DATA names, else the project's ``data/``."""
    return Path(root or os.environ.get(DATA_VARIABLE) or DATA_FOLDER).expanduser()


def is_named(root: Path | None) -> bool:
    """Tell whether a person named the data folder, by argument or variable."""
    return root is not None or bool(os.environ.get(DATA_VARIABLE))


def existing_folder(root: Path | None = None) -> Path:
    """Return the data folder; one that a person named must exist and be a folder.

    Raises
    ------
    CorpusError
        If there is no such folder, or it is an archive or another file.
    """
    folder = choose_data_folder(root)
    source = "--data" if root is not None else DATA_VARIABLE
    if folder.is_file():
        if folder.suffix.lower() in ARCHIVE_SUFFIXES:
            raise CorpusError(f"{source} must name a folder, got the archive {folder}; unpack it and name the folder it makes.")
        raise CorpusError(f"{source} must name a folder, got the file {folder}; name the folder it lies in.")
    if is_named(root) and not folder.is_dir():
        raise CorpusError(f"{source} must name a folder that exists, but there is no such folder: {folder}; check its spelling.")
    return folder


def is_visible(name: str) -> bool:
    """Tell whether a file or folder of that name is a person's: not hidden, and not what macOS puts beside files in archives."""
    return not name.startswith(".") and name != "__MACOSX"


def visible_files(folder: Path) -> Iterator[Path]:
    """Yield every visible file of a folder at any depth, folder by folder."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(filter(is_visible, folders))
        yield from (Path(parent, name) for name in sorted(files) if is_visible(name))


def list_recordings(folder: Path) -> list[Path]:
    """Return every audio file of a folder at any depth, the shallowest first; hidden files and folders are left out."""
    found = (path for path in visible_files(folder) if path.suffix.lower() in AUDIO_SUFFIXES)
    return sorted(found, key=lambda path: (len(path.parts), path))


def may_download(root: Path | None, *, leftovers: Sequence[str] = (), allow_download: bool = False) -> bool:
    """Tell whether something may be downloaded into the data folder.

    Parameters
    ----------
    root : Path, optional
        The folder that a person named.
    leftovers : sequence of str
        Names that an earlier download or a person who followed its message left; they do not count as content.
    allow_download : bool
        A person said so.

    Returns
    -------
    bool
        True if nobody named the folder, if it is empty, or if a person said so.
    """
    if allow_download or not is_named(root):
        return True
    folder = choose_data_folder(root)
    return not any(path.name not in leftovers and not path.name.startswith(".") for path in folder.iterdir())


def examples(names: Sequence[str], *, n: int = N_EXAMPLES) -> str:
    """Return the first names by comma, and how many more there are."""
    more = f" and {len(names) - n} more" if len(names) > n else ""
    return ", ".join(names[:n]) + more


def count(n: int, noun: str) -> str:
    """Return a number with its noun, such as ``1 file`` and ``2 files``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def what_lies_in(folder: Path) -> str:
    """Return how many recordings lie in a folder, with three of their names."""
    paths = list_recordings(folder) if folder.is_dir() else []
    if paths:
        return f"{count(len(paths), 'recording')} {'lies' if len(paths) == 1 else 'lie'} there ({_names(folder, paths)})"
    archives = sorted(path.name for path in folder.glob("*") if path.suffix.lower() in ARCHIVE_SUFFIXES)
    return (
        f"no recording lies there besides the archive {examples(archives)} (unpack it first)"
        if archives
        else "no recording lies there"
    )


def _names(folder: Path, paths: Sequence[Path]) -> str:
    """Return three names relative to their folder, spread over all."""
    step = max(1, len(paths) // N_EXAMPLES)
    return ", ".join(path.relative_to(folder).as_posix() for path in paths[::step][:N_EXAMPLES])
