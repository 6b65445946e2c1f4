"""RAVDESS: twenty-four actors speak two sentences with eight emotions.

Speech, audio-only, of the Ryerson Audio-Visual Database of Emotional Speech and Song (Livingstone & Russo, 2018). A file's
name says everything: modality, vocal channel, emotion, intensity, statement, repetition and actor, two digits each.
"""

from __future__ import annotations

import re
from pathlib import Path

from corpora.download import Archive
from corpora.emotions import RAVDESS_EMOTIONS
from corpora.named_files import NamedFiles

RAVDESS_ARCHIVE = Archive(
    url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip",
    md5="bc696df654c87fed845eb13823edef8a",
)


class Ravdess(NamedFiles):
    """RAVDESS speech, found in the data folder or downloaded into it.

    The published audio has one recording under two names (actor 07, happy, second statement); the copy is dropped and named.

    Parameters
    ----------
    archive : Archive
        Where to download it from.
    """

    key = "ravdess"
    title = "RAVDESS speech"
    licence = "CC BY-NC-SA 4.0"
    reference = (
        "Livingstone & Russo (2018), The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS), "
        "PLoS ONE 13(5), e0196391, https://doi.org/10.1371/journal.pone.0196391"
    )
    language = "en"
    home_page = "https://zenodo.org/records/1188976"
    how_to_get = "it is downloaded by itself (208 MB) where no folder or an empty one is named."
    # Modality 03 is audio-only and vocal channel 01 speech; songs and videos have other codes.
    grammar = r"03-01-(?P<emotion>0[1-8])-0[12]-(?P<text>0[12])-0[12]-(?P<speaker>\d\d)"
    looks_like = r"03-01\b"
    # Strong neutral speech, other statements or repetitions than two, actors beyond 24: as BEASC has them.
    foreign = r"03-01-(01-02(-\d\d){3}|\d\d-\d\d-(?!0[12]-0[12])\d\d-\d\d-\d\d|(\d\d-){4}(?!0[1-9]|1\d|2[0-4])\d\d)"
    codes = {f"{code:02d}": emotion for code, emotion in enumerate(RAVDESS_EMOTIONS, start=1)}
    speakers = {f"{actor:02d}": "male" if actor % 2 else "female" for actor in range(1, 25)}
    n_clips = 1440
    # The folds of EmoBox (Ma et al., 2024), so that results stand beside published ones.
    test_folds = (
        ("01", "11", "20", "21"),
        ("04", "10", "12", "14"),
        ("08", "09", "19", "23"),
        ("03", "05", "07", "24"),
        ("02", "15", "16", "18"),
        ("06", "13", "17", "22"),
    )

    def __init__(self, *, archive: Archive = RAVDESS_ARCHIVE) -> None:
        self.archive = archive

    def gender_of(self, speaker: str) -> str:
        """Return an actor's gender: odd numbers are male, as the authors say."""
        return "male" if int(speaker) % 2 else "female"

    def name_of(self, match: re.Match[str], path: Path) -> str:
        """Return the name with the folder that the publisher gives it, wherever the file lies."""
        return f"Actor_{match['speaker']}/{path.stem}"
