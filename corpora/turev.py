"""TurEV-DB: Turkish words with four emotions (Canpolat et al., 2020).

The emotion is the folder; a file's name has four digits, two letters that go with the folder and a word, as in
``Angry/1157_kz_acik`` and ``Calm/1984_sk_eger``. Folders, names (``kz``, ``sk``, ``mt`` and ``hl`` were seen), the number of
recordings and the licence are those of the authors' repository. They describe no grammar: that the digits stand for the speaker could
not be checked, and genders are unknown.
"""

from __future__ import annotations

import re
from pathlib import Path

from corpora.named_files import NamedFiles


class TurEV(NamedFiles):
    """The Turkish Emotion-Voice database."""

    key = "turev"
    title = "TurEV-DB"
    licence = "CC BY-NC-ND 4.0"
    reference = "Canpolat, Ormanoglu & Zeyrek (2020), Turkish Emotion Voice Database (TurEV-DB), SLTU-CCURL"
    language = "tr"
    home_page = "https://github.com/Xeonen/TurEV-DB"
    how_to_get = "download the repository on its home page and put its folder Sound Source into the data folder."
    grammar = r"(?P<emotion>Angry|Calm|Happy|Sad)/(?P<speaker>\d{4})_[a-z]{2}_(?P<text>\w+)"
    looks_like = r"\d{4}_[a-z]{2}_"
    codes = {"Angry": "angry", "Calm": "calm", "Happy": "happy", "Sad": "sad"}
    is_checked = False
    n_clips = 1735

    def name_of(self, match: re.Match[str], path: Path) -> str:
        """Return the clip's name, with the emotion that its folder says."""
        return f"{match['emotion']}/{path.stem}"
