"""folder or table → labelled clips: the corpora, one file each; adding one is its file and a line here."""

from __future__ import annotations

from corpora.corpus import Corpus, Reading
from corpora.ravdess import Ravdess
from corpora.synthetic import Synthetic
from emotune.registry import Registry

CORPORA: Registry[Corpus] = Registry("corpus", (Ravdess(), Synthetic()))
"""Every corpus under its key."""

__all__ = ["CORPORA", "Corpus", "Reading"]
