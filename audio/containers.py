"""Containers: what the bytes of a file say about it without decoding.

Which kind of file it is, if it is no recording at all; how many bytes of sound its header promises and how many follow; where an
Ogg stream ends. libsndfile takes lengths from what is left of a file and says nothing, so the loader has to compare them here.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from os import SEEK_CUR, SEEK_END, SEEK_SET
from typing import Any, BinaryIO

HEAD_BYTES = 4096
STREAMED_WAV_BYTES = 0x7FFFF000  # writers that cannot seek back leave this or more as the size of the data chunk
MAX_OGG_PAGE_BYTES = 65_307
MAX_CHUNKS = 10_000
OGG_CONTINUES = -1
WAV_MAGICS = (b"RIFF", b"RIFX")
MAX_RIFF_BYTES = 2**32 - 1  # longer WAV files are RF64
PIECE_BYTES = 2**20
MP3_LENGTH_TAGS = (b"Xing", b"Info", b"VBRI")
W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"

OTHER_KINDS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive", "unpack it"),
    (b"PK\x05\x06", "an empty ZIP archive", "zip the recordings again"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"\x1f\x8b", "a gzip archive", "unpack it"),
    (b"%PDF", "a PDF", "give a recording"),
    (b"\x89PNG", "a PNG picture", "give a recording"),
    (b"\xff\xd8\xff", "a JPEG picture", "give a recording"),
    (b"GIF8", "a GIF picture", "give a recording"),
    (b"MThd", "a MIDI file, which holds notes and no sound", "give a recording"),
    (b"version https://git-lfs", "a Git LFS pointer in place of the recording", "run git lfs pull"),
    (b"#EXTM3U", "a playlist", "give the recordings themselves"),
    (b"<", "a web page or other markup text", "download the recording again"),
)


@dataclass(frozen=True)
class StatedSize:
    """What a header says about the bytes of sound, and what follows it.

    Attributes
    ----------
    promised_bytes : int or None
        Size in the header; None if the header leaves it open.
    held_bytes : int
        Bytes from the start of the sound to its promised end or the end of the file.
    start : int
        Where the sound starts in the file.
    n_file_bytes : int
        Size of the file.
    """

    promised_bytes: int | None
    held_bytes: int
    start: int
    n_file_bytes: int


def other_kind(head: bytes) -> tuple[str, str] | None:
    """Return what a file is and what to do, if its first bytes tell that it is no recording; else None."""
    for magic, kind, advice in OTHER_KINDS:
        if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(magic):
            return kind, advice
    if head and not head.strip(b"\0"):
        return "only zero bytes at its start", "copy or download it again"
    return None


def stated_size(file: BinaryIO) -> StatedSize | None:
    """Return what the header of a WAV, RF64, W64, AIFF, CAF or AU file says about its sound; None for other files."""
    n_file_bytes = file.seek(0, SEEK_END)
    file.seek(0)
    found = _sound_chunk(file)
    if found is None:
        return None
    start, promised_bytes = found
    n_left = max(0, n_file_bytes - start)
    held_bytes = n_left if promised_bytes is None else min(n_left, promised_bytes)
    return StatedSize(promised_bytes, held_bytes, start, n_file_bytes)


def corrected_head(file: BinaryIO) -> tuple[bytes, int] | None:
    """Return the header that a WAV file should have, if its own states less sound than the file holds.

    A recorder that was stopped leaves 0, or the size of its last update. What follows the stated sound is taken as sound unless it is
    zeros or consists of chunks.

    Parameters
    ----------
    file : binary file
        Any file, open for reading.

    Returns
    -------
    tuple of (bytes, int) or None
        The header, and where the sound starts in the file; None if nothing has to be corrected.
    """
    file.seek(0)
    magic = file.read(4)
    if magic not in WAV_MAGICS:
        return None
    size = stated_size(file)
    if size is None or size.promised_bytes is None or size.n_file_bytes - size.start <= size.promised_bytes + 1:
        return None
    order, end = "<" if magic == b"RIFF" else ">", size.start + size.promised_bytes + size.promised_bytes % 2
    is_extra_sound = size.n_file_bytes - end >= max(1024, size.promised_bytes // 50)
    if not is_extra_sound or _is_zeros(file, end) or _is_chunks(file, end, order=order):
        return None
    file.seek(0)
    head = bytearray(file.read(size.start))
    n_bytes = size.n_file_bytes - size.start
    if magic == b"RIFF" and size.n_file_bytes > MAX_RIFF_BYTES:
        sizes = struct.pack("<4sIQQQI", b"ds64", 28, size.n_file_bytes + 28, n_bytes, 0, 0)
        return b"RF64" + b"\xff" * 4 + bytes(head[8:12]) + sizes + bytes(head[12:-4]) + b"\xff" * 4, size.start
    head[4:8] = struct.pack(f"{order}I", min(size.n_file_bytes - 8, MAX_RIFF_BYTES))
    head[-4:] = struct.pack(f"{order}I", min(n_bytes, MAX_RIFF_BYTES))
    return bytes(head), size.start


class Headed(io.RawIOBase):
    """A file that is read with another header.

    Parameters
    ----------
    file : binary file
        Any file, open for reading and unbuffered.
    head : bytes
        Its header.
    start : int
        Where in the file goes on what follows the header.
    """

    def __init__(self, file: io.FileIO, head: bytes, start: int) -> None:
        self._file, self._head, self._n_before = file, head, start - len(head)
        self._position = 0

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Go to a place, and return it."""
        n_bytes = self._file.seek(0, SEEK_END) - self._n_before
        self._position = {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: n_bytes}[whence] + offset
        return self._position

    def tell(self) -> int:
        """Return the place."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer as far as the file, or its header, lasts; return how far."""
        content = self._head[self._position : self._position + len(buffer)]
        buffer[: len(content)] = content
        n_read = len(content)
        if not n_read:
            self._file.seek(self._position + self._n_before)
            n_read = self._file.readinto(buffer) or 0
        self._position += n_read
        return n_read


def cut_ogg_end(file: BinaryIO) -> int | None:
    """Return where an Ogg stream should end, in samples, if its last page is cut.

    A missing end-of-stream flag alone is no fault: many phones never set it.

    Parameters
    ----------
    file : binary file
        Any file, open for reading.

    Returns
    -------
    int or None
        The granule position that the cut page states, which counts samples (Opus: at 48 kHz); None if the last page is whole, its
        position is not stated, or the file is no Ogg.
    """
    file.seek(0)
    if file.read(4) != b"OggS":
        return None
    n_file_bytes = file.seek(0, SEEK_END)
    file.seek(max(0, n_file_bytes - MAX_OGG_PAGE_BYTES))
    tail = file.read()
    page = tail[tail.rfind(b"OggS") :]
    if len(page) < 27:
        return None
    n_page_bytes = 27 + page[26] + sum(page[27 : 27 + page[26]])
    is_whole = len(page) >= n_page_bytes and len(page) >= 27 + page[26]
    position = int.from_bytes(page[6:14], "little", signed=True)
    return None if is_whole or position == OGG_CONTINUES else position


def has_mp3_length_tag(file: BinaryIO) -> bool:
    """Return whether an MP3 file states its length near its start; without a tag, its length is a guess from the bit rate."""
    position = file.tell()
    file.seek(0)
    head = file.read(10)
    is_tagged = head[:3] == b"ID3" and len(head) == 10
    n_tag_bytes = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)) + 10 if is_tagged else 0
    file.seek(n_tag_bytes)
    head = file.read(HEAD_BYTES)
    file.seek(position)
    return any(tag in head for tag in MP3_LENGTH_TAGS)


def _sound_chunk(file: BinaryIO) -> tuple[int, int | None] | None:
    """Return where the sound of a chunked file starts and its stated size in bytes."""
    head = file.read(12)
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE":
        return _wav_sound(file, order=">" if head[:4] == b"RIFX" else "<")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _find(file, b"SSND", start=12, head=">4sI")
    if head[:4] == b"caff":
        found = _find(file, b"data", start=8, head=">4sq")
        return (found[0], None) if found and found[1] == -1 else found
    if head[:4] in (b".snd", b"dns.") and len(head) == 12:
        start, size = struct.unpack(">II" if head[:4] == b".snd" else "<II", head[4:12])
        return start, None if size == 0xFFFFFFFF else size
    if head == W64_RIFF[:12]:
        return _find(file, b"data", start=40, head="<16sQ", includes_head=True, alignment=8)
    return None


def _wav_sound(file: BinaryIO, *, order: str) -> tuple[int, int | None] | None:
    """Return start and stated size of a WAV file's sound; the size of large files stands in a chunk of its own."""
    found = _find(file, b"data", start=12, head=f"{order}4sI")
    if found is None or found[1] is None or found[1] < STREAMED_WAV_BYTES:
        return found
    large = _find(file, b"ds64", start=12, head=f"{order}4sI")
    if large is None:
        return found[0], None
    file.seek(large[0] + 8)
    size = int.from_bytes(file.read(8), "little")
    return found[0], size or None


def _find(
    file: BinaryIO, name: bytes, *, start: int, head: str, includes_head: bool = False, alignment: int = 2
) -> tuple[int, int | None] | None:
    """Walk over chunks; return where the named one's content starts and its size in bytes."""
    n_head = struct.calcsize(head)
    position = start
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        bytes_read = file.read(n_head)
        if len(bytes_read) < n_head:
            return None
        chunk, size = struct.unpack(head, bytes_read)
        if includes_head:
            size -= n_head
        if chunk[:4] == name:
            return position + n_head, size
        if size < 0:
            return None
        position += n_head + size
        position += -position % alignment if includes_head else size % alignment if head[1:] != "4sq" else 0
    return None


def _is_zeros(file: BinaryIO, start: int) -> bool:
    file.seek(start)
    return not any(piece.strip(b"\0") for piece in iter(lambda: file.read(PIECE_BYTES), b""))


def _is_chunks(file: BinaryIO, start: int, *, order: str) -> bool:
    """Return whether what follows is a sequence of RIFF chunks, or a tag that writers append."""
    n_left = file.seek(0, SEEK_END) - start
    file.seek(start)
    head = file.read(8)
    if head.startswith((b"TAG", b"ID3", b"APETAGEX")):
        return True
    is_name = all(32 <= byte < 127 for byte in head[:4])
    return is_name and len(head) == 8 and struct.unpack(f"{order}I", head[4:])[0] <= n_left - 8
