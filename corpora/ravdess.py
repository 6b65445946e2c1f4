"""RAVDESS: twenty-four actors speak two sentences with eight emotions.

Speech, audio-only, of the Ryerson Audio-Visual Database of Emotional Speech and Song (Livingstone & Russo, 2018). A file's
name says everything: modality, vocal channel, emotion, intensity, statement, repetition and actor, two digits each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from corpora.corpus import Corpus, Reading
from corpora.download import Archive, fetch_folder
from corpora.emotions import RAVDESS_EMOTIONS
from corpora.reader import Recording, choose_data_folder, find_corpus, read_recordings

RAVDESS_ARCHIVE = Archive(
    url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip",
    md5="bc696df654c87fed845eb13823edef8a",
)

SPEECH_NAME = re.compile(r"03-01-0(?P<emotion>[1-8])-0[12]-0[12]-0[12]-(?P<actor>\d\d)\.(wav|flac|ogg|mp3)", re.IGNORECASE)
"""Modality 03 is audio-only and vocal channel 01 speech; songs and videos have other codes."""


class Ravdess(Corpus):
    """RAVDESS speech, found in the data folder or downloaded into it.

    The published audio has one recording under two names (actor 07, happy, second statement); the copy is dropped and named.

    Parameters
    ----------
    archive : Archive
        Where to download it from.
    """

    key: ClassVar[str] = "ravdess"
    title: ClassVar[str] = "RAVDESS speech"
    emotions: ClassVar[tuple[str, ...]] = RAVDESS_EMOTIONS
    is_real: ClassVar[bool] = True
    licence: ClassVar[str] = "CC BY-NC-SA 4.0"
    reference: ClassVar[str] = (
        "Livingstone & Russo (2018), The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS), "
        "PLoS ONE 13(5), e0196391, https://doi.org/10.1371/journal.pone.0196391"
    )
    # The folds of EmoBox (Ma et al., 2024), so that results stand beside published ones.
    test_folds: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("01", "11", "20", "21"),
        ("04", "10", "12", "14"),
        ("08", "09", "19", "23"),
        ("03", "05", "07", "24"),
        ("02", "15", "16", "18"),
        ("06", "13", "17", "22"),
    )

    def __init__(self, *, archive: Archive = RAVDESS_ARCHIVE) -> None:
        self.archive = archive

    def read(self, root: Path | None = None, *, progress: Callable[[int, int], None] | None = None) -> Reading:
        """Read every clip of the actors that are there.

        Parameters
        ----------
        root : Path, optional
            Folder that is the corpus, or has it up to two levels deeper; by default ``EMOTUNE_DATA``, else ``data/``. Where
            it has no RAVDESS, the published archive is downloaded into its subfolder ``ravdess``.
        progress : callable, optional
            Called with (files done, files in all).

        Raises
        ------
        DownloadError
            If the corpus is not there and cannot be fetched.
        CorpusError
            If too many of its files are bad.
        """
        return read_recordings(_list_recordings(self.locate(root)), corpus=self.key, language="en", progress=progress)

    def locate(self, root: Path | None = None) -> Path:
        """Return the folder of the actors, downloaded if need be."""
        data_folder = choose_data_folder(root)
        folder = find_corpus(data_folder, key=self.key, holds="Actor_*/03-01-*")
        return folder or fetch_folder(self.archive, data_folder / self.key)


def _list_recordings(folder: Path) -> list[Recording]:
    """List the speech files of every actor, one file a name."""
    recordings: dict[str, Recording] = {}
    for path in sorted(folder.glob("Actor_*/*")):
        match = SPEECH_NAME.fullmatch(path.name)
        if match:
            actor, name = match["actor"], f"{path.parent.name}/{path.stem}"
            emotion = RAVDESS_EMOTIONS[int(match["emotion"]) - 1]
            gender = "male" if int(actor) % 2 else "female"
            recordings.setdefault(name, Recording(path, name=name, speaker=actor, emotion=emotion, gender=gender))
    return list(recordings.values())
