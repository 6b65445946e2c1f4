"""What every corpus of own recordings shares: its names, its speakers, and how it is read."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from corpora.corpus import Corpus, Reading
from corpora.emotions import in_order
from corpora.labels import describe_mapping, plain, to_emotion
from corpora.places import as_named, count, examples, readable
from corpora.reader import Recording, read_recordings, refuse_too_many
from corpora.spellings import looking_alike, with_plain_numbers
from emotune.errors import CorpusError

N_UNKNOWN_GROUPS = 12
"""Into how many groups clips of unknown speakers are dealt."""

UNKNOWN = "unknown"
"""Stands for a speaker or an emotion that nothing tells."""

NOBODY = frozenset(("", UNKNOWN))
"""Names of a speaker or a gender, in lower case, that tell nothing."""

JOINTS = re.compile(r"[\W_]+(?=[^\W\d_])|(?<=[^\W\d_])[\W_]+")
"""What stands beside the letters of a name."""

SPEAKERS_UNKNOWN_NOTE = (
    f"The speakers are unknown: the clips were dealt into {N_UNKNOWN_GROUPS} groups, a speaker may be in several of them, and no "
    "figure is for unseen speakers."
)


@dataclass(frozen=True)
class Options:
    """What a person says about own recordings.

    Attributes
    ----------
    label_map : mapping of str to str
        From :func:`corpora.labels.parse_map`.
    speaker_pattern : str
        Regular expression that finds the speaker in a file's path within the folder: its group ``speaker``, else its first one.
    speakers_unknown : bool
        Go on without speakers.
    """

    label_map: dict[str, str] = field(default_factory=dict)
    speaker_pattern: str = ""
    speakers_unknown: bool = False


@dataclass(frozen=True)
class Listing:
    """What a table or a folder lists.

    Attributes
    ----------
    recordings : tuple of Recording
        What to read; an empty speaker is unknown.
    words : tuple of str
        The label words as they were written.
    skipped : tuple of (str, str)
        Name and reason of what cannot be read.
    notes : tuple of str
        What a person should know.
    conflicts : tuple of str
        What is said twice of one recording, differently.
    """

    recordings: tuple[Recording, ...]
    words: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


class OwnRecordings(Corpus):
    """A corpus of a person's own recordings, listed when it is made and read later.

    Parameters
    ----------
    path : Path
        The table or folder.
    listing : Listing
        What it lists.
    options : Options
        What the person said.
    """

    licence = "not stated"
    reference = "Recordings of the person who ran the search."

    def __init__(self, path: Path, listing: Listing, *, options: Options) -> None:
        if not listing.recordings:
            raise CorpusError(f"{path} must name recordings that can be read, got none{_first(listing.skipped)}; correct it.")
        self.path = path
        self.key = key_of(path)
        self.title = readable(as_named(path).name or path)
        self.home_page = self.title
        self.how_to_get = f"ask whoever has {self.title}."
        self.speakers_known = not options.speakers_unknown
        named, notes_on_names = _with_one_name_each(listing.recordings)
        recordings, notes_on_genders = _with_one_gender_each(named)
        self.recordings = recordings if self.speakers_known else _deal(recordings)
        self.emotions = in_order(recording.emotion for recording in self.recordings)
        self.speakers = {recording.speaker: recording.gender for recording in self.recordings}
        self.n_clips = len(self.recordings)
        languages = {recording.language for recording in self.recordings}
        self.language = languages.pop() or "und" if len(languages) == 1 else "mul"
        self.skipped = listing.skipped
        self.words = listing.words
        self.conflicts = listing.conflicts
        notes_on_speakers = (*notes_on_names, *notes_on_genders) if self.speakers_known else (SPEAKERS_UNKNOWN_NOTE,)
        mapping = describe_mapping(listing.words, given=options.label_map)
        self._notes = (*notes_on_speakers, mapping, *_notes_on_copies(self.emotions), *listing.notes)

    def has_label(self, word: str) -> bool:
        """Tell whether a word is one of the labels as they were written, or the name of the emotion of one."""
        return any(word in (plain(label), plain(to_emotion(label))) for label in self.words)

    def locate(self, root: Path | None = None, *, allow_download: bool = False) -> Path:
        """Return where the table or folder lies."""
        return self.path if self.path.is_dir() else self.path.parent

    def read(
        self,
        root: Path | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        allow_download: bool = False,
    ) -> Reading:
        """Read every recording that is listed; `root` is not used, since the paths were found before.

        Raises
        ------
        CorpusError
            If too many of the listed recordings are missing or bad.
        """
        n_files = len(self.recordings) + len(self.skipped)
        refuse_too_many(self.skipped, n_files=n_files, corpus=self.title)
        reading = read_recordings(self.recordings, corpus=self.key, language=self.language, progress=progress)
        notes = [*self._notes]
        absent = [emotion for emotion in self.emotions if emotion not in reading.emotions]
        if absent:
            notes.append(f"No clip of {', '.join(absent)} could be read.")
        return replace(
            reading,
            skipped=(*self.skipped, *reading.skipped),
            notes=(*notes, *reading.notes),
            conflicts=(*self.conflicts, *reading.conflicts),
        )


def key_of(path: Path, *, with_folder: bool = False) -> str:
    """Return the key of own recordings: the file's or folder's name in letters, digits and hyphens, marked as own.

    The mark keeps the results of ``emodb.csv`` apart from those of the corpus ``emodb``.

    Parameters
    ----------
    path : Path
        The table or folder.
    with_folder : bool
        Put the name of the folder that it lies in before.
    """
    path = as_named(path)
    name = path.name if path.is_dir() else path.stem
    name = re.sub(r"[^a-z0-9]+", "-", f"{path.parent.name if with_folder else ''} {name}".lower()).strip("-")
    return f"own-{name or 'recordings'}"


def require_speakers(recordings: Sequence[Recording], *, options: Options, where: str, next_step: str) -> None:
    """Refuse recordings without speakers, unless a person said that they are unknown.

    Raises
    ------
    CorpusError
        With the reason: such numbers would be worthless.
    """
    without = [recording.name for recording in recordings if recording.speaker.casefold() in NOBODY]
    if without and not options.speakers_unknown:
        raise CorpusError(
            f"Every recording needs its speaker, but none is known for {count(len(without), 'recording')} of {where} "
            f"({examples(without)}): a model that was trained on a voice recognises the voice, so the numbers would be worthless for "
            f"other people; {next_step}, or accept that with --speakers-unknown."
        )


def _with_one_name_each(recordings: Sequence[Recording]) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
    """Let a person have one name or number, however its letters, blanks, capitals and zeros are written, and say which were one.

    The same voice under two names could be in training and in test.
    """
    written = [" ".join(unicodedata.normalize("NFC", recording.speaker).split()) for recording in recordings]
    spellings: dict[str, Counter[str]] = {}
    for name in written:
        spellings.setdefault(_folded(name), Counter())[name] += 1
    names = {folded: max(sorted(found), key=found.__getitem__) for folded, found in spellings.items()}
    one = tuple(replace(recording, speaker=names[_folded(name)]) for recording, name in zip(recordings, written, strict=True))
    joined = [" and ".join(sorted(found)) for found in spellings.values() if len(found) > 1]
    notes = []
    if joined:
        alike = "Speakers whose names differ in capitals, zeros or forms of letters alone are taken for one person"
        notes.append(f"{alike}: {examples(joined)}; name them apart if not.")
    if apart := looking_alike(names.values(), plain=lambda name: JOINTS.sub("", name)):
        alike = "Speakers whose names differ in the mark of a copy, blanks, hyphens or the like are taken for different people"
        notes.append(
            f"{alike}: {examples(apart)}; give them one name if they are the same, so that no voice is tested that was learnt."
        )
    return one, tuple(notes)


def _with_one_gender_each(recordings: Sequence[Recording]) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
    """Let a speaker have the gender that most of their recordings with one have, and say who has two."""
    said: dict[str, Counter[str]] = {}
    for recording in recordings:
        said.setdefault(recording.speaker, Counter()).update([recording.gender] if recording.gender else [])
    genders = {speaker: max(sorted(found), key=found.__getitem__, default="") for speaker, found in said.items()}
    one = tuple(replace(recording, gender=genders[recording.speaker]) for recording in recordings)
    several = [
        f"{speaker} ({', '.join(f'{n} {gender}' for gender, n in sorted(found.items()))})"
        for speaker, found in sorted(said.items())
        if len(found) > 1
    ]
    text = f"Speakers with two genders, of which that of more recordings is taken: {examples(several)}"
    return one, (f"{text}; correct the genders, or name them apart if they are two people.",) if several else ()


def _folded(name: str) -> str:
    """Return a name as it is compared: without capitals, and a number as 7 where programs write 07 or 7.0."""
    return with_plain_numbers(name).casefold()


def _notes_on_copies(emotions: Sequence[str]) -> tuple[str, ...]:
    """Ask in a sentence about emotions whose names copying a folder makes, if there are some."""
    apart = looking_alike(emotions)
    text = f"Emotions whose names differ in the mark of a copy are kept apart: {examples(apart)}"
    return (f"{text}; if they are one, say so (--map WORD=EMOTION).",) if apart else ()


def _deal(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """Deal recordings into groups that stand for speakers, every emotion evenly."""
    ordered = sorted(recordings, key=lambda recording: (recording.emotion, recording.name))
    return tuple(
        replace(recording, speaker=f"group-{k % N_UNKNOWN_GROUPS + 1:02d}", gender="") for k, recording in enumerate(ordered)
    )


def _first(skipped: Sequence[tuple[str, str]]) -> str:
    return f" ({skipped[0][1]})" if skipped else ""
