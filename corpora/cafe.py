"""CaFE: twelve actors speak six sentences in Canadian French with seven emotions (Gournay et al., 2018).

A file's name is actor, emotion, intensity and sentence, such as ``01-C-1-1``; letters, genders and order are those of the authors'
Readme.txt. Odd actors are men.
"""

from __future__ import annotations

from corpora.named_files import NamedFiles


class Cafe(NamedFiles):
    """The Canadian French Emotional speech dataset."""

    key = "cafe"
    title = "CaFE"
    licence = "CC BY-NC-SA 4.0"
    reference = "Gournay, Lahaie & Lefebvre (2018), A Canadian French Emotional Speech Dataset, ACM Multimedia Systems Conference"
    language = "fr"
    home_page = "https://zenodo.org/record/1478765"
    how_to_get = "download CaFE_48k.zip from its home page and unpack it into the data folder."
    grammar = r"(?P<speaker>0[1-9]|1[0-2])-(?P<emotion>[CDJNPST])-[12]-(?P<text>[1-6])"
    looks_like = r"\d\d-[CDJNPST]-"
    codes = {
        "C": "angry",  # colère
        "D": "disgust",  # dégoût
        "J": "happy",  # joie
        "N": "neutral",  # neutre
        "P": "fearful",  # peur
        "S": "surprised",  # surprise
        "T": "sad",  # tristesse
    }
    speakers = {f"{actor:02d}": "male" if actor % 2 else "female" for actor in range(1, 13)}
    n_clips = 936
