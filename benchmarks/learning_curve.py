"""Print what more speakers would give: ``python -m benchmarks.learning_curve --family whisper``.

The configurations of a finished run are fitted again to the first n of each fold's training speakers, men and women in turn, and
tested on the fold's own speakers, as the leaderboard is. Nothing is chosen by it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from corpora import CORPORA
from emotune.files import PROJECT_ROOT
from evaluation.dataset import Dataset, derive_seed
from evaluation.folds import make_folds
from features import INPUT_KINDS
from features.store import FeatureStore
from metrics.intervals import speaker_intervals
from metrics.scores import confusion_by, uar
from models import FAMILIES
from runs.layout import SHIPPED, RunFolder
from runs.manifest import Manifest, read_manifest

RESULTS = SHIPPED / "ravdess"


def read_dataset(run: Manifest, data: Path | None) -> Dataset:
    corpus = CORPORA[str(run.corpus)]
    clips = corpus.read(data).clips
    folds = make_folds({clip.speaker: clip.gender for clip in clips}, published=corpus.test_folds)
    return Dataset(clips, corpus.emotions, folds, FeatureStore(PROJECT_ROOT / "cache"))


def in_turn(speakers: list[str], genders: dict[str, str], *, seed: int) -> list[str]:
    """Return speakers in a random order in which women and men take turns."""
    order = np.random.default_rng(seed).permutation(sorted(speakers))
    place = dict.fromkeys(genders.values(), 0)
    ranked = []
    for speaker in order:
        ranked.append((place[genders[speaker]], str(speaker)))
        place[genders[speaker]] += 1
    return [speaker for _, speaker in sorted(ranked)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", default="whisper")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of a finished run")
    parser.add_argument("--data", type=Path, help="where the corpus lies (default: EMOTUNE_DATA, else data/)")
    parser.add_argument("--speakers", type=int, nargs="+", default=[4, 8, 12, 16, 20])
    options = parser.parse_args()
    run = read_manifest(RunFolder(options.results).manifest)
    dataset, family = read_dataset(run, options.data), FAMILIES[options.family]
    kind = INPUT_KINDS[family.input_kind]
    for n_speakers in options.speakers:
        rows, found = [], []
        for fold in range(len(dataset.folds.test_speakers)):
            config = run.configurations[family.key][dataset.folds.tuning_half_for(fold)]
            training, test = dataset.split(test_fold=fold)
            chosen = in_turn(np.unique(dataset.speakers[training]).tolist(), dataset.genders, seed=fold)[:n_speakers]
            examples = dataset.examples(kind, training[np.isin(dataset.speakers[training], chosen)], config)
            model = family.fit(examples, config, seed=derive_seed(run.seed or 0, family.key, fold))
            rows.append(test)
            found.append(model.predict(dataset.inputs(kind, test)))
        tested, probabilities = np.concatenate(rows), np.concatenate(found)
        _, confusion = confusion_by(dataset.speakers[tested], dataset.targets[tested], probabilities)
        low, high = speaker_intervals(confusion, seed=run.seed or 0)["uar"]
        score = uar(dataset.targets[tested], probabilities)
        print(f"{n_speakers:>3} speakers  UAR {100 * score:5.1f} [{100 * low:.1f}, {100 * high:.1f}]", flush=True)


if __name__ == "__main__":
    main()
