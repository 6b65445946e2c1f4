"""Uploads: what is taken, and the recordings in uploaded files and zips; limits are checked before anything is judged."""

from __future__ import annotations

import mmap
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath

import soundfile

from audio.containers import HEAD_BYTES, has_mp3_length_tag, other_kind
from audio.decode import OPEN_LENGTH
from audio.ffmpeg import stated_seconds
from audio.limits import MAX_SECONDS
from emotune.errors import BadRecordingError, RequestError
from page.batch_speakers import is_table

MAX_FILES = 200
MAX_TABLES = 10
MAX_ENTRIES = 2000
"""Of all zips of a batch together, with folders and what systems leave there: each costs time before anything is judged."""
MAX_FILE_BYTES = 100 * 2**20
MAX_UNPACKED_BYTES = 2**30
"""Of all zips of a batch together."""
MAX_BATCH_SECONDS = 3600.0
UTF8_FLAG, ENCRYPTED_FLAG = 0x800, 0x1
ENTRY = re.compile(rb"PK\x01\x02")
"""How each entry of a zip's directory begins."""
END, END_BYTES = b"PK\x05\x06", 22
"""How the record after the directory begins, and how long it is without its comment."""
LARGE, LARGE_BYTES = b"PK\x06\x07", 20
"""The same of what stands before it in a zip of 64 bits."""
MAX_COMMENT_BYTES = 2**16
SYSTEM_FILES = ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r")
SYSTEM_FOLDERS = ("__macosx", "$recycle.bin", "system volume information")

BATCH_LIMITS = (
    f"Up to {MAX_FILES} recordings of any usual kind of audio, or zips of them, each of up to {MAX_FILE_BYTES >> 20} MB and "
    f"{MAX_SECONDS / 60:.0f} minutes, {MAX_BATCH_SECONDS / 60:.0f} minutes in all; zips that have up to {MAX_ENTRIES} files and "
    f"unpack to {MAX_UNPACKED_BYTES >> 30} GB together."
)


@dataclass(frozen=True)
class Source:
    """A recording to open: a file, or a member of a zip.

    Attributes
    ----------
    name : str
        For people.
    path : Path
        The file or the zip.
    place : int or None
        Which member of the zip; names are not unique.
    problem : str
        Why nothing can be opened.
    archive : ZipFile or None
        The zip, open for as long as a member of it is wanted, so that its directory is read once.
    """

    name: str
    path: Path
    place: int | None = None
    problem: str = ""
    archive: zipfile.ZipFile | None = field(default=None, compare=False, repr=False)

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """Give a path to the recording, for as long as it is read.

        Raises
        ------
        BadRecordingError
            If it cannot be unpacked.
        """
        if self.problem:
            raise BadRecordingError(self.name, self.problem)
        if self.archive is None or self.place is None:
            yield self.path
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "recording"
            copy.write_bytes(self._unpacked(self.archive, self.place))
            yield copy

    def seconds(self) -> float:
        """Return how long the recording is by its header; 0 if that does not tell, which leaves it to the loader."""
        try:
            with self.opened() as path:
                return _stated_seconds(path)
        except Exception:  # the loader explains what is wrong with it
            return 0.0

    def _unpacked(self, archive: zipfile.ZipFile, place: int) -> bytes:
        info = archive.infolist()[place]
        if info.flag_bits & ENCRYPTED_FLAG:
            raise BadRecordingError(self.name, "must unpack without a password, but needs one; zip it again without.")
        try:
            with archive.open(info) as member:
                # A zip may lie about sizes: no more is unpacked than is allowed.
                content = member.read(MAX_FILE_BYTES + 1)
        except Exception as error:  # zlib, lzma and struct have errors of their own
            reason = str(error) or type(error).__name__
            raise BadRecordingError(self.name, f"must unpack, but: {reason}; zip it again.") from error
        if len(content) > MAX_FILE_BYTES:
            rule = f"must unpack to at most {MAX_FILE_BYTES / 2**20:.0f} MiB, got more; save it as FLAC or at a lower rate."
            raise BadRecordingError(self.name, rule)
        if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            raise BadRecordingError(
                self.name, "must be a recording, but is a zip inside a zip; unpack it and zip the recordings once."
            )
        return content


def find_sources(paths: Sequence[str | Path] | None) -> tuple[tuple[Source, ...], tuple[Source, ...]]:
    """Return the recordings of a batch and the tables beside them; what systems leave in zips is passed over.

    Raises
    ------
    RequestError
        If there are none, too many recordings or tables, or they are too large or too long together.
    """
    if (n := len(paths or ())) > MAX_FILES + MAX_TABLES:
        raise RequestError(f"A batch takes 1 to {MAX_FILES} recordings, got {n} files; choose other files.")
    given = _listed([Path(path) for path in paths or ()])
    tables = tuple(source for source in given if is_table(source.name))
    sources = tuple(source for source in given if not is_table(source.name))
    if not 0 < len(sources) <= MAX_FILES:
        raise RequestError(f"A batch takes 1 to {MAX_FILES} recordings, got {len(sources)}; choose other files.")
    if len(tables) > MAX_TABLES:
        raise RequestError(f"A batch takes at most {MAX_TABLES} tables of speakers, got {len(tables)}; join them.")
    archives = {source.archive for source in sources if source.archive is not None}
    n_bytes = sum(info.file_size for archive in archives for info in archive.infolist())
    if n_bytes > MAX_UNPACKED_BYTES:
        rule = f"The zips of a batch must unpack to at most {MAX_UNPACKED_BYTES / 2**30:.0f} GB, got {n_bytes / 2**30:.1f} GB"
        raise RequestError(f"{rule}; judge some of them at a time.")
    seconds = 0.0
    for source in sources:
        seconds += min(source.seconds(), MAX_SECONDS)
        if seconds > MAX_BATCH_SECONDS:
            rule = f"The recordings of a batch must last at most {MAX_BATCH_SECONDS / 60:.0f} minutes together, got more"
            raise RequestError(f"{rule}; judge some of them at a time.")
    return sources, tables


def is_recording(name: str) -> bool:
    """Tell whether a member of a zip is a person's, and not what systems leave there."""
    parts = PurePosixPath(name.replace("\\", "/").lower()).parts
    is_hidden = any(part.startswith(".") and part != ".." for part in parts)
    return bool(parts) and not (is_hidden or set(parts) & {*SYSTEM_FOLDERS, *SYSTEM_FILES})


def shown_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; one without the flag for UTF-8 may be in it all the same, as macOS writes it."""
    if info.flag_bits & UTF8_FLAG:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _listed(paths: Sequence[Path]) -> list[Source]:
    found, n_left = [], MAX_ENTRIES
    for path in paths:
        if not _is_zip(path):
            found.append(Source(path.name, path))
        elif (n := _n_entries(path)) > n_left:
            rule = f"must be a zip of at most {MAX_ENTRIES} files with the zips before it, got more; zip the recordings alone."
            found.append(Source(path.name, path, problem=rule))
        else:
            found += _members(path)
            n_left -= n
    return found


def _members(path: Path) -> list[Source]:
    try:
        archive = zipfile.ZipFile(path)
        members = [(k, shown_name(info) or path.name) for k, info in enumerate(archive.infolist()) if not info.is_dir()]
    except Exception as error:  # the loader would only call it a zip
        return [Source(path.name, path, problem=f"must be a zip that opens, but: {error}; zip the recordings again.")]
    return [Source(name, path, k, archive=archive) for k, name in members if is_recording(name)]


def _n_entries(path: Path) -> int:
    """Count a zip's entries, up to one too many, before its directory is read: a million of them take seconds and a gigabyte."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return sum(1 for _ in islice(ENTRY.finditer(content, *_directory(content)), MAX_ENTRIES + 1))


def _directory(content: mmap.mmap) -> tuple[int, int]:
    """Return where a zip's directory begins and ends, as zipfile finds it; the whole file where it may find another."""
    last = len(content) - END_BYTES
    end = content.rfind(END, max(0, last - MAX_COMMENT_BYTES), max(0, last + len(END)))
    if end < 0 or content[max(0, end - LARGE_BYTES) : end].startswith(LARGE):
        return 0, len(content)
    return max(0, end - int.from_bytes(content[end + 12 : end + 16], "little")), end


def _is_zip(path: Path) -> bool:
    """Tell by a file's first bytes; a recording may have a zip at its end."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return False
    kind = other_kind(head)
    return kind is not None and "ZIP" in kind[0]


def _stated_seconds(path: Path) -> float:
    """Return how long a recording is by its header; 0 if that does not tell, or guesses."""
    with path.open("rb") as file:
        try:
            info = soundfile.info(str(path))
        except soundfile.SoundFileError:
            return stated_seconds(file) or 0.0
        is_guess = info.frames == OPEN_LENGTH or (info.format == "MP3" and not has_mp3_length_tag(file))
    return 0.0 if is_guess else info.frames / info.samplerate
