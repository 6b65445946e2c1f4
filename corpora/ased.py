"""ASED: 65 speakers of Amharic with five emotions (Retta et al., 2022).

A file's name is ``xn-yy-aa-gg-bb``: emotion and folder, sentence, repetition, gender (01 female, 02 male), speaker, as the authors
describe it; one published file has a capital (``S4-04-02-01-29``). Most sentences belong to one emotion, which the checks say.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from corpora.named_files import NamedFiles
from corpora.reader import Recording


class Ased(NamedFiles):
    """The Amharic Speech Emotion Dataset."""

    key = "ased"
    title = "ASED"
    licence = "not stated by its authors"
    reference = (
        "Retta, Almekhlafi, Sutcliffe, Mhamed, Ali & Feng (2022), A New Amharic Speech Emotion Dataset and Classification Benchmark, "
        "ACM Transactions on Asian and Low-Resource Language Information Processing, https://doi.org/10.1145/3529759"
    )
    language = "am"
    home_page = "https://github.com/Ethio2021/ASED_V1"
    how_to_get = "download the repository on its home page and unpack it into the data folder."
    grammar = r"(?P<emotion>[nfhsaNFHSA])\d-(?P<text>\d\d)-\d\d-(?P<gender>0[12])-(?P<speaker>\d\d)"
    looks_like = r"[nfhsaNFHSA]\d-\d\d-"
    codes = dict(zip("nfhsaNFHSA", 2 * ("neutral", "fearful", "happy", "sad", "angry"), strict=True))
    n_clips = 2474

    def recording_of(self, match: re.Match[str], path: Path) -> Recording:
        """Return the recording, with the gender that its name says."""
        gender = "female" if match["gender"] == "01" else "male"
        text = f"{match['emotion'].lower()}{match['text']}"  # sentences are counted in each emotion apart
        return replace(super().recording_of(match, path), gender=gender, text=text)
