"""folder or table → labelled clips: the corpora, one file each; adding one is its file and a line here."""

from __future__ import annotations

from corpora.corpus import Corpus, Reading
from corpora.emodb import EmoDB
from corpora.emovo import Emovo
from corpora.nemo import Nemo
from corpora.ravdess import Ravdess
from corpora.synthetic import Synthetic
from corpora.urdu import Urdu
from emotune.registry import Registry

CORPORA: Registry[Corpus] = Registry("corpus", (Ravdess(), EmoDB(), Emovo(), Urdu(), Nemo(), Synthetic()))
"""Every corpus under its key."""

__all__ = ["CORPORA", "Corpus", "Reading"]
