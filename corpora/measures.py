"""What recordings are like: how long, how loud, in which formats; and what lies beside them and is not read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from audio.clip import Clip
from audio.decode import decode
from audio.part import Part
from corpora.places import AUDIO_SUFFIXES, as_named, content_of, examples, inside, notes_on_other_files, readable
from emotune.errors import BadRecordingError

FORMAT_SECONDS = 1.0
"""How much of a file is decoded to know its format."""
SILENCE_DBFS = -120.0
QUIET_DBFS = -60.0
"""RAVDESS, which is quiet, has its median at -40 dBFS and its quietest clip at -64 dBFS."""


@dataclass(frozen=True)
class Format:
    """How a file stores its sound.

    Attributes
    ----------
    container, codec : str
        Such as ``WAV`` and ``PCM_16``.
    rate_hz, channels : int
        Samples per second and channel; channels.
    """

    container: str
    codec: str
    rate_hz: int
    channels: int


@dataclass(frozen=True)
class Measures:
    """One clip in numbers.

    Attributes
    ----------
    seconds : float
        Length.
    level_dbfs : float
        Root mean square, in dB below full scale.
    peak_dbfs : float
        Largest magnitude, in dB below full scale.
    format : Format or None
        Of its file; None for clips that are made by code.
    """

    seconds: float
    level_dbfs: float
    peak_dbfs: float
    format: Format | None


def measure(clips: Sequence[Clip]) -> tuple[Measures, ...]:
    """Measure clips and look into the headers of their files."""
    sources = list(dict.fromkeys(clip.source for clip in clips))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        formats = dict(zip(sources, pool.map(lambda source: format_of(Path(source)), sources), strict=True))
    return tuple(_measure(clip, formats[clip.source]) for clip in clips)


def format_of(path: Path) -> Format | None:
    """Return how a file stores its sound, from its header where libsndfile knows it; None if it cannot be read."""
    try:
        header = soundfile.info(str(path))
    except (soundfile.SoundFileError, OSError, TypeError, ValueError):
        try:
            decoded = decode(path, source=readable(path), part=Part(end_seconds=FORMAT_SECONDS))
        except BadRecordingError:
            return None
        return Format(decoded.container, decoded.codec, decoded.rate_hz, decoded.frames.shape[1])
    return Format(header.format, header.subtype, header.samplerate, header.channels)


def files_not_read(folder: Path, *, read: Iterable[Path]) -> tuple[str, ...]:
    """Return in words which files of a folder were not read: recordings, and other files by suffix.

    Parameters
    ----------
    folder : Path
        Where recordings were looked for.
    read : iterable of Path
        The recordings that were found.
    """
    known = {as_named(path) for path in read}
    paths = [path for path in content_of(folder).files if path.suffix.lower() in AUDIO_SUFFIXES and as_named(path) not in known]
    names = [inside(path, folder) for path in paths]
    recordings = f"Recordings in the folder that were not read: {len(names)} ({examples(names, n=5)})."
    return (*([recordings] if names else []), *notes_on_other_files(folder, read=known))


def _measure(clip: Clip, file_format: Format | None) -> Measures:
    peak = float(np.abs(clip.samples).max(initial=0.0))
    level = float(np.sqrt(np.mean(np.square(clip.samples, dtype=np.float64)))) if len(clip.samples) else 0.0
    return Measures(clip.duration_seconds, _dbfs(level), _dbfs(peak), file_format)


def _dbfs(magnitude: float) -> float:
    return max(SILENCE_DBFS, 20 * float(np.log10(max(magnitude, 1e-12))))
