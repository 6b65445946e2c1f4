"""folder or table → labelled clips: the corpora, one file each; adding one is its file and a line here."""

from __future__ import annotations

from corpora.ased import Ased
from corpora.cafe import Cafe
from corpora.corpus import Corpus, Reading
from corpora.crema_d import CremaD
from corpora.emodb import EmoDB
from corpora.emovo import Emovo
from corpora.jl_corpus import JLCorpus
from corpora.mesd import Mesd
from corpora.nemo import Nemo
from corpora.ravdess import Ravdess
from corpora.ravdess_song import RavdessSong
from corpora.savee import Savee
from corpora.shemo import Shemo
from corpora.subesco import Subesco
from corpora.synthetic import Synthetic
from corpora.tess import Tess
from corpora.turev import TurEV
from corpora.urdu import Urdu
from emotune.registry import Registry

CORPORA: Registry[Corpus] = Registry(
    "corpus",
    (
        Ravdess(),
        RavdessSong(),
        EmoDB(),
        Emovo(),
        Urdu(),
        Nemo(),
        Tess(),
        Savee(),
        CremaD(),
        Cafe(),
        Shemo(),
        Mesd(),
        Subesco(),
        JLCorpus(),
        Ased(),
        TurEV(),
        Synthetic(),
    ),
)
"""Every corpus under its key."""

__all__ = ["CORPORA", "Corpus", "Reading"]
