"""ShEMO: 87 speakers of Persian radio plays with six emotions (Mohamad Nezami et al., 2019).

A file's name is gender and number of the speaker, emotion and number, such as ``F01A02``. The letters are those of the authors'
description of labels.
"""

from __future__ import annotations

from corpora.named_files import NamedFiles


class Shemo(NamedFiles):
    """The Sharif Emotional Speech Database."""

    key = "shemo"
    title = "ShEMO"
    licence = "free for academic purposes"
    reference = (
        "Mohamad Nezami, Jamshid Lou & Karami (2019), ShEMO: a large-scale validated database for Persian speech emotion detection, "
        "Language Resources and Evaluation 53, 1-16, https://doi.org/10.1007/s10579-018-9427-x"
    )
    language = "fa"
    home_page = "https://github.com/mansourehk/ShEMO"
    how_to_get = "download female.zip and male.zip as its home page says and unpack them into the data folder."
    grammar = r"(?P<speaker>[FM]\d\d)(?P<emotion>[AFHNSW])\d\d"
    looks_like = r"[FM]\d\d[AFHNSW]"
    codes = {"A": "angry", "F": "fearful", "H": "happy", "N": "neutral", "S": "sad", "W": "surprised"}
    n_clips = 3000

    def gender_of(self, speaker: str) -> str:
        """Return a speaker's gender, which the name begins with."""
        return "female" if speaker.startswith("F") else "male"
