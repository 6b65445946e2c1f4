"""SAVEE: four men speak 480 English sentences with seven emotions (Haq & Jackson, 2009).

The speaker is the folder and the file's name is emotion and sentence, as in ``DC/a03``; copies in one folder are named ``DC_a03``.
Speakers and letters are those of the authors' Info.txt, which does not name a licence; the stated one could not be checked.
Sentences are counted in each emotion apart, so that a number does not tell the sentence.
"""

from __future__ import annotations

import re
from pathlib import Path

from corpora.named_files import NamedFiles


class Savee(NamedFiles):
    """Surrey Audio-Visual Expressed Emotion, the audio."""

    key = "savee"
    title = "SAVEE"
    licence = "research use only"
    reference = "Haq & Jackson (2009), Speaker-dependent audio-visual emotion recognition, AVSP"
    language = "en"
    home_page = "http://kahlan.eps.surrey.ac.uk/savee/"
    how_to_get = "register on its home page, download AudioData and unpack it into the data folder."
    grammar = r"(?P<speaker>DC|JE|JK|KL)[/_](?P<emotion>sa|su|[adfhn])(?P<number>\d\d)"
    looks_like = r"(DC|JE|JK|KL)_"
    codes = {
        "a": "angry",
        "d": "disgust",
        "f": "fearful",
        "h": "happy",
        "n": "neutral",
        "sa": "sad",
        "su": "surprised",
    }
    speakers = dict.fromkeys(("DC", "JE", "JK", "KL"), "male")
    n_clips = 480

    def name_of(self, match: re.Match[str], path: Path) -> str:
        """Return the clip's name, with the speaker."""
        return f"{match['speaker']}_{match['emotion']}{match['number']}"
