"""Compare this search with the loop of most notebooks: ``python -m benchmarks.search --data DIR``.

The notebooks' loop reads every recording in every trial, augments it, computes features by librosa, and fits on every fold; it keeps
nothing and cuts nothing. Both draw from the same search spaces with the same seeds, on one core, on the same part of RAVDESS, from
an empty cache. Two ratios are printed. The first compares trials as each side makes them: ours are folds of half the speakers, and
most are cut early. The second compares equal work: the loop on our folds, beside our trials with nothing cut.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emotune.threads import SINGLE_THREADED

os.environ |= SINGLE_THREADED

import numpy as np
import optuna
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from augment import ORIGINAL, make_variant
from augment.policy import variants_of
from corpora import CORPORA
from evaluation.dataset import Dataset, Rows, derive_seed
from evaluation.folds import make_folds
from features import INPUT_KINDS
from features.store import FeatureStore
from metrics.scores import uar
from models import FAMILIES, Config, Examples, Family
from runs.layout import RunFolder
from search.drawing import sampler_of
from search.study import run_study
from search.study_plan import StudyPlan
from search.trial import TrialEnd

HALF = "A"
HOP_SAMPLES = 640
Split = tuple[Rows, Rows]


@dataclass(frozen=True)
class Speed:
    """What one side did.

    Attributes
    ----------
    n_trials : int
        How many trials ended.
    seconds : float
        How long they took.
    best : float
        Best inner UAR of a trial that ended all its folds.
    """

    n_trials: int
    seconds: float
    best: float

    @property
    def trials_per_hour(self) -> float:
        """Trials in an hour at this speed."""
        return 3600 * self.n_trials / self.seconds


def librosa_features(samples: NDArray[np.float32], input_kind: str) -> NDArray[np.float32]:
    """Return what notebooks compute: means of five spectral features, or the MFCC or log-mel frames."""
    import librosa

    if input_kind == "image":
        mel = librosa.feature.melspectrogram(y=samples, sr=SAMPLE_RATE_HZ, n_mels=64, hop_length=HOP_SAMPLES)
        return np.asarray(librosa.power_to_db(mel).T, dtype=np.float32)
    mfcc = librosa.feature.mfcc(y=samples, sr=SAMPLE_RATE_HZ, n_mfcc=40, hop_length=HOP_SAMPLES)
    if input_kind == "sequence":
        return np.asarray(mfcc.T, dtype=np.float32)
    stft = np.abs(librosa.stft(samples))
    parts = [
        mfcc,
        librosa.feature.chroma_stft(S=stft, sr=SAMPLE_RATE_HZ),
        librosa.feature.melspectrogram(y=samples, sr=SAMPLE_RATE_HZ),
        librosa.feature.spectral_contrast(S=stft, sr=SAMPLE_RATE_HZ),
        librosa.feature.tonnetz(y=librosa.effects.harmonic(samples), sr=SAMPLE_RATE_HZ),
    ]
    return np.concatenate([part.mean(axis=1) for part in parts]).astype(np.float32)


def read_again(clip: Clip) -> Clip:
    """Return a clip as librosa reads its recording."""
    import librosa

    return replace(clip, samples=librosa.load(clip.source, sr=SAMPLE_RATE_HZ)[0])


def plain_trial(family: Family, config: Config, dataset: Dataset, splits: Sequence[Split], *, seed: int) -> float:
    """Carry out one trial as notebooks do, and return its mean UAR over the folds."""
    used = np.unique(np.concatenate([np.concatenate(split) for split in splits]))
    clips = {row: read_again(dataset.clips[row]) for row in used.tolist()}
    variants = (ORIGINAL, *variants_of(config))
    arrays = {
        row: [librosa_features(make_variant(clip, variant), family.input_kind) for variant in variants] for row, clip in clips.items()
    }
    scores = []
    for training, test in splits:
        examples = Examples(
            tuple(array for row in training.tolist() for array in arrays[row]),
            np.repeat(dataset.targets[training], len(variants)),
            np.repeat(dataset.speakers[training], len(variants)),
            np.repeat(training, len(variants)),
            np.tile(np.arange(len(variants)) == 0, len(training)),
            dataset.genders,
            len(dataset.emotions),
        )
        model = family.fit(examples, config, seed=seed)
        scores.append(uar(dataset.targets[test], model.predict([arrays[row][0] for row in test.tolist()])))
    return float(np.mean(scores))


def plain_search(plan: StudyPlan, dataset: Dataset, splits: Sequence[Split], *, seconds: float) -> Speed:
    """Run the notebooks' loop until its trials are done or its time is over."""
    family, study = FAMILIES[plan.family], optuna.create_study(direction="maximize")
    started = time.monotonic()
    while len(study.trials) < plan.n_trials and (not study.trials or time.monotonic() - started < seconds):
        number = len(study.trials)
        study.sampler = sampler_of(plan, number, budget=plan.budget)
        if number < len(family.initial_trials):
            study.enqueue_trial(dict(family.initial_trials[number]))
        trial = study.ask()
        study.tell(trial, plain_trial(family, family.suggest(trial), dataset, splits, seed=derive_seed(plan.seed, plan.family)))
    return Speed(len(study.trials), time.monotonic() - started, study.best_value)


def our_search(plan: StudyPlan, dataset: Dataset, *, cuts: bool) -> Speed:
    """Run our search from an empty cache, with or without cutting trials."""
    ends: list[TrialEnd] = []
    with tempfile.TemporaryDirectory() as folder:
        kinds = [INPUT_KINDS[FAMILIES[plan.family].input_kind]]
        cold = replace(dataset, store=FeatureStore(Path(folder) / "cache", kinds))
        started = time.monotonic()
        pruner = None if cuts else optuna.pruners.NopPruner()
        run_study(plan, cold, RunFolder(Path(folder)), tell=ends.append, pruner=pruner)
        return Speed(len(ends), time.monotonic() - started, max(end.value for end in ends if end.value is not None))


def part_of_ravdess(data: Path | None, *, every: int) -> Dataset:
    """Return every so-manieth clip of RAVDESS, all speakers among them."""
    corpus = CORPORA["ravdess"]
    reading = corpus.read(data)
    clips = reading.clips[::every]
    folds = make_folds({clip.speaker: clip.gender for clip in clips}, published=corpus.test_folds)
    return Dataset(clips, reading.emotions, folds, FeatureStore(Path("unused")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", default="linear,xgboost,conv1d", metavar="A,B", help="which (linear,xgboost,conv1d)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where RAVDESS lies")
    parser.add_argument("--trials", type=int, default=12, metavar="N", help="trials of a study (12)")
    parser.add_argument("--every", type=int, default=7, metavar="K", help="take every K-th clip (7)")
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="time for each plain loop (60)")
    chosen = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    dataset = part_of_ravdess(chosen.data, every=chosen.every)
    everyone = [dataset.split(test_fold=fold) for fold in range(dataset.n_folds)]
    parts = dataset.parts_of(HALF)
    halved = [dataset.disjoint(np.concatenate(parts), part) for part in parts]
    print(f"{len(dataset.clips)} clips, {chosen.trials} trials, one core")
    print(f"{'family':14} {'search':28} {'trials':>6} {'seconds':>8} {'per hour':>9} {'best UAR':>8}")
    for key in chosen.families.split(","):
        plan = StudyPlan(key, HALF, chosen.trials, 0)
        speeds = {
            "ours": our_search(plan, dataset, cuts=True),
            "loop, all speakers": plain_search(plan, dataset, everyone, seconds=chosen.seconds),
            "ours, nothing cut": our_search(plan, dataset, cuts=False),
            "loop, our folds": plain_search(plan, dataset, halved, seconds=chosen.seconds),
        }
        for name, speed in speeds.items():
            print(f"{key:14} {name:28} {speed.n_trials:6} {speed.seconds:8.1f} {speed.trials_per_hour:9.0f} {100 * speed.best:8.1f}")
        ours, loop, uncut, equal = (speed.trials_per_hour for speed in speeds.values())
        print(f"{key:14} ratio: {ours / loop:.1f} as each makes trials, {uncut / equal:.1f} for equal work", flush=True)


if __name__ == "__main__":
    main()
