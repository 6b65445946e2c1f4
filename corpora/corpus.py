"""What every corpus says about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from audio.clip import Clip

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
    """

    clips: tuple[Clip, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()


class Corpus(ABC):
    """A source of labelled clips; one file a corpus.

    Attributes
    ----------
    key, title : str
        Its name on the command line and for people.
    emotions : tuple of str
        Its emotions, in the project's order.
    is_real : bool
        False for speech made by code; such results are never called real.
    licence, reference : str
        Licence of the recordings, and where they are described.
    test_folds : tuple of tuple of str, or None
        Published test speakers of each outer fold; None lets the protocol make gender-balanced ones.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    emotions: ClassVar[tuple[str, ...]]
    is_real: ClassVar[bool]
    licence: ClassVar[str]
    reference: ClassVar[str]
    test_folds: ClassVar[tuple[tuple[str, ...], ...] | None] = None

    def locate(self, root: Path | None = None) -> Path | None:
        """Make sure that the corpus is here, downloading it if need be.

        Returns
        -------
        Path or None
            Its folder; None for a corpus that is made by code.

        Raises
        ------
        CorpusError
            If it is not there and cannot be fetched.
        """
        return None

    @abstractmethod
    def read(self, root: Path | None = None, *, progress: Callable[[int, int], None] | None = None) -> Reading:
        """Read every clip.

        Parameters
        ----------
        root : Path, optional
            Where the corpus lies; None looks in the usual places and may download.
        progress : callable, optional
            Called with (files done, files in all).

        Raises
        ------
        CorpusError
            If the corpus is not there and cannot be fetched, or has too many bad files.
        """
