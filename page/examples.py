"""Make the page's example clips: ``python -m page.examples``. Synthetic, called so, and the same on every machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment import AUGMENTATIONS
from corpora.synthetic import Synthetic

PREFIX = "synthetic-"
FOLDER = Path(__file__).resolve().parents[1] / "examples"
SEED = 7
SEQUENCE = ("sad", "angry", "calm")
CHORD_HZ = (220.0, 277.2, 329.6)
CHORD_SECONDS = 2.0


def make_examples() -> dict[str, NDArray[np.float32]]:
    """Return the clips by name: two voices, one in noise, a longer one that changes its emotion, and no voice."""
    clips = Synthetic(n_speakers=2, n_sentences=2, n_takes=1, seed=SEED).read().clips
    speakers = sorted({clip.speaker for clip in clips})

    def say(emotion: str, *, speaker: int = 0, n_sentences: int = 2) -> NDArray[np.float32]:
        own = [clip.samples for clip in clips if (clip.speaker, clip.emotion) == (speakers[speaker], emotion)]
        return np.concatenate(own[:n_sentences])

    noisy = AUGMENTATIONS["noise"].apply(say("fearful"), {"colour": "pink", "snr_db": 8.0, "seed": SEED})
    return {
        "synthetic-angry": say("angry"),
        "synthetic-sad": say("sad", speaker=1, n_sentences=1),
        "synthetic-fearful-in-noise": noisy,
        "synthetic-changing": np.concatenate([say(emotion, n_sentences=1) for emotion in SEQUENCE]),
        "synthetic-chord": chord(),
    }


def chord() -> NDArray[np.float32]:
    """Return three held notes that fade in and out."""
    times = np.arange(round(CHORD_SECONDS * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    notes = sum(np.sin(2 * np.pi * hz * times) for hz in CHORD_HZ)
    return (0.15 * notes * np.sin(np.pi * times / CHORD_SECONDS) ** 0.5).astype(np.float32)


def main() -> None:
    """Write the clips as lossless FLAC files into ``examples/``."""
    FOLDER.mkdir(exist_ok=True)
    for name, samples in make_examples().items():
        path = FOLDER / f"{name}.flac"
        soundfile.write(path, samples, SAMPLE_RATE_HZ, subtype="PCM_16")
        print(f"{path.relative_to(FOLDER.parent)}  {len(samples) / SAMPLE_RATE_HZ:.1f} s  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
