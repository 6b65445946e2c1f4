"""SUBESCO: twenty actors speak ten Bangla sentences with seven emotions (Sultana et al., 2021).

A file's name is gender, number and name of the speaker, sentence, emotion and take, such as ``F_02_MONIKA_S_1_NEUTRAL_5``, as the
authors describe it. One of the published files ends in a stray bracket (``F_02_MONIKA_S_2_SURPRISE_3]``).
"""

from __future__ import annotations

import re
from pathlib import Path

from corpora.named_files import NamedFiles


class Subesco(NamedFiles):
    """The SUST Bangla Emotional Speech Corpus."""

    key = "subesco"
    title = "SUBESCO"
    licence = "CC BY 4.0"
    reference = (
        "Sultana, Rahman, Selim & Iqbal (2021), SUST Bangla Emotional Speech Corpus (SUBESCO), PLoS ONE 16(4), e0250173, "
        "https://doi.org/10.1371/journal.pone.0250173"
    )
    language = "bn"
    home_page = "https://zenodo.org/records/4526477"
    how_to_get = "download SUBESCO.zip from its home page and unpack it into the data folder."
    grammar = r"(?P<speaker>[FM]_\d\d)_[A-Z]+_S_(?P<text>\d+)_(?P<emotion>[A-Z]+)_\d\]?"
    looks_like = r"[FM]_\d\d_[A-Z]+_S_"
    codes = {
        "ANGRY": "angry",
        "DISGUST": "disgust",
        "FEAR": "fearful",
        "HAPPY": "happy",
        "NEUTRAL": "neutral",
        "SAD": "sad",
        "SURPRISE": "surprised",
    }
    speakers = {f"{gender[0].upper()}_{n:02d}": gender for gender in ("female", "male") for n in range(1, 11)}
    n_clips = 7000

    def name_of(self, match: re.Match[str], path: Path) -> str:
        """Return the clip's name, without the bracket."""
        return path.stem.rstrip("]")
