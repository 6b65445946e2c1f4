"""Reading a corpus's files: bad ones are listed and skipped, exact duplicates dropped and named."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from audio.load import load_recording
from corpora.corpus import MAX_BAD_FRACTION, Reading
from emotune.errors import BadRecordingError, CorpusError

N_NAMED_BAD_FILES = 5


@dataclass(frozen=True)
class Recording:
    """A file of a corpus and what the corpus says about it.

    Attributes
    ----------
    path : Path
        The file.
    name : str
        Unique within the corpus; the clip's name.
    speaker, emotion, gender : str
        As in :class:`audio.clip.Clip`.
    language, corpus : str
        Where they differ from those of the whole corpus; ``""`` takes them from it.
    text : str
        What is said, or the sentence's code; ``""`` if it is unknown.
    start_seconds, end_seconds : float or None
        The part of the file that is the clip; None stands for the file's own start or end.
    """

    path: Path
    name: str
    speaker: str
    emotion: str
    gender: str = ""
    language: str = ""
    corpus: str = ""
    text: str = ""
    start_seconds: float | None = None
    end_seconds: float | None = None


def read_recordings(
    recordings: Sequence[Recording],
    *,
    corpus: str,
    language: str,
    progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Read every recording of a corpus.

    Parameters
    ----------
    recordings : sequence of Recording
        What to read.
    corpus, language : str
        The corpus's key, and its language (ISO 639-1).
    progress : callable, optional
        Called with (files done, files in all).

    Returns
    -------
    Reading
        The usable clips, the bad files and the dropped duplicates.

    Raises
    ------
    CorpusError
        If more than :data:`corpora.corpus.MAX_BAD_FRACTION` of the files are bad.
    """

    def read(recording: Recording) -> Clip | BadRecordingError:
        try:
            samples = _load(recording)
        except BadRecordingError as error:
            return error
        return Clip(
            samples,
            name=recording.name,
            speaker=recording.speaker,
            emotion=recording.emotion,
            corpus=recording.corpus or corpus,
            language=recording.language or language,
            source=str(recording.path),
            gender=recording.gender,
        )

    ordered = sorted(recordings, key=lambda recording: recording.name)
    clips: list[Clip] = []
    skipped: list[tuple[str, str]] = []
    # Decoding and resampling let go of the interpreter lock, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for n_done, (recording, outcome) in enumerate(zip(ordered, pool.map(read, ordered), strict=True), start=1):
            if isinstance(outcome, Clip):
                clips.append(outcome)
            else:
                skipped.append((recording.name, str(outcome)))
            if progress:
                progress(n_done, len(ordered))
    refuse_too_many(skipped, n_files=len(ordered), corpus=corpus)
    texts = {recording.name: recording.text for recording in ordered if recording.text}
    return _drop_duplicates(clips, skipped=tuple(skipped), texts=texts)


def _load(recording: Recording) -> NDArray[np.float32]:
    """Return the samples of a recording, or of the part of it that is the clip."""
    start, end = recording.start_seconds, recording.end_seconds
    if start is None and end is None:
        return load_recording(recording.path)
    source = f"{recording.path} from {start or 0:g} s to {'its end' if end is None else f'{end:g} s'}"
    if end is not None and end <= (start or 0):
        raise BadRecordingError(source, "must end after its start; correct the columns start and end.")
    try:
        with soundfile.SoundFile(recording.path) as sound:
            rate_hz = sound.samplerate
            n_skipped = min(round((start or 0) * rate_hz), sound.frames)
            n_frames = -1 if end is None else round(end * rate_hz) - n_skipped
            sound.seek(n_skipped)
            part = sound.read(n_frames, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, TypeError, ValueError):
        # What libsndfile cannot seek in is loaded as a whole, which the loader may refuse by its length.
        whole = load_recording(recording.path)
        return whole[round((start or 0) * SAMPLE_RATE_HZ) : None if end is None else round(end * SAMPLE_RATE_HZ)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.wav"
        soundfile.write(path, part, rate_hz, subtype="FLOAT")
        return load_recording(path, name=source)


def refuse_too_many(skipped: Sequence[tuple[str, str]], *, n_files: int, corpus: str) -> None:
    """Stop where too many files are bad to trust the rest.

    Raises
    ------
    CorpusError
        If more than :data:`corpora.corpus.MAX_BAD_FRACTION` of the files are bad.
    """
    if len(skipped) <= MAX_BAD_FRACTION * n_files:
        return
    named = "\n".join(f"  {reason}" for _, reason in skipped[:N_NAMED_BAD_FILES])
    more = f"\n  … and {len(skipped) - N_NAMED_BAD_FILES} more" if len(skipped) > N_NAMED_BAD_FILES else ""
    raise CorpusError(
        f"At most {MAX_BAD_FRACTION:.0%} of a corpus's files may be bad, but {len(skipped)} of the {n_files} of {corpus} are; "
        f"replace or remove them:\n{named}{more}"
    )


def _drop_duplicates(clips: Sequence[Clip], *, skipped: tuple[tuple[str, str], ...], texts: dict[str, str]) -> Reading:
    """Keep the first clip, by name, of each content."""
    kept: dict[str, Clip] = {}
    duplicates: list[tuple[str, str]] = []
    conflicts: list[str] = []
    for clip in clips:
        first = kept.setdefault(clip.digest, clip)
        if first is not clip:
            duplicates.append((clip.name, first.name))
            if (clip.speaker, clip.emotion) != (first.speaker, first.emotion):
                conflicts.append(
                    f"{clip.name} ({clip.speaker}, {clip.emotion}) is the same recording as "
                    f"{first.name} ({first.speaker}, {first.emotion})"
                )
    return Reading(tuple(kept.values()), skipped, tuple(duplicates), conflicts=tuple(conflicts), texts=texts)
