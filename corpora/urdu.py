"""URDU: unacted speech of Urdu talk shows with four emotions (Latif et al., 2018).

A file's name is ``SGx_Fnn_Ennn``: S, the gender and number of the speaker, the number of that speaker's file, the emotion's letter
and number. The recordings have 29 speakers' names, while the authors speak of 38.
"""

from __future__ import annotations

from corpora.named_files import NamedFiles

FEMALE = range(1, 12)
MALE = (*range(1, 8), *range(17, 28))


class Urdu(NamedFiles):
    """The URDU dataset."""

    key = "urdu"
    title = "URDU"
    licence = "research use only"
    reference = (
        "Latif, Qayyum, Usman & Qadir (2018), Cross Lingual Speech Emotion Recognition: Urdu vs. Western Languages, arXiv 1812.10411"
    )
    language = "ur"
    home_page = "https://github.com/siddiquelatif/urdu-dataset"
    how_to_get = "download the repository on its home page and unpack it into the data folder."
    grammar = r"(?P<speaker>S[FM]\d+)_F\d+_(?P<emotion>[AHNS])\d+"
    looks_like = r"S[FM]\d+_F"
    codes = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}
    speakers = {f"SF{n}": "female" for n in FEMALE} | {f"SM{n}": "male" for n in MALE}
    n_clips = 400
