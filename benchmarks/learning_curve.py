"""Print what more speakers or corpora would give: ``python -m benchmarks.learning_curve --family whisper``.

The configurations of a finished run are fitted again to a part of each fold's training speakers, women and men in turn, or to some of
the other corpora where the run left out whole ones. What is tested is the fold's own part, as in the leaderboard. Nothing is chosen
by it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from corpora.choose import choose_corpus
from corpora.combined import keep_emotions
from emotune.files import PROJECT_ROOT
from evaluation.dataset import Dataset, Rows, derive_seed
from evaluation.folds import LEAVE_CORPORA_OUT, SPEAKERS, TestedOn, folds_over_corpora
from features import INPUT_KINDS
from features.store import FeatureStore
from metrics.intervals import speaker_intervals
from metrics.scores import confusion_by, uar
from models import FAMILIES, Family
from runs.layout import SHIPPED, RunFolder
from runs.manifest import Manifest, read_manifest

RESULTS = SHIPPED / "ravdess"


def read_dataset(run: Manifest, data: Path | None) -> Dataset:
    """Return the clips and folds of a finished run."""
    corpus = choose_corpus(run.corpus, data=data)
    reading = keep_emotions(corpus.read(data), run.emotions)
    rule = LEAVE_CORPORA_OUT if run.tested_on is TestedOn.UNSEEN_CORPORA else SPEAKERS
    folds = folds_over_corpora(reading.speakers_by_corpus, published=corpus.published_folds, rule=rule)
    return Dataset(reading.clips, run.emotions, folds, FeatureStore(PROJECT_ROOT / "cache"))


def in_turn(speakers: Sequence[str], genders: dict[str, str], *, seed: int) -> list[str]:
    """Return speakers in a random order in which women and men take turns."""
    order = np.random.default_rng(seed).permutation(sorted(speakers))
    place = dict.fromkeys(genders.values(), 0)
    ranked = []
    for speaker in order:
        ranked.append((place[genders[speaker]], str(speaker)))
        place[genders[speaker]] += 1
    return [speaker for _, speaker in sorted(ranked)]


def learners(training: Rows, n: int, dataset: Dataset, *, seed: int) -> Rows:
    """Return the training clips of `n` speakers, or of `n` corpora where folds are corpora."""
    if dataset.tested_on is TestedOn.UNSEEN_CORPORA:
        names = dataset.corpus_of_clip
        order = np.random.default_rng(seed).permutation(np.unique(names[training])).tolist()
    else:
        names = dataset.speakers
        order = in_turn(np.unique(names[training]).tolist(), dataset.genders, seed=seed)
    return training[np.isin(names[training], order[:n])]


def predict_test_parts(family: Family, n: int, dataset: Dataset, run: Manifest) -> tuple[Rows, np.ndarray]:
    """Return the test clips of all folds and their probabilities by models of `n` speakers or corpora each."""
    kind, seed = INPUT_KINDS[family.input_kind], run.seed or 0
    rows, found = [], []
    for fold in range(dataset.n_folds):
        config = run.configurations[family.key][dataset.folds.tuning_half_for(fold)]
        training, test = dataset.split(test_fold=fold)
        examples = dataset.examples(kind, learners(training, n, dataset, seed=fold), config)
        model = family.fit(examples, config, seed=derive_seed(seed, family.key, fold))
        rows.append(test)
        found.append(model.predict(dataset.inputs(kind, test)))
    return np.concatenate(rows), np.concatenate(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", default="whisper")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of a finished run")
    parser.add_argument("--data", type=Path, help="where the corpus lies (default: EMOTUNE_DATA, else data/)")
    parser.add_argument("--counts", type=int, nargs="+", help="how many speakers (4 8 12 16 20) or corpora (1 2 3 4)")
    options = parser.parse_args()
    run = read_manifest(RunFolder(options.results).manifest)
    dataset, family = read_dataset(run, options.data), FAMILIES[options.family]
    are_corpora = dataset.tested_on is TestedOn.UNSEEN_CORPORA
    for n in options.counts or ([1, 2, 3, 4] if are_corpora else [4, 8, 12, 16, 20]):
        rows, probabilities = predict_test_parts(family, n, dataset, run)
        _, confusion = confusion_by(dataset.speakers[rows], dataset.targets[rows], probabilities)
        low, high = speaker_intervals(confusion, seed=run.seed or 0)["uar"]
        score = uar(dataset.targets[rows], probabilities)
        what = "corpora" if are_corpora else "speakers"
        print(f"{n:>3} {what}  UAR {100 * score:5.1f} [{100 * low:.1f}, {100 * high:.1f}]", flush=True)


if __name__ == "__main__":
    main()
