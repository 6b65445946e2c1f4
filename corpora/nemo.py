"""nEMO: nine actors speak ninety Polish sentences with six emotions (Christop, 2024).

A file's name is speaker, emotion and sentence, such as ``EB0_anger_15``. The table ``data.tsv`` beside the recordings has the words.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from corpora.named_files import NamedFiles
from corpora.reader import Recording

TABLE = "data.tsv"


class Nemo(NamedFiles):
    """The nEMO dataset."""

    key = "nemo"
    title = "nEMO"
    licence = "CC BY-NC-SA 4.0"
    reference = "Christop (2024), nEMO: Dataset of Emotional Speech in Polish, LREC-COLING"
    language = "pl"
    home_page = "https://github.com/amu-cai/nEMO"
    how_to_get = "download the repository on its home page and unpack it into the data folder."
    grammar = r"(?P<speaker>[A-Z]{2}\d)_(?P<emotion>[a-z]+)_(?P<text>\d+)"
    looks_like = r"[A-Z]{2}\d_(anger|fear|happiness|neutral|sadness|surprised)"
    codes = {
        "anger": "angry",
        "fear": "fearful",
        "happiness": "happy",
        "neutral": "neutral",
        "sadness": "sad",
        "surprised": "surprised",
    }
    speakers = dict.fromkeys(("EB0", "IC0", "KD0", "MK0"), "female") | dict.fromkeys(("KS0", "MP0", "SM0", "TP0", "WR0"), "male")
    n_clips = 4481

    def complete(self, recordings: tuple[Recording, ...]) -> tuple[tuple[Recording, ...], tuple[str, ...]]:
        """Return the recordings with their words, where the table lies beside the recordings or one folder above."""
        words: dict[str, str] = {}
        notes: list[str] = []
        for place in sorted({parent for one in recordings for parent in (one.path.parent, one.path.parent.parent)}):
            try:
                words |= _read_words(place / TABLE)
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
                notes.append(f"{TABLE} could not be read, so that the words of the recordings are not known: {_reason(error)}.")
        return tuple(replace(one, text=words.get(one.path.stem, one.text)) for one in recordings), tuple(notes)


def _read_words(table: Path) -> dict[str, str]:
    """Return the words of each file of the corpus's own table, by the file's name without its suffix."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        found = ((row["file_id"], row["normalized_text"]) for row in rows)
        return {Path(file).stem: words.strip() for file, words in found if file and words}


def _reason(error: Exception) -> str:
    return f"it has no column {error.args[0]}" if isinstance(error, KeyError) else str(error).rstrip(".")
