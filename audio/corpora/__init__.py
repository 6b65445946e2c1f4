"""The corpora, one file each; adding one is its file and a line here."""

from __future__ import annotations

from audio.corpora.corpus import Corpus
from audio.corpora.ravdess import Ravdess
from audio.corpora.synthetic import Synthetic
from audio.errors import UnknownKeyError

CORPORA: dict[str, Corpus] = {corpus.key: corpus for corpus in (Ravdess(), Synthetic())}
"""Every corpus under its key."""


def get_corpus(key: str) -> Corpus:
    """Return a corpus.

    Raises
    ------
    UnknownKeyError
        If no corpus has that key.
    """
    if key not in CORPORA:
        raise UnknownKeyError("corpus", key, list(CORPORA))
    return CORPORA[key]
