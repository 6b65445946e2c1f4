"""Print what preparing features costs: ``python -m benchmarks.feature_speed --clips 60 --variants 8 --jobs 2``.

Every input kind of some clips and their variants goes through the feature store into a temporary folder, and the time is
extrapolated to RAVDESS's 1440 clips. Beside it stand the same descriptors by plain librosa calls, one clip after another. The clips
are RAVDESS's where EMOTUNE_DATA has them, else made by code.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import librosa
import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from augment import ORIGINAL, Variant
from augment.policy import all_variants
from corpora import CORPORA
from emotune.errors import CorpusError
from features import INPUT_KINDS, InputKind
from features.descriptors import N_MFCC
from features.frames import HOP_SAMPLES, N_MELS, WINDOW_SAMPLES, trim
from features.store import FeatureStore, compute
from features.voice import HIGHEST_F0_HZ, LOWEST_F0_HZ

N_CORPUS_CLIPS = 1440
LIMIT_MINUTES, LIMIT_GB = 10, 2
F0_WINDOW_SAMPLES = 1024


def choose_clips(n: int) -> tuple[str, list[Clip]]:
    """Return the corpus and n of its clips, spread evenly over it."""
    corpus = CORPORA["ravdess"]
    try:
        corpus.locate()
    except CorpusError:
        corpus = CORPORA["synthetic"]
    clips = corpus.read().clips
    return corpus.title, [clips[k] for k in np.linspace(0, len(clips) - 1, min(n, len(clips))).astype(int)]


def choose_variants(n: int) -> list[Variant]:
    """Return n different variants, spread evenly over all that a search can ask for and the original."""
    everything = (ORIGINAL, *all_variants())
    return [everything[k] for k in np.linspace(0, len(everything) - 1, min(n, len(everything))).astype(int)]


def plain_librosa(samples: NDArray[np.float32], track_f0: Callable[..., object]) -> None:
    """Compute the descriptors as a script would: every call on the audio itself."""
    frames: dict[str, Any] = {"n_fft": WINDOW_SAMPLES, "hop_length": HOP_SAMPLES}
    rate: dict[str, Any] = {"sr": SAMPLE_RATE_HZ}
    feature = librosa.feature
    mfcc = feature.mfcc(y=samples, n_mfcc=N_MFCC, n_mels=N_MELS, **rate, **frames)
    feature.delta(mfcc)
    feature.delta(mfcc, order=2)
    librosa.power_to_db(feature.melspectrogram(y=samples, n_mels=N_MELS, **rate, **frames))
    feature.chroma_stft(y=samples, **rate, **frames)
    feature.zero_crossing_rate(samples, frame_length=WINDOW_SAMPLES, hop_length=HOP_SAMPLES)
    feature.spectral_centroid(y=samples, **rate, **frames)
    feature.spectral_bandwidth(y=samples, **rate, **frames)
    for share in (0.25, 0.85):
        feature.spectral_rolloff(y=samples, roll_percent=share, **rate, **frames)
    feature.spectral_contrast(y=samples, **rate, **frames)
    feature.spectral_flatness(y=samples, **frames)
    feature.rms(y=samples, frame_length=WINDOW_SAMPLES, hop_length=HOP_SAMPLES)
    track_f0(samples, fmin=LOWEST_F0_HZ, fmax=HIGHEST_F0_HZ, frame_length=F0_WINDOW_SAMPLES, hop_length=HOP_SAMPLES, **rate)


def seconds_each(run: Callable[[Clip], object], clips: Sequence[Clip]) -> float:
    run(clips[0])  # compiles and fills caches
    start = time.perf_counter()
    for clip in clips:
        run(clip)
    return (time.perf_counter() - start) / len(clips)


def prepare(kinds: Sequence[InputKind], clips: Sequence[Clip], variants: Sequence[Variant], *, n_jobs: int) -> tuple[float, float]:
    """Return seconds and bytes on disk per variant of a clip."""
    with tempfile.TemporaryDirectory() as folder:
        FeatureStore(Path(folder) / "warm").prepare(kinds, clips[:1], n_jobs=n_jobs)  # starts the processes
        store = FeatureStore(Path(folder) / "timed")
        start = time.perf_counter()
        n = store.prepare(kinds, clips, variants, n_jobs=n_jobs)
        seconds = time.perf_counter() - start
        return seconds / n, disk_bytes(store.root.rglob("*.npy")) / n


def disk_bytes(paths: Iterable[Path]) -> int:
    """Return what files occupy, whole blocks counted where the system tells."""
    return sum(getattr(stat, "st_blocks", 0) * 512 or stat.st_size for stat in (path.stat() for path in paths))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=60, help="clips to measure with (60)")
    parser.add_argument("--plain-clips", type=int, default=10, help="of these, clips for the rows of one process (10)")
    parser.add_argument("--variants", type=int, default=8, help="variants of each, the original among them (8)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    arguments = parser.parse_args()

    title, clips = choose_clips(arguments.clips)
    variants = choose_variants(arguments.variants)
    kinds = [kind for kind in INPUT_KINDS.values() if kind.is_handmade]
    few = clips[:: max(1, len(clips) // arguments.plain_clips)]
    stored_seconds, stored_bytes = prepare(kinds, clips, variants, n_jobs=arguments.jobs)
    alone = {
        "computed alone, the original": lambda clip: compute(kinds, clip),
        "plain librosa with yin": lambda clip: plain_librosa(trim(clip.samples), librosa.yin),
        "plain librosa with pyin": lambda clip: plain_librosa(trim(clip.samples), librosa.pyin),
    }
    rows = {f"feature store, {arguments.jobs} processes": stored_seconds}
    rows |= {name: seconds_each(run, few) for name, run in alone.items()}

    n_arrays = N_CORPUS_CLIPS * len(variants)
    mean_seconds = np.mean([clip.duration_seconds for clip in clips])
    print(f"{title}: {len(clips)} clips of {mean_seconds:.1f} s, {len(variants)} variants, {', '.join(kind.key for kind in kinds)}")
    print(f"{'':<32}{'ms a variant':>14}{f'{N_CORPUS_CLIPS} × {len(variants)}, min':>18}")
    for name, seconds in rows.items():
        print(f"{name:<32}{1000 * seconds:>14.1f}{seconds * n_arrays / 60:>18.1f}")
    disk = f"{stored_bytes / 1000:.1f} kB a variant, {stored_bytes * n_arrays / 1e9:.2f} GB"
    print(f"Disk: {disk} (limits: {LIMIT_MINUTES} min, {LIMIT_GB} GB)")


if __name__ == "__main__":
    main()
