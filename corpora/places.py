"""Where corpora lie: the folder that was named, what is in it, and whether anything may be downloaded into it."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from emotune.errors import CorpusError
from emotune.files import PROJECT_ROOT

DATA_VARIABLE = "EMOTUNE_DATA"
DATA_FOLDER = PROJECT_ROOT / "data"
LOSSY_TYPES = "ogg oga opus mp3 mpga mp2 m4a m4b m4r mp4 mov qta aac ac3 eac3 3gp 3gpp 3g2 3ga amr awb webm weba wma"
AUDIO_TYPES = f"{LOSSY_TYPES} wav wave bwf rf64 w64 flac mka mkv aif aiff aifc caf au snd voc sph nist"
LOSSY_SUFFIXES = frozenset(f".{kind}" for kind in LOSSY_TYPES.split())
AUDIO_SUFFIXES = frozenset(f".{kind}" for kind in AUDIO_TYPES.split())
ARCHIVE_SUFFIXES = frozenset([".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz"])
N_EXAMPLES = 3
N_KINDS = 6
UNDECODED = re.compile("[\udc80-\udcff]+")
"""What stands in a path for bytes that are not UTF-8."""


@dataclass(frozen=True)
class Content:
    """What lies in a folder at any depth.

    Attributes
    ----------
    files : tuple of Path
        Every visible file, folder by folder.
    unreadable : tuple of Path
        Folders that cannot be looked into.
    """

    files: tuple[Path, ...]
    unreadable: tuple[Path, ...]


def choose_data_folder(root: Path | None = None) -> Path:
    """Return where corpora lie: the given folder, else the one EMOTUNE_DATA names, else the project's ``data/``."""
    return expanded(root or os.environ.get(DATA_VARIABLE) or DATA_FOLDER)


def expanded(path: str | Path) -> Path:
    """Return a path with the home folder in place of ``~``; as it stands where nobody has the name after it."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def as_named(path: Path) -> Path:
    """Return a path from the root with the names that a person gave, also to links, which stores of data let lead to hashes."""
    return Path(os.path.abspath(path))


def readable(text: str | Path) -> str:
    """Return a path as text that can be written; bytes that are not UTF-8 are taken for Windows-1252."""
    return UNDECODED.sub(lambda found: bytes(ord(letter) & 0xFF for letter in found[0]).decode("cp1252", "replace"), str(text))


def inside(path: Path, folder: Path) -> str:
    """Return what a file in a folder is called there, in text that can be written."""
    return readable(path.relative_to(folder).as_posix())


def is_there(path: Path) -> bool:
    """Tell whether a path leads to something; what is no path, such as one that is too long, does not."""
    try:
        return path.exists()
    except OSError:
        return False


def as_stored(path: Path) -> Path:
    """Return a path with each name as it is stored where that differs in the form of accents alone, which macOS decomposes."""
    if is_there(path):
        return path
    stored = [Path()]
    for name in path.parts:
        forms = dict.fromkeys((name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)))
        stored = [found for parent in stored for form in forms if is_there(found := parent / form)]
    return next(iter(stored), path)


def why_no_file(path: Path) -> str:
    """Return why a path cannot be read as a file; nothing if there is one."""
    try:
        if path.is_file():
            return ""
        return f"{readable(path)} is a folder; name a file in it" if path.is_dir() else f"there is no file {readable(path)}"
    except OSError as error:
        return f"{readable(path)} cannot be looked at: {error.strerror}"


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


def is_lossy(path: Path) -> bool:
    """Tell whether a file has the suffix of a codec that loses something."""
    return path.suffix.lower() in LOSSY_SUFFIXES


def is_visible(name: str) -> bool:
    """Tell whether a file or folder of that name is a person's: not hidden, and not what macOS puts beside files in archives."""
    return not name.startswith(".") and name != "__MACOSX"


def content_of(folder: Path) -> Content:
    """Look into a folder and everything below it; each folder once, and through links after all that needs none.

    Raises
    ------
    CorpusError
        If the folder itself cannot be looked into.
    """
    files: list[Path] = []
    failed: list[OSError] = []
    waiting, seen = [folder], {str(parent) for parent in Path(os.path.realpath(folder)).parents}
    while waiting:
        for parent, folders, names in os.walk(waiting.pop(0), onerror=failed.append):
            place = os.path.realpath(parent)
            if place in seen:
                folders.clear()
                continue
            seen.add(place)
            visible = sorted(filter(is_visible, folders))
            links = [name for name in visible if os.path.islink(os.path.join(parent, name))]
            waiting += [Path(parent, name) for name in links]
            folders[:] = [name for name in visible if name not in links]
            files += [Path(parent, name) for name in sorted(filter(is_visible, names))]
    unreadable = {Path(error.filename): error for error in failed if not isinstance(error, FileNotFoundError)}
    if folder in unreadable:
        reason = unreadable[folder].strerror
        raise CorpusError(f"{readable(folder)} must be a folder that can be looked into, but: {reason}; check its permissions.")
    return Content(tuple(files), tuple(unreadable))


def list_recordings(folder: Path) -> list[Path]:
    """Return every audio file of a folder at any depth, the shallowest first; hidden files and folders are left out."""
    found = (path for path in content_of(folder).files if path.suffix.lower() in AUDIO_SUFFIXES)
    return sorted(found, key=lambda path: (len(path.parts), path))


def notes_on_unreadable(folder: Path) -> tuple[str, ...]:
    """Return which folders below a folder cannot be looked into, in a sentence, if there are some."""
    names = [inside(path, folder) for path in content_of(folder).unreadable]
    return (f"{count(len(names), 'folder')} that cannot be looked into, not read: {examples(names)}.",) if names else ()


def notes_on_other_files(folder: Path, *, read: Collection[Path] = ()) -> tuple[str, ...]:
    """Return how many files below a folder are passed over for their suffix, in a sentence, if there are some.

    Parameters
    ----------
    folder : Path
        Where recordings were looked for.
    read : collection of Path
        Files that are read whatever their suffix, as a table names them, from the root.
    """
    paths = [path for path in content_of(folder).files if path.suffix.lower() not in AUDIO_SUFFIXES and as_named(path) not in read]
    if not paths:
        return ()
    n_of_kind = Counter(path.suffix.lower() or "no suffix" for path in paths)
    kinds = examples([f"{n} {readable(kind)}" for kind, n in n_of_kind.most_common()], n=N_KINDS)
    n = count(len(paths), "file")
    return (f"{n} whose suffix is no recording's, not read: {kinds}; rename what is a recording, for example to .m4a.",)


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
    paths = list_recordings(folder)
    if paths:
        return f"{count(len(paths), 'recording')} {'lies' if len(paths) == 1 else 'lie'} there ({_names(folder, paths)})"
    archives = sorted(readable(path.name) for path in folder.glob("*") if path.suffix.lower() in ARCHIVE_SUFFIXES)
    besides = f" besides the archive {examples(archives)} (unpack it first)" if archives else ""
    notes = (*notes_on_unreadable(folder), *([] if archives else notes_on_other_files(folder)))
    return f"no recording lies there{besides}" + "".join(f" ({note.rstrip('.')})" for note in notes)


def _names(folder: Path, paths: Sequence[Path]) -> str:
    """Return three names relative to their folder, spread over all."""
    step = max(1, len(paths) // N_EXAMPLES)
    return ", ".join(inside(path, folder) for path in paths[::step][:N_EXAMPLES])
