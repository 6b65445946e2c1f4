"""EMOVO: six actors speak fourteen Italian sentences with seven emotions (Costantini et al., 2014).

A file's name is emotion, speaker and sentence, such as ``gio-f1-b1``; the emotion is the beginning of an Italian word.
"""

from __future__ import annotations

from corpora.named_files import NamedFiles


class Emovo(NamedFiles):
    """EMOVO, an Italian emotional speech database."""

    key = "emovo"
    title = "EMOVO"
    licence = "non-commercial use with acknowledgement"
    reference = "Costantini, Iaderola, Paoloni & Todisco (2014), EMOVO Corpus: an Italian Emotional Speech Database, LREC"
    language = "it"
    home_page = "http://voice.fub.it/activities/corpora/emovo/index.html"
    how_to_get = "ask for it on its home page and unpack it into the data folder."
    grammar = r"(?P<emotion>[a-z]{3})-(?P<speaker>[fm][1-3])-(?P<text>[bdln]\d)"
    looks_like = r"(dis|gio|neu|pau|rab|sor|tri)-[fm]\d"
    codes = {
        "dis": "disgust",
        "gio": "happy",  # gioia
        "neu": "neutral",
        "pau": "fearful",  # paura
        "rab": "angry",  # rabbia
        "sor": "surprised",  # sorpresa
        "tri": "sad",  # tristezza
    }
    speakers = {f"{gender[0]}{n}": gender for gender in ("female", "male") for n in (1, 2, 3)}
    n_clips = 588
