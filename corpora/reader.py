"""Reading a corpus's files: bad ones are listed and skipped, exact duplicates dropped and named, the loader's notes kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.clip import Clip
from audio.load import load
from audio.notes import IN_MANY, Note, NoteKind
from audio.part import WHOLE, Part
from corpora.corpus import MAX_BAD_FRACTION, Reading, in_words
from corpora.places import count, examples, readable
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
    copies : tuple of Path
        Other files of the same name, of which the first good one is read where the file is bad.
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
    copies: tuple[Path, ...] = ()


def read_recordings(
    recordings: Sequence[Recording],
    *,
    corpus: str,
    language: str,
    progress: Callable[[int, int], None] | None = None,
    is_tolerant: bool = False,
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
    is_tolerant : bool
        Go on whatever share of the files is bad.

    Returns
    -------
    Reading
        The usable clips, the bad files, the dropped duplicates, the loader's notes on each clip, and one note a kind of those.

    Raises
    ------
    CorpusError
        If more than :data:`corpora.corpus.MAX_BAD_FRACTION` of the files are bad.
    """

    def read(recording: Recording) -> tuple[Clip, tuple[Note, ...]] | BadRecordingError:
        try:
            samples, notes = _load(recording)
        except BadRecordingError as error:
            for path in recording.copies:
                copy = read(replace(recording, path=path, copies=()))
                if not isinstance(copy, BadRecordingError):
                    text = f"{error} Another file of that name was read: {readable(path)}."
                    return copy[0], (Note(NoteKind.COPY_READ, text), *copy[1])
            return error
        clip = Clip(
            samples,
            name=recording.name,
            speaker=recording.speaker,
            emotion=recording.emotion,
            corpus=recording.corpus or corpus,
            language=recording.language or language,
            source=str(recording.path),
            gender=recording.gender,
        )
        return clip, notes

    ordered = sorted(recordings, key=lambda recording: recording.name)
    clips: list[Clip] = []
    found: dict[str, tuple[Note, ...]] = {}
    skipped: list[tuple[str, str]] = []
    # Decoding and resampling let go of the interpreter lock, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for n_done, (recording, outcome) in enumerate(zip(ordered, pool.map(read, ordered), strict=True), start=1):
            if isinstance(outcome, BadRecordingError):
                skipped.append((recording.name, str(outcome)))
            else:
                clips.append(outcome[0])
                found[recording.name] = outcome[1]
            if progress:
                progress(n_done, len(ordered))
    if not is_tolerant:
        refuse_too_many(skipped, n_files=len(ordered), corpus=corpus)
    texts = {recording.name: recording.text for recording in ordered if recording.text}
    reading = _drop_duplicates(clips, skipped=tuple(skipped), texts=texts)
    noted = {clip.name: found[clip.name] for clip in reading.clips if found[clip.name]}
    clip_notes = {name: tuple(note.text for note in of_clip) for name, of_clip in noted.items()}
    renamed = [recording.name for recording in ordered if readable(recording.path) != str(recording.path)]
    notes = (*_notes_on_names(renamed), *count_notes(noted, n_clips=len(reading.clips)))
    return replace(reading, clip_notes=clip_notes, notes=notes)


def _notes_on_names(renamed: Sequence[str]) -> tuple[str, ...]:
    n = count(len(renamed), "recording")
    text = f"The paths of {n} are not UTF-8 and were taken for Windows-1252: {examples(renamed)}; rename the files or folders."
    return (text,) if renamed else ()


def count_notes(noted: Mapping[str, Sequence[Note]], *, n_clips: int) -> tuple[str, ...]:
    """Return one sentence a kind of note: how many clips have it, and the first of them.

    Parameters
    ----------
    noted : mapping of str to sequence of Note
        The notes on each clip, by its name.
    n_clips : int
        How many clips there are in all.
    """
    names = {kind: [name for name, notes in noted.items() if any(note.kind is kind for note in notes)] for kind in NoteKind}
    return tuple(
        f"In {len(having)} of {n_clips} recordings {IN_MANY[kind]}: {examples(having)}." for kind, having in names.items() if having
    )


def _load(recording: Recording) -> tuple[NDArray[np.float32], tuple[Note, ...]]:
    """Return the samples of a recording, or of the part of it that is the clip, and the loader's notes on them."""
    part = Part(recording.start_seconds or 0.0, recording.end_seconds)
    start, end = part.start_seconds, part.end_seconds
    source = readable(recording.path)
    if part != WHOLE:
        source += f" from {start:g} s to {'its end' if end is None else f'{end:g} s'}"
    if end is not None and end <= start:
        raise BadRecordingError(source, "must end after its start; correct the columns start and end.")
    loaded = load(recording.path, name=source, part=part)
    return loaded.samples, loaded.notes


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
                conflicts.append(f"{in_words(clip)} is the same recording as {in_words(first)}")
    return Reading(tuple(kept.values()), skipped, tuple(duplicates), conflicts=tuple(conflicts), texts=texts)
