"""What every corpus says about itself, and what reading one gives."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from audio.clip import Clip
from corpora.emotions import in_order
from corpora.labels import relabel, stands_for

MAX_BAD_FRACTION = 0.05
"""A corpus with more bad files than this stops the run."""


@dataclass(frozen=True)
class Reading:
    """A corpus as it was read.

    Attributes
    ----------
    clips : tuple of Clip
        The usable clips, sorted by name, without exact duplicates.
    skipped : tuple of (str, str)
        Name and reason of every bad file.
    duplicates : tuple of (str, str)
        Name of every dropped clip and of the kept one with the same content.
    notes : tuple of str
        What a person should know: absent emotions and speakers, files that look like the corpus but were not read, …
    conflicts : tuple of str
        Duplicates that disagree on the speaker or the emotion, in words.
    texts : mapping of str to str
        What is said in a clip, by the clip's name, where the corpus names it; a sentence's code stands for the sentence.
    clip_notes : mapping of str to tuple of str
        What the loader changed in a clip or found missing or doubtful, by the clip's name; clean clips are not among them.
    """

    clips: tuple[Clip, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    clip_notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def emotions(self) -> tuple[str, ...]:
        """The emotions of the clips, in the project's order."""
        return in_order(clip.emotion for clip in self.clips)

    @property
    def speakers(self) -> dict[str, str]:
        """Gender of each speaker of the clips, by name; ``""`` where it is unknown."""
        return {clip.speaker: clip.gender for clip in sorted(self.clips, key=lambda clip: clip.speaker)}

    @property
    def speakers_by_corpus(self) -> dict[str, dict[str, str]]:
        """Gender of each speaker, by corpus and name, in the order of the clips."""
        found: dict[str, dict[str, str]] = {}
        for clip in self.clips:
            found.setdefault(clip.corpus, {})[clip.speaker] = clip.gender
        return found


def in_words(clip: Clip) -> str:
    """Return a clip's name with its speaker and emotion, for people."""
    return f"{clip.name} ({clip.speaker}, {clip.emotion})"


TestFolds = tuple[tuple[str, ...], ...]


class Corpus(ABC):
    """A source of labelled clips; one file a corpus.

    Attributes
    ----------
    key, title : str
        Its name on the command line and for people.
    emotions : tuple of str
        Its emotions, in the project's order; a reading may have fewer.
    is_real : bool
        False for speech made by code; such results are never called real.
    licence, reference : str
        Licence of the recordings, and where they are described.
    language : str
        ISO 639 code of its language; ``"und"`` if it is unknown, ``"mul"`` for several.
    home_page, how_to_get : str
        Where it is published, and what a person does to have it.
    test_folds : tuple of tuple of str, or None
        Published test speakers of each outer fold; None lets the protocol make gender-balanced ones.
    speakers : mapping of str to str
        Gender of each speaker of the complete corpus; empty where they are not known beforehand.
    speakers_of : str
        Key of the corpus that has the same people under the same names; ``""`` where they are in no other.
    n_clips : int or None
        Number of recordings of the complete corpus.
    speakers_known : bool
        False if the speakers were made up; no figure is then for unseen speakers.
    is_alone : bool
        False for a part of several corpora, which does not list other recordings as unread.
    label_map : mapping of str to str
        What a person said about its emotions, from :func:`corpora.labels.parse_map`.
    """

    key: str
    title: str
    emotions: tuple[str, ...]
    is_real: bool = True
    licence: str
    reference: str
    language: str = "und"
    home_page: str = ""
    how_to_get: str = ""
    test_folds: TestFolds | None = None
    speakers: Mapping[str, str] = {}
    speakers_of: str = ""
    n_clips: int | None = None
    speakers_known: bool = True
    is_alone: bool = True
    label_map: Mapping[str, str] = {}

    @property
    def published_folds(self) -> Mapping[str, TestFolds]:
        """Published test speakers of each outer fold, by corpus, of the corpora that have some."""
        return {} if self.test_folds is None else {self.key: self.test_folds}

    def relabelled(self, given: Mapping[str, str]) -> Self:
        """Return the corpus with other emotions in place of its own, as a person said."""
        corpus = copy.copy(self)
        corpus.label_map = given
        corpus.emotions = in_order(relabel(emotion, given=given) for emotion in self.emotions)
        return corpus

    def has_label(self, word: str) -> bool:
        """Tell whether a word of the label map, as :func:`corpora.labels.plain` writes it, stands for one of its own emotions."""
        return word in self.label_map and any(stands_for(word, emotion) for emotion in type(self).emotions)

    def locate(self, root: Path | None = None, *, allow_download: bool = False) -> Path | None:
        """Make sure that the corpus is here, downloading it if need be.

        Parameters
        ----------
        root : Path, optional
            Where the corpus lies; None looks in the usual places.
        allow_download : bool
            Download into a folder that a person named, though it is not empty.

        Returns
        -------
        Path or None
            The folder it lies in; None for a corpus that is made by code.

        Raises
        ------
        CorpusError
            If it is not there and cannot be fetched.
        """
        return None

    @abstractmethod
    def read(
        self,
        root: Path | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        allow_download: bool = False,
    ) -> Reading:
        """Read every clip.

        Parameters
        ----------
        root : Path, optional
            Where the corpus lies; None looks in the usual places and may download.
        progress : callable, optional
            Called with (files done, files in all).
        allow_download : bool
            As in :meth:`locate`.

        Raises
        ------
        CorpusError
            If the corpus is not there and cannot be fetched, or has too many bad files.
        """

    def title_of(self, reading: Reading) -> str:
        """Return the title with what of the corpus was in a reading, such as ``RAVDESS speech (4 of 8 emotions)``."""
        parts = [
            f"{n_read} of {n_all} {what}"
            for n_read, n_all, what in (
                (len(set(reading.emotions) & set(self.emotions)), len(self.emotions), "emotions"),
                (len(set(reading.speakers) & set(self.speakers)), len(self.speakers), "speakers"),
            )
            if n_read < n_all
        ]
        return f"{self.title} ({', '.join(parts)})" if parts else self.title
