"""EmoDB: ten actors speak ten German sentences with seven emotions (Burkhardt et al., 2005).

A file's name is ``SSTTTEV``: speaker, sentence, the first letter of the German emotion word, version.
"""

from __future__ import annotations

from corpora.named_files import NamedFiles


class EmoDB(NamedFiles):
    """The Berlin Database of Emotional Speech."""

    key = "emodb"
    title = "EmoDB"
    licence = "CC0 1.0"
    reference = "Burkhardt, Paeschke, Rolfes, Sendlmeier & Weiss (2005), A Database of German Emotional Speech, Interspeech"
    language = "de"
    home_page = "http://emodb.bilderbar.info"
    how_to_get = "download http://emodb.bilderbar.info/download/download.zip and unpack it into the data folder."
    grammar = r"(?P<speaker>0[389]|1[0-6])(?P<text>[ab]\d\d)(?P<emotion>[WLEAFTN])[a-z]"
    looks_like = r"(0[389]|1[0-6])[ab]\d\d"
    codes = {
        "W": "angry",  # Wut
        "L": "boredom",  # Langeweile
        "E": "disgust",  # Ekel
        "A": "fearful",  # Angst
        "F": "happy",  # Freude
        "T": "sad",  # Trauer
        "N": "neutral",
    }
    speakers = {f"{n:02d}": "male" if n in (3, 10, 11, 12, 15) else "female" for n in (3, *range(8, 17))}
    n_clips = 535
