"""TESS: two actresses speak two hundred words with seven emotions (Pichora-Fuller & Dupuis, 2020).

A file's name is speaker, word and emotion, such as ``OAF_back_ps``; OAF is the older and YAF the younger woman, ps pleasant
surprise. The grammar was checked against the publisher's records of the files, which name talker and emotion in words ("Older
Talker Pleasant Surprise"). The licence, and the four names in circulation that say OA for OAF, could not be checked. With two
speakers it serves as training or test material beside other corpora.
"""

from __future__ import annotations

import re
from pathlib import Path

from corpora.named_files import NamedFiles


class Tess(NamedFiles):
    """The Toronto emotional speech set."""

    key = "tess"
    title = "TESS"
    licence = "CC BY-NC-ND 4.0"
    reference = "Pichora-Fuller & Dupuis (2020), Toronto emotional speech set (TESS), https://doi.org/10.5683/SP2/E8H2MF"
    language = "en"
    home_page = "https://tspace.library.utoronto.ca/handle/1807/24487"
    how_to_get = "download it from its home page and unpack it into the data folder."
    grammar = r"(?P<speaker>OAF?|YAF)_(?P<text>[a-z]+)_(?P<emotion>[a-z]+)"
    looks_like = r"(OAF?|YAF)_"
    codes = {
        "angry": "angry",
        "disgust": "disgust",
        "fear": "fearful",
        "happy": "happy",
        "neutral": "neutral",
        "ps": "surprised",
        "sad": "sad",
    }
    speakers = {"OAF": "female", "YAF": "female"}
    n_clips = 2800

    def speaker_of(self, match: re.Match[str]) -> str:
        """Return the speaker; OA stands for OAF."""
        return "OAF" if match["speaker"] == "OA" else match["speaker"]

    def name_of(self, match: re.Match[str], path: Path) -> str:
        """Return the clip's name, with the speaker's full code."""
        return f"{self.speaker_of(match)}_{match['text']}_{match['emotion']}"
