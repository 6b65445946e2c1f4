"""Print what encoding a 3 s clip costs: ``python -m benchmarks.whisper_speed --threads 2``."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from audio.clip import SAMPLE_RATE_HZ
from features.whisper.encoder import WhisperEncoder
from features.whisper.frontend import log_mel
from features.whisper.weights import find_whisper

CLIP_SECONDS = 3
N_REPEATS = 15


def median_ms(run: Callable[[], object], *, n_repeats: int = N_REPEATS) -> float:
    run()
    seconds = []
    for _ in range(n_repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whisper", help="folder with the weights (default: found or downloaded)")
    parser.add_argument("--threads", type=int, default=2, help="threads TensorFlow may use (default 2)")
    arguments = parser.parse_args()

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    start = time.perf_counter()
    encoder = WhisperEncoder(find_whisper(arguments.whisper))
    load_ms = (time.perf_counter() - start) * 1000
    clip = np.random.default_rng(0).normal(scale=0.1, size=CLIP_SECONDS * SAMPLE_RATE_HZ).astype(np.float32)
    start = time.perf_counter()
    encoder.encode(clip)
    first_ms = (time.perf_counter() - start) * 1000

    print(f"{CLIP_SECONDS} s clip, {arguments.threads} thread(s)")
    print(f"load the encoder      {load_ms:7.1f} ms")
    print(f"first clip            {first_ms:7.1f} ms")
    print(f"log-mel               {median_ms(lambda: log_mel(clip)):7.1f} ms")
    print(f"log-mel + encoder     {median_ms(lambda: encoder.encode(clip)):7.1f} ms")


if __name__ == "__main__":
    main()
