"""Several corpora as one, their speakers and clips prefixed by their keys; and the choice of emotions among a reading's."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from audio.clip import Clip
from corpora.corpus import Corpus, Reading, TestFolds
from corpora.emotions import in_order
from corpora.labels import spoken
from corpora.named_files import NamedFiles, note_on_others
from corpora.own import OwnRecordings, key_of
from corpora.places import as_named, count, examples, existing_folder, list_recordings, readable
from emotune.errors import CorpusError
from emotune.files import short_hash

JOIN = "+"
COMMON = "common"
ALL = "all"


class Combined(Corpus):
    """Several corpora, read one after another.

    A speaker ``03`` of EmoDB is called ``emodb/03`` here, so that equal names of different people stay apart. People who are in two
    corpora have one name.

    Parameters
    ----------
    parts : sequence of Corpus
        The corpora. Own recordings of one name are told apart by the folders that they lie in.

    Raises
    ------
    CorpusError
        If a corpus is named twice.
    """

    def __init__(self, parts: Sequence[Corpus]) -> None:
        parts = _told_apart([_one_of_several(part) for part in parts])
        self.parts = tuple(parts)
        self.key = JOIN.join(part.key for part in parts)
        self.title = " + ".join(part.title for part in parts)
        self.emotions = in_order(emotion for part in parts for emotion in part.emotions)
        self.is_real = all(part.is_real for part in parts)
        self.licence = _joined([part.licence for part in parts], by=" + ")
        self.reference = _joined([part.reference for part in parts], by="; ")
        languages = {part.language for part in parts}
        self.language = languages.pop() if len(languages) == 1 else "mul"
        self.home_page = _joined([part.home_page for part in parts], by=", ")
        self.how_to_get = " ".join(f"{part.title}: {part.how_to_get}" for part in parts)
        self.speakers = {_person(part, name): gender for part in parts for name, gender in part.speakers.items()}
        self.n_clips = sum(part.n_clips or 0 for part in parts) or None
        self.speakers_known = all(part.speakers_known for part in parts)

    @property
    def published_folds(self) -> dict[str, TestFolds]:
        """Published folds of each part that has some, or whose speakers have some elsewhere, with the names of speakers here."""
        of_key = {part.key: part.test_folds for part in self.parts}
        return {
            part.key: tuple(tuple(_person(part, speaker) for speaker in fold) for fold in folds)
            for part in self.parts
            if (folds := part.test_folds or of_key.get(part.speakers_of)) is not None
        }

    def has_label(self, word: str) -> bool:
        """Tell whether a word is a label of a part."""
        return any(part.has_label(word) for part in self.parts)

    def locate(self, root: Path | None = None, *, allow_download: bool = False) -> Path | None:
        """Make sure that every part is here; return the folder of the first."""
        first, *_ = [part.locate(root, allow_download=allow_download) for part in self.parts]
        return first

    def read(
        self,
        root: Path | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        allow_download: bool = False,
    ) -> Reading:
        """Read every part; a recording that two corpora hold is read once."""
        readings = [part.read(root, progress=progress, allow_download=allow_download) for part in self.parts]
        reading = _without_shared(join(list(zip(self.parts, readings, strict=True))))
        return replace(reading, notes=(*reading.notes, *self._notes_on_namesakes(), *self._notes_on_others(root)))

    def _notes_on_namesakes(self) -> tuple[str, ...]:
        """Return in a sentence which names stand in several corpora of own recordings, which may be parts of one."""
        own = [part for part in self.parts if isinstance(part, OwnRecordings) and part.speakers_known]
        n_parts = Counter(name for part in own for name in part.speakers)
        names = sorted(name for name, n in n_parts.items() if n > 1)
        text = f"Speakers of one name in several own corpora are taken for different people: {examples(names)}"
        return (
            (f"{text}; if they are the same, put their recordings into one table, so that no voice is tested that was learnt.",)
            if names
            else ()
        )

    def _notes_on_others(self, root: Path | None) -> tuple[str, ...]:
        """Return in a sentence which recordings of the data folder no part reads."""
        named = [part for part in self.parts if isinstance(part, NamedFiles)]
        own = [part for part in self.parts if isinstance(part, OwnRecordings)]
        if not named:
            return ()
        folder = existing_folder(root)
        paths = list_recordings(folder)
        others = set(paths).intersection(*(part.survey_of(paths, folder=folder).others for part in named))
        read = {recording.path.resolve() for part in own for recording in part.recordings}
        left = [path for path in paths if path in others and path.resolve() not in read]
        return (note_on_others(left, folder),) if left else ()


def parts_of(corpus: Corpus) -> tuple[Corpus, ...]:
    """Return the corpora that a corpus joins, or itself alone."""
    return corpus.parts if isinstance(corpus, Combined) else (corpus,)


def choose_emotions(reading: Reading, choice: str) -> tuple[str, ...]:
    """Return the emotions that a choice means for the clips of a reading.

    Raises
    ------
    CorpusError
        If fewer than two are left, or a named one has no clip.
    """
    if choice == ALL:
        if len(reading.emotions) < 2:
            raise CorpusError(
                f"Recordings must have two emotions or more to be told apart, got {', '.join(reading.emotions) or 'none'}; add clips "
                f"of another, or correct the labels or --map."
            )
        return reading.emotions
    if choice == COMMON:
        by_corpus = emotions_by_corpus(reading.clips)
        common = set(reading.emotions).intersection(*by_corpus.values())
        if len(common) < 2:
            each = "; ".join(f"{corpus}: {', '.join(in_order(emotions))}" for corpus, emotions in by_corpus.items())
            raise CorpusError(
                f"--emotions {COMMON} needs two emotions that every corpus has, but {', '.join(common) or 'none'} is in all "
                f"({each}); give --emotions {ALL}, or --map so that the labels agree."
            )
        return in_order(common)
    words = _words(choice)
    absent = [word for word in words if word not in reading.emotions]
    if absent or len(set(words)) < 2:
        why = f", and no clip has {', '.join(absent)}" if absent else ""
        raise CorpusError(
            f"--emotions must be {COMMON}, {ALL}, or two or more of {', '.join(reading.emotions)} by comma, got {choice!r}{why}; "
            f"correct it."
        )
    return in_order(words)


def keep_emotions(reading: Reading, emotions: Sequence[str]) -> Reading:
    """Return a reading with the clips of some emotions, and a note on those left out."""
    left_out = Counter(clip.emotion for clip in reading.clips if clip.emotion not in emotions)
    if not left_out:
        return reading
    named = ", ".join(f"{emotion} ({n})" for emotion, n in sorted(left_out.items()))
    note = f"The emotions are {', '.join(emotions)}; {count(left_out.total(), 'clip')} of others left out: {named}."
    clips = tuple(clip for clip in reading.clips if clip.emotion in emotions)
    return replace(reading, clips=clips, notes=(*reading.notes, note))


def taught_by_others(reading: Reading) -> tuple[str, ...]:
    """Return the emotions that two or more corpora have: where a corpus is left out, nobody teaches the others.

    Raises
    ------
    CorpusError
        If there are fewer than two.
    """
    by_corpus = emotions_by_corpus(reading.clips)
    n_corpora = Counter(emotion for emotions in by_corpus.values() for emotion in emotions)
    taught = [emotion for emotion in reading.emotions if n_corpora[emotion] > 1]
    if len(taught) < 2:
        raise CorpusError(
            f"A corpus can be left out where others have its emotions, but {', '.join(taught) or 'none'} is in two corpora; name "
            f"corpora that share emotions, or give --map."
        )
    return in_order(taught)


def emotions_by_corpus(clips: Sequence[Clip]) -> dict[str, set[str]]:
    """Return the emotions of each corpus's clips."""
    found: dict[str, set[str]] = {}
    for clip in clips:
        found.setdefault(clip.corpus, set()).add(clip.emotion)
    return found


def _words(choice: str) -> list[str]:
    return [spoken(word) for word in choice.split(",") if word.strip()]


def _one_of_several(part: Corpus) -> Corpus:
    """Return a part that does not list the other parts' files as unread."""
    part = copy.copy(part)
    part.is_alone = False
    return part


def _told_apart(parts: Sequence[Corpus]) -> list[Corpus]:
    """Return the parts with a key each: own recordings of one name get that of their folder too, and if need be a mark of their path.

    Raises
    ------
    CorpusError
        If a corpus is named twice.
    """
    n_named = Counter(part.path.resolve() if isinstance(part, OwnRecordings) else part.key for part in parts)
    if repeated := [str(name) for name, n in n_named.items() if n > 1]:
        raise CorpusError(f"--corpus must name each corpus once, got {', '.join(repeated)} twice; leave one out.")
    for key_in_folder in (partial(key_of, with_folder=True), _marked_key):
        n_keys = Counter(part.key for part in parts)
        for part in parts:
            if n_keys[part.key] > 1 and isinstance(part, OwnRecordings):
                path = as_named(part.path)
                part.key, part.title = key_in_folder(path), readable(Path(path.parent.name, path.name))
    return list(parts)


def _marked_key(path: Path) -> str:
    return f"{key_of(path)}-{short_hash(str(path))[:6]}"


def _prefixed(part: Corpus, name: str) -> str:
    return f"{part.key}/{name}"


def _person(part: Corpus, name: str) -> str:
    """Return the name that a part's speaker has among several corpora, the same in each that the person is in."""
    return f"{part.speakers_of or part.key}/{name}"


def _named_within(part: Corpus, reading: Reading) -> Reading:
    """Return a part's reading with the names that clips and speakers have among several corpora."""
    clips = (replace(clip, name=_prefixed(part, clip.name), speaker=_person(part, clip.speaker)) for clip in reading.clips)
    return replace(
        reading,
        clips=tuple(clips),
        skipped=tuple((_prefixed(part, name), reason) for name, reason in reading.skipped),
        duplicates=tuple((_prefixed(part, name), _prefixed(part, kept)) for name, kept in reading.duplicates),
        notes=tuple(f"{part.title}: {note}" for note in reading.notes),
        conflicts=tuple(f"{part.title}: {conflict}" for conflict in reading.conflicts),
        texts={_prefixed(part, name): f"{part.key}: {text}" for name, text in reading.texts.items()},
        clip_notes={_prefixed(part, name): notes for name, notes in reading.clip_notes.items()},
    )


def join(parts: Sequence[tuple[Corpus, Reading]]) -> Reading:
    """Return the readings of several corpora as one, with names that tell the corpus."""
    readings = [_named_within(part, reading) for part, reading in parts]
    return Reading(
        clips=tuple(sorted((clip for one in readings for clip in one.clips), key=lambda clip: clip.name)),
        skipped=tuple(pair for one in readings for pair in one.skipped),
        duplicates=tuple(pair for one in readings for pair in one.duplicates),
        notes=tuple(note for one in readings for note in one.notes),
        conflicts=tuple(conflict for one in readings for conflict in one.conflicts),
        texts={name: text for one in readings for name, text in one.texts.items()},
        clip_notes={name: notes for one in readings for name, notes in one.clip_notes.items()},
    )


def _without_shared(reading: Reading) -> Reading:
    """Drop what another corpus holds too; the same voice under two names would be on both sides of a split."""
    kept: dict[str, Clip] = {}
    shared = [(clip, kept[clip.digest]) for clip in reading.clips if kept.setdefault(clip.digest, clip) is not clip]
    if not shared:
        return reading
    one, other = shared[0]
    note = (
        f"{count(len(shared), 'recording')} in two corpora, such as {one.name} and {other.name}: read once, but the speaker of each "
        f"has two names, so that a voice may be in training and in test; leave one of the corpora out."
    )
    pairs = tuple((clip.name, first.name) for clip, first in shared)
    return replace(reading, clips=tuple(kept.values()), duplicates=(*reading.duplicates, *pairs), notes=(*reading.notes, note))


def _joined(texts: Sequence[str], *, by: str) -> str:
    return by.join(dict.fromkeys(text for text in texts if text))
