"""Corpora whose file names say everything: found at any depth by their names alone, and read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from corpora.corpus import Corpus, Reading
from corpora.download import Archive, fetch_folder
from corpora.emotions import in_order
from corpora.labels import describe_mapping, plain, relabel
from corpora.places import (
    choose_data_folder,
    count,
    examples,
    existing_folder,
    inside,
    is_lossy,
    list_recordings,
    may_download,
    notes_on_unreadable,
    readable,
    what_lies_in,
)
from corpora.reader import Recording, read_recordings
from emotune.errors import CorpusError

HOW_TO_GIVE_OWN = (
    "give own recordings with --corpus TABLE.csv (columns path, emotion, speaker) or --corpus FOLDER (one subfolder an emotion)"
)


@dataclass(frozen=True)
class Survey:
    """The files of a folder, seen by one corpus's grammar.

    Attributes
    ----------
    recordings : tuple of Recording
        One for each name, with its copies.
    unread : tuple of str
        Files that begin like the corpus's and do not follow its grammar, as the folder names them.
    others : tuple of Path
        Other recordings.
    """

    recordings: tuple[Recording, ...]
    unread: tuple[str, ...]
    others: tuple[Path, ...]

    @property
    def copies(self) -> tuple[Path, ...]:
        """The files with a name that was found already."""
        return tuple(path for recording in self.recordings for path in recording.copies)


class NamedFiles(Corpus):
    """A corpus that one regular expression reads from file names.

    Attributes
    ----------
    grammar : str
        Regular expression of a file's name without its suffix, after any folders, with the groups ``emotion`` and ``speaker``
        and, where there is one, ``text``. It may begin with the folder where the name alone does not say everything.
    looks_like : str
        Regular expression of the beginning of a name that is probably this corpus's.
    foreign : str
        Regular expression of whole names of its form with codes that it does not have: others name their corpora by its rules.
    codes : mapping of str to str
        The emotion of each code.
    is_checked : bool
        Whether the grammar was checked against the authors' description or the recordings themselves.
    archive : Archive or None
        Where it can be downloaded from.
    """

    grammar: str
    looks_like: str
    codes: Mapping[str, str]
    foreign: str = ""
    is_checked: bool = True
    archive: Archive | None = None

    def __init_subclass__(cls) -> None:
        if "codes" in vars(cls) and "emotions" not in vars(cls):
            cls.emotions = in_order(cls.codes.values())

    @cached_property
    def _grammar(self) -> re.Pattern[str]:
        return re.compile(f"(?:.*/)?(?:{self.grammar})")

    @cached_property
    def _looks_like(self) -> re.Pattern[str]:
        return re.compile(self.looks_like)

    def gender_of(self, speaker: str) -> str:
        """Return a speaker's gender, ``""`` if it is unknown."""
        return self.speakers.get(speaker, "")

    def speaker_of(self, match: re.Match[str]) -> str:
        """Return the speaker that a name says."""
        return match["speaker"]

    def name_of(self, match: re.Match[str], path: Path) -> str:
        """Return the clip's name, which is the same wherever the file lies."""
        return path.stem

    def survey(self, folder: Path) -> Survey:
        """Look for the corpus's files in a folder and everything below it."""
        return self.survey_of(list_recordings(folder), folder=folder)

    def survey_of(self, paths: Iterable[Path], *, folder: Path) -> Survey:
        """Sort listed files: what is this corpus's, what looks like it, and what else there is.

        Parameters
        ----------
        paths : iterable of Path
            The files of the folder, as :func:`corpora.places.list_recordings` lists them.
        folder : Path
            The folder; of files with one name those in its subfolder of the corpus's key come first, and lossless ones before others.
        """
        own = folder / self.key
        named: dict[str, list[Recording]] = {}
        unread: list[str] = []
        others: list[Path] = []
        for path in paths:
            name = Path(inside(path, folder))
            match = self._grammar.fullmatch((Path(readable(folder.name)) / name).with_suffix("").as_posix())
            if match is not None and match["emotion"] in self.codes:
                recording = replace(self.recording_of(match, name), path=path)
                named.setdefault(recording.name, []).append(recording)
            elif self._looks_like.match(name.name):
                unread.append(name.as_posix())
            else:
                others.append(path)
        recordings = []
        for of_name in named.values():
            first, *further = sorted(of_name, key=lambda one: (not one.path.is_relative_to(own), is_lossy(one.path)))
            recordings.append(replace(first, copies=tuple(one.path for one in further)) if further else first)
        return Survey(tuple(recordings), tuple(unread), tuple(others))

    def recording_of(self, match: re.Match[str], path: Path) -> Recording:
        """Return the recording that a name describes."""
        speaker = self.speaker_of(match)
        return Recording(
            path,
            name=self.name_of(match, path),
            speaker=speaker,
            emotion=relabel(self.codes[match["emotion"]], given=self.label_map),
            gender=self.gender_of(speaker),
            text=match.groupdict().get("text") or "",
        )

    def locate(self, root: Path | None = None, *, allow_download: bool = False) -> Path:
        """Return the folder that the corpus lies in, downloaded if need be and allowed."""
        folder = existing_folder(root)
        if self.survey(folder).recordings:
            return folder
        return self._fetch(root, folder, allow_download=allow_download)

    def _fetch(self, root: Path | None, folder: Path, *, allow_download: bool) -> Path:
        """Download the corpus, or say why not and what to do."""
        if self.archive is None:
            raise CorpusError(
                f"{self.title} must lie in {folder}, but {what_lies_in(folder)}, none named as {self.title} names them. "
                f"To get it: {self.how_to_get}"
            )
        leftovers = (self.archive.file_name, f"{self.archive.file_name}.part")
        if not may_download(root, leftovers=leftovers, allow_download=allow_download):
            raise CorpusError(
                f"{self.title} must lie in {folder}, but {what_lies_in(folder)}, none named as {self.title} names them; "
                f"{HOW_TO_GIVE_OWN}, name an empty folder, or add --download to download {self.title} there."
            )
        return fetch_folder(self.archive, choose_data_folder(root) / self.key)

    def read(
        self,
        root: Path | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        allow_download: bool = False,
    ) -> Reading:
        """Read every clip that is there.

        Parameters
        ----------
        root : Path, optional
            Folder that has the corpus at any depth; by default ``EMOTUNE_DATA``, else ``data/``.
        progress : callable, optional
            Called with (files done, files in all).
        allow_download : bool
            Download the corpus into a folder that a person named, though it is not empty.

        Raises
        ------
        DownloadError
            If the corpus is not there and cannot be fetched.
        CorpusError
            If it is not there and may not be fetched, or too many of its files are bad.
        """
        folder = self.locate(root, allow_download=allow_download)
        survey = self.survey(folder)
        recordings, notes = self.complete(survey.recordings)
        reading = read_recordings(recordings, corpus=self.key, language=self.language, progress=progress)
        on_files = (*self._notes_on_files(survey, folder), *notes_on_unreadable(folder), *notes)
        return replace(reading, notes=(*self.notes_on(reading), *on_files, *reading.notes))

    def complete(self, recordings: tuple[Recording, ...]) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
        """Return the recordings with what a table beside them adds, and notes on it; most corpora have none."""
        return recordings, ()

    def notes_on(self, reading: Reading) -> tuple[str, ...]:
        """Return what is absent from a reading."""
        notes = []
        if not self.speakers_known:
            notes.append(f"{self.title} does not name its speakers: no figure is for unseen speakers, unless it is left out whole.")
        if self.label_map:
            said = {plain(emotion): relabel(emotion, given=self.label_map) for emotion in type(self).emotions}
            notes.append(describe_mapping(type(self).emotions, given=said))
        absent = [emotion for emotion in self.emotions if emotion not in reading.emotions]
        if absent:
            n = len(reading.emotions)
            notes.append(f"No clip of {', '.join(absent)} is there: chance is {1 / max(n, 1):.1%} for {count(n, 'emotion')}.")
        missing = sorted(set(self.speakers) - set(reading.speakers))
        if missing:
            there = len(self.speakers) - len(missing)
            notes.append(f"{there} of {len(self.speakers)} speakers are there; absent: {examples(missing, n=12)}.")
        unknown = sorted(set(reading.speakers) - set(self.speakers)) if self.speakers else []
        if unknown:
            folds = ", and the published folds lack them; if they belong to it, give --protocol balanced" if self.test_folds else ""
            notes.append(f"{self.title} has no speaker {examples(unknown, n=12)}{folds}.")
        n_read = len(reading.clips) + len(reading.skipped) + len(reading.duplicates)
        if self.n_clips and n_read < self.n_clips:
            notes.append(f"{n_read} of {self.n_clips} recordings are there.")
        return tuple(notes)

    def _notes_on_files(self, survey: Survey, folder: Path) -> tuple[str, ...]:
        """Return which files were not read."""
        notes = []
        if survey.unread:
            n = count(len(survey.unread), "file")
            notes.append(f"{n} named nearly as {self.title} names them, not read: {examples(survey.unread, n=5)}.")
        if survey.copies:
            places = sorted({inside(path.parent, folder) for path in survey.copies})
            n = count(len(survey.copies), "file")
            notes.append(f"{n} with the name of another, in {examples(places)}: of each name the first good one is read.")
        names = [*(recording.path.stem for recording in survey.recordings), *(Path(name).stem for name in survey.unread)]
        foreign = [name for name in names if self.foreign and re.fullmatch(self.foreign, name)]
        if foreign:
            notes.append(
                f"{count(len(foreign), 'file')} named as {self.title} names them, but with codes that it does not have: "
                f"{examples(foreign)}. They are probably another corpus's; give that with --corpus TABLE.csv or --corpus FOLDER."
            )
        if survey.others and self.is_alone:
            notes.append(note_on_others(survey.others, folder))
        return tuple(notes)


def note_on_others(paths: Sequence[Path], folder: Path) -> str:
    """Return in a sentence that recordings lie in a folder that no corpus reads."""
    return f"{count(len(paths), 'other recording')} there, not read: {examples([inside(path, folder) for path in paths])}."
