"""JL-Corpus: four speakers of New Zealand English with five primary and five secondary emotions (James et al., 2018).

A file's name is speaker, emotion, sentence with session, and repetition, such as ``female1_angry_10a_1``. A copy of the authors'
description has this rule, without the repetition, and the two women and two men; the authors' own page could not be read, so that
the names of the emotions, the number of clips and the licence could not be checked.
"""

from __future__ import annotations

from corpora.named_files import NamedFiles


class JLCorpus(NamedFiles):
    """The JL-Corpus."""

    key = "jl-corpus"
    title = "JL-Corpus"
    licence = "CC0 1.0"
    reference = (
        "James, Tian & Watson (2018), An Open Source Emotional Speech Corpus for Human Robot Interaction Applications, Interspeech"
    )
    language = "en"
    home_page = "https://www.kaggle.com/tli725/jl-corpus"
    how_to_get = "download it from its home page and unpack it into the data folder."
    grammar = r"(?P<speaker>(?:fe)?male[12])_(?P<emotion>[a-z]+)_(?P<text>\d+)[ab]_[12]"
    looks_like = r"(fe)?male[12]_"
    codes = {emotion: emotion for emotion in ("angry", "happy", "neutral", "sad", "excited")} | {
        emotion: emotion for emotion in ("anxious", "apologetic", "assertive", "concerned", "encouraging")
    }
    is_checked = False
    speakers = {f"{gender}{n}": gender for gender in ("female", "male") for n in (1, 2)}
    n_clips = 2400
