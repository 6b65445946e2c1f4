"""MESD: single Mexican Spanish words with six emotions (Duville et al., 2021).

A file's name is emotion, kind of voice, word list and word, such as ``Anger_C_A_abajo``. It names the kind of voice (F women, M men,
C children) and not the person, so that the three kinds stand for eleven speakers: a model may have heard a voice that it is tested
on, unless the corpus is left out whole. Emotions, word lists and the three women, two men and six children are those of the authors'
page; the grammar is that of the names in circulation and could not be checked, and neither could the licence.
"""

from __future__ import annotations

from corpora.named_files import NamedFiles


class Mesd(NamedFiles):
    """The Mexican Emotional Speech Database."""

    key = "mesd"
    title = "MESD"
    licence = "CC BY 4.0"
    reference = (
        "Duville, Alonso-Valerdi & Ibarra-Zarate (2021), Mexican Emotional Speech Database Based on Semantic, Frequency, "
        "Familiarity, Concreteness, and Cultural Shaping of Affective Prosody, Data 6(12), 130, https://doi.org/10.3390/data6120130"
    )
    language = "es"
    home_page = "https://data.mendeley.com/datasets/cy34mh68j9"
    how_to_get = "download it from its home page and unpack it into the data folder."
    grammar = r"(?P<emotion>[A-Z][a-z]+)_(?P<speaker>[FMC])_(?P<list>[AB])_(?P<text>\w+)"
    looks_like = r"(Anger|Disgust|Fear|Happiness|Neutral|Sadness)_[FMC]_"
    codes = {
        "Anger": "angry",
        "Disgust": "disgust",
        "Fear": "fearful",
        "Happiness": "happy",
        "Neutral": "neutral",
        "Sadness": "sad",
    }
    is_checked = False
    speakers_known = False
    speakers = {"F": "female", "M": "male", "C": ""}
    n_clips = 862
