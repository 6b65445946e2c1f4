"""RAVDESS song: twenty-three actors sing two sentences with six emotions (Livingstone & Russo, 2018).

Names follow those of the speech, with vocal channel 02; actor 18 sang nothing, and nobody sang disgust or surprise.
The actors are those of the speech, so that nobody is learnt from one and tested on the other.
"""

from __future__ import annotations

import re
from pathlib import Path

from corpora.emotions import RAVDESS_EMOTIONS
from corpora.named_files import NamedFiles
from corpora.ravdess import Ravdess

WITHOUT_SONG = "18"


class RavdessSong(NamedFiles):
    """Song, audio-only, of RAVDESS."""

    key = "ravdess-song"
    title = "RAVDESS song"
    licence = Ravdess.licence
    reference = Ravdess.reference
    language = "en"
    home_page = Ravdess.home_page
    how_to_get = "download Audio_Song_Actors_01-24.zip from its home page and unpack it into the data folder."
    grammar = r"03-02-(?P<emotion>0[1-6])-0[12]-(?P<text>0[12])-0[12]-(?P<speaker>\d\d)"
    looks_like = r"03-02\b"
    codes = {f"{code:02d}": emotion for code, emotion in enumerate(RAVDESS_EMOTIONS[:6], start=1)}
    speakers = {actor: gender for actor, gender in Ravdess.speakers.items() if actor != WITHOUT_SONG}
    speakers_of = Ravdess.key
    n_clips = 1012

    def name_of(self, match: re.Match[str], path: Path) -> str:
        """Return the name with the folder that the publisher gives it, wherever the file lies."""
        return f"Actor_{match['speaker']}/{path.stem}"
