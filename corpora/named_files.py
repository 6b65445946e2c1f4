"""Corpora whose file names say everything: found at any depth by their names alone, and read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from corpora.corpus import Corpus, Reading
from corpora.download import Archive, fetch_folder
from corpora.emotions import in_order
from corpora.places import (
    choose_data_folder,
    count,
    examples,
    existing_folder,
    inside,
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
        One for each name.
    unread : tuple of str
        Files that begin like the corpus's and do not follow its grammar.
    n_copies : int
        Files with a name that was found already.
    others : tuple of str
        Other recordings.
    """

    recordings: tuple[Recording, ...]
    unread: tuple[str, ...]
    n_copies: int
    others: tuple[str, ...]


class NamedFiles(Corpus):
    """A corpus that one regular expression reads from file names.

    Attributes
    ----------
    grammar : str
        Regular expression of a file's name without its suffix, after any folders, with the groups ``emotion`` and ``speaker``
        and, where there is one, ``text``. It may begin with the folder where the name alone does not say everything.
    looks_like : str
        Regular expression of the beginning of a name that is probably this corpus's.
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
            The folder; in its subfolder of the corpus's key files come first.
        """
        own = folder / self.key
        recordings: dict[str, Recording] = {}
        unread: list[str] = []
        others: list[str] = []
        n_copies = 0
        for path in sorted(paths, key=lambda path: not path.is_relative_to(own)):
            name = Path(inside(path, folder))
            match = self._grammar.fullmatch((Path(readable(folder.name)) / name).with_suffix("").as_posix())
            if match is None or match["emotion"] not in self.codes:
                (unread if self._looks_like.match(name.name) else others).append(name.as_posix())
                continue
            recording = replace(self.recording_of(match, name), path=path)
            if recordings.setdefault(recording.name, recording) is not recording:
                n_copies += 1
        return Survey(tuple(recordings.values()), tuple(unread), n_copies, tuple(others))

    def recording_of(self, match: re.Match[str], path: Path) -> Recording:
        """Return the recording that a name describes."""
        speaker = self.speaker_of(match)
        return Recording(
            path,
            name=self.name_of(match, path),
            speaker=speaker,
            emotion=self.codes[match["emotion"]],
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
        recordings = self.complete(survey.recordings, folder)
        reading = read_recordings(recordings, corpus=self.key, language=self.language, progress=progress)
        on_files = (*self._notes_on_files(survey), *notes_on_unreadable(folder))
        return replace(reading, notes=(*self.notes_on(reading), *on_files, *reading.notes))

    def complete(self, recordings: tuple[Recording, ...], folder: Path) -> tuple[Recording, ...]:
        """Return the recordings with what a table beside them adds; most corpora have none."""
        return recordings

    def notes_on(self, reading: Reading) -> tuple[str, ...]:
        """Return what is absent from a reading."""
        notes = []
        if not self.speakers_known:
            notes.append(f"{self.title} does not name its speakers: no figure is for unseen speakers, unless it is left out whole.")
        absent = [emotion for emotion in self.emotions if emotion not in reading.emotions]
        if absent:
            n = len(reading.emotions)
            notes.append(f"No clip of {', '.join(absent)} is there: chance is {1 / max(n, 1):.1%} for {count(n, 'emotion')}.")
        missing = sorted(set(self.speakers) - set(reading.speakers))
        if missing:
            there = len(self.speakers) - len(missing)
            notes.append(f"{there} of {len(self.speakers)} speakers are there; absent: {examples(missing, n=12)}.")
        unknown = sorted(set(reading.speakers) - set(self.speakers)) if self.speakers else []
        if unknown and self.test_folds:
            notes.append(
                f"{self.title} has no speaker {', '.join(unknown)}, and the published folds lack them; give --protocol balanced."
            )
        return tuple(notes)

    def _notes_on_files(self, survey: Survey) -> tuple[str, ...]:
        """Return which files were not read."""
        notes = []
        if survey.unread:
            n = count(len(survey.unread), "file")
            notes.append(f"{n} named nearly as {self.title} names them, not read: {examples(survey.unread, n=5)}.")
        if survey.n_copies:
            notes.append(f"{count(survey.n_copies, 'file')} with a name that had been read already, not read.")
        if survey.others and self.is_alone:
            notes.append(f"{count(len(survey.others), 'other recording')} there, not read: {examples(survey.others)}.")
        return tuple(notes)
