"""CREMA-D: ninety-one actors speak twelve English sentences with six emotions (Cao et al., 2014).

A file's name is actor, sentence, emotion and intensity, such as ``1001_DFA_ANG_XX``. The parts, their codes and the licence are those
of the authors' README, the genders (43 women, 48 men) those of their VideoDemographics.csv. Names with one letter for the intensity,
as in circulation, are read too; the README does not describe them.
"""

from __future__ import annotations

from corpora.named_files import NamedFiles

WOMEN = "2 3 4 6 7 8 9 10 12 13 18 20 21 24 25 28 29 30 37 43 46 47 49 52 53 54 55 56 58 60 61 63 72 73 74 75 76 78 79 82 84 89 91"
FEMALE = frozenset(int(number) for number in WOMEN.split())
"""Numbers of the actresses, without the thousand."""


class CremaD(NamedFiles):
    """The Crowd-sourced Emotional Multimodal Actors Dataset, the audio."""

    key = "crema-d"
    title = "CREMA-D"
    licence = "ODbL 1.0 (contents: DbCL 1.0)"
    reference = (
        "Cao, Cooper, Keutmann, Gur, Nenkova & Verma (2014), CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset, "
        "IEEE Transactions on Affective Computing 5(4), 377-390, https://doi.org/10.1109/TAFFC.2014.2336244"
    )
    language = "en"
    home_page = "https://github.com/CheyneyComputerScience/CREMA-D"
    how_to_get = "clone the repository on its home page with Git LFS and put its folder AudioWAV into the data folder."
    grammar = r"(?P<speaker>10\d\d)_(?P<text>[A-Z]{3})_(?P<emotion>[A-Z]{3})_[A-Z]{1,2}"
    looks_like = r"10\d\d_[A-Z]{3}_"
    codes = {"ANG": "angry", "DIS": "disgust", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
    speakers = {f"{1000 + n}": "female" if n in FEMALE else "male" for n in range(1, 92)}
    n_clips = 7442
