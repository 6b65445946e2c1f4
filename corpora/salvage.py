"""What can be read of recordings that a run would refuse, so that a person sees what is there and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from corpora.choose import choose_corpus
from corpora.combined import Combined, join
from corpora.corpus import Corpus, Reading
from corpora.named_files import NamedFiles
from corpora.own import UNKNOWN, Options, OwnRecordings
from corpora.places import count, existing_folder, inside, list_recordings
from corpora.reader import Recording, read_recordings
from emotune.errors import EmotuneError

MAX_UNLABELLED = 2000
"""Recordings without labels that are read to be described."""

Progress = Callable[[int, int], None] | None


def salvage(corpus: Corpus, data: Path | None = None, *, progress: Progress = None) -> Reading | None:
    """Read the usable recordings of a corpus, whatever share of its files is bad.

    Parameters
    ----------
    corpus : Corpus
        A corpus whose ``read`` raised an error.
    data : Path, optional
        Where it lies.
    progress : callable, optional
        Called with (files done, files in all).

    Returns
    -------
    Reading or None
        None if its recordings are not known.
    """
    if isinstance(corpus, Combined):
        parts = [(part, salvage(part, data, progress=progress)) for part in corpus.parts]
        read = [(part, reading) for part, reading in parts if reading is not None]
        return join(read) if read else None
    if isinstance(corpus, OwnRecordings):
        reading = _read(corpus.recordings, corpus, progress=progress)
        return replace(reading, skipped=(*corpus.skipped, *reading.skipped))
    if isinstance(corpus, NamedFiles):
        return _read(corpus.survey(existing_folder(data)).recordings, corpus, progress=progress)
    return None


def salvage_place(place: Path, *, options: Options, progress: Progress = None) -> Reading | None:
    """Read what lies in a table or folder that is no corpus, such as one without speakers.

    Parameters
    ----------
    place : Path
        The table or folder.
    options : Options
        What a person said about it.
    progress : callable, optional
        Called with (files done, files in all).

    Returns
    -------
    Reading or None
        Its clips have :data:`UNKNOWN` speakers, and emotions where the labels tell them; None if nothing lies there.
    """
    try:
        corpus = choose_corpus(str(place), options=replace(options, speakers_unknown=True))
    except EmotuneError:
        return _read_unlabelled(place, progress=progress)
    reading = salvage(corpus, progress=progress)
    if reading is None:
        return None
    return replace(reading, clips=tuple(replace(clip, speaker=UNKNOWN) for clip in reading.clips), conflicts=())


def _read_unlabelled(place: Path, *, progress: Progress) -> Reading | None:
    """Read the recordings of a folder, of which nothing is known."""
    paths = list_recordings(place) if place.is_dir() else []
    if not paths:
        return None
    recordings = [Recording(path, name=inside(path, place), speaker=UNKNOWN, emotion=UNKNOWN) for path in paths[:MAX_UNLABELLED]]
    reading = read_recordings(recordings, corpus=UNKNOWN, language="und", progress=progress, is_tolerant=True)
    left = len(paths) - len(recordings)
    notes = (f"{count(left, 'recording')} more lie there and were not looked at.",) if left else ()
    return replace(reading, notes=(*reading.notes, *notes))


def _read(recordings: Iterable[Recording], corpus: Corpus, *, progress: Progress) -> Reading:
    return read_recordings(tuple(recordings), corpus=corpus.key, language=corpus.language, progress=progress, is_tolerant=True)
