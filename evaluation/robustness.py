"""Robustness: the test suite, the same for every run. Training and tuning never draw its strengths.

A contract test (``tests/evaluation/test_robustness.py``) compares the suite with what augmentations draw and with what tuning is
disturbed by (:mod:`evaluation.objective`): a change of one of them that lets them meet fails it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment import Variant
from augment.babble import N_TALKERS, Voices, mix_voices
from augment.codec import available_codecs
from evaluation.dataset import Dataset, Rows, derive_seed
from features import InputKind
from models import Model

SUITE_SEED = 10
BABBLE_SECONDS = 20.0
BABBLE_SNR_DB = 10.0


def fixed(effect: str, **parameters: object) -> Variant:
    """Return the variant of a clip by an effect whose parameters are set by hand."""
    return Variant(effect, "fixed", 0, tuple(parameters.items()))


TELEPHONE = {"band": (("low_hz", 300.0), ("high_hz", 3400.0)), "codec": (("codec", "mu_law"), ("kbit_s", 64.0))}
SUITE: Mapping[str, tuple[Variant, ...]] = {
    "noise": (fixed("noise", colour="pink", snr_db=10.0, seed=SUITE_SEED),),
    "babble": (fixed("babble", snr_db=BABBLE_SNR_DB),),
    "room": (fixed("room", rt60_seconds=0.6, direct_to_reverberant_db=2.0, seed=SUITE_SEED),),
    "telephone": (fixed("microphone", **TELEPHONE),),
    "opus": (fixed("codec", codec="opus", kbit_s=16.0),),
    "pitch": tuple(fixed("pitch", semitones=semitones) for semitones in (-2.0, 2.0)),
    "clipping": (fixed("clipping", share=0.05),),
    "quiet": (fixed("gain", gain_db=-20.0),),
}
"""Perturbations of the test clips by name. The voices of babble are those of a fold (:func:`suite_of`)."""
NEEDED_CODECS: Mapping[str, str] = {"telephone": "mu_law", "opus": "opus"}
WORDS: Mapping[str, str] = {
    "noise": "pink noise at 10 dB",
    "babble": "six voices at 10 dB",
    "room": "a room of 0.6 s",
    "telephone": "a telephone's band, mu-law",
    "opus": "Opus at 16 kbit/s",
    "pitch": "pitch ±2 semitones",
    "clipping": "5 % clipped",
    "quiet": "20 dB quieter",
}
"""What each perturbation is called where people read."""


def suite_of(training: Rows, dataset: Dataset, *, fold: int) -> dict[str, tuple[Variant, ...]]:
    """Return the suite for the test clips of a fold, without what this machine's PyAV cannot make.

    Parameters
    ----------
    training : ndarray of int [shape=(n,)]
        Clips of other speakers than the tested ones; some of them talk in the babble.
    dataset : Dataset
        The clips.
    fold : int
        Which fold; decides who talks.
    """
    here = available_codecs()
    possible = {name: variants for name, variants in SUITE.items() if name not in NEEDED_CODECS or NEEDED_CODECS[name] in here}
    voices = voices_of(training, dataset, seed=derive_seed(SUITE_SEED, "babble", fold))
    return {**possible, "babble": (fixed("babble", voices=voices, snr_db=BABBLE_SNR_DB),)}


def voices_of(training: Rows, dataset: Dataset, *, seed: int) -> Voices:
    """Return some training speakers who talk at once, drawn by the seed; if there are few, some of them talk twice."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(training)
    speakers = list(dict.fromkeys(dataset.speakers[rows].tolist()))
    said: list[list[NDArray[np.float32]]] = []
    for talker in range(N_TALKERS):
        own = rows[dataset.speakers[rows] == speakers[talker % len(speakers)]]
        turn = talker // len(speakers)
        clips = [dataset.clips[row].samples for row in np.roll(own, -turn * max(1, len(own) // N_TALKERS))]
        n_needed = int(np.searchsorted(np.cumsum([len(clip) for clip in clips]), BABBLE_SECONDS * SAMPLE_RATE_HZ)) + 1
        said.append(clips[:n_needed])
    return mix_voices(said)


def perturbed_predictions(
    model: Model, kind: InputKind, training: Rows, test: Rows, dataset: Dataset, *, fold: int
) -> dict[str, NDArray[np.float64]]:
    """Return the probabilities of perturbed test clips, (n_variants, n, n_emotions), by the names of :data:`SUITE`."""
    return {
        name: np.stack([model.predict(dataset.inputs(kind, test, variant)) for variant in variants])
        for name, variants in suite_of(training, dataset, fold=fold).items()
    }
