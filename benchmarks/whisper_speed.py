"""Print what encoding a 3 s clip costs: ``python -m benchmarks.whisper_speed --threads 2``.

With ``--layers N`` the encoder is as a run keeps it for a champion that reads the layers up to N, in int8. What answers uses NumPy, a
search TensorFlow, which ``--tensorflow`` measures as well, in a process that is the slower for it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from audio.clip import SAMPLE_RATE_HZ
from features import INPUT_KINDS, Analysis
from features.whisper.encoder import WhisperEncoder
from features.whisper.frontend import log_mel
from features.whisper.kept import Precision
from features.whisper.layers import WhisperLayers
from features.whisper.numpy_encoder import NumpyEncoder
from features.whisper.numpy_layers import NUMPY_KINDS
from features.whisper.published import ENCODERS

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
    parser.add_argument("--encoder", choices=[one.key for one in ENCODERS], help="which encoder (default: all)")
    parser.add_argument("--folder", help="folder with its weights (default: found or downloaded)")
    parser.add_argument("--threads", type=int, default=2, help="threads that NumPy and TensorFlow may use (default 2)")
    parser.add_argument("--layers", type=int, help="layers that are kept (default: the whole encoder)")
    parser.add_argument("--tensorflow", action="store_true", help="measure TensorFlow beside NumPy")
    arguments = parser.parse_args()

    if arguments.tensorflow:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    print(f"{CLIP_SECONDS} s clip, {arguments.threads} thread(s)")
    for encoder in ENCODERS:
        if arguments.encoder not in (None, encoder.key):
            continue
        kind = INPUT_KINDS[encoder.key]
        assert isinstance(kind, WhisperLayers)
        kind = type(kind)(encoder.find(arguments.folder if arguments.encoder else None))
        with tempfile.TemporaryDirectory() as place:
            if arguments.layers:
                kind.keep(Path(place), n_layers=arguments.layers, precision=Precision.INT8)
                kind = kind.kept_in(Path(place))
            with threadpool_limits(arguments.threads, "blas"):
                title = f"Whisper {encoder.name}, {arguments.layers or kind.n_layers} layers"
                print_times(kind, title, with_tensorflow=arguments.tensorflow)


def print_times(kind: WhisperLayers, title: str, *, with_tensorflow: bool) -> None:
    answering = type(NUMPY_KINDS[kind.key])(kind.folder)
    clip = np.random.default_rng(0).normal(scale=0.1, size=CLIP_SECONDS * SAMPLE_RATE_HZ).astype(np.float32)
    megabytes = (kind.folder / "model.safetensors").stat().st_size / 1e6

    print(f"\n{title} ({megabytes:.1f} MB)")
    print(f"log-mel               {median_ms(lambda: log_mel(clip)):7.1f} ms")
    print_times_with("NumPy", NumpyEncoder, answering, clip)
    if with_tensorflow:
        print_times_with("TensorFlow", WhisperEncoder, kind, clip)


def print_times_with(
    library: str, make: Callable[[Path], NumpyEncoder | WhisperEncoder], kind: WhisperLayers, clip: NDArray[np.float32]
) -> None:
    start = time.perf_counter()
    encoder = make(kind.folder)
    loaded = time.perf_counter()
    encoder.encode(clip)
    first_ms, load_ms = (time.perf_counter() - loaded) * 1000, (loaded - start) * 1000
    print(f"{library}: load {load_ms:.0f} ms, first clip {first_ms:.0f} ms")
    print(f"  log-mel + encoder   {median_ms(lambda: encoder.encode(clip)):7.1f} ms")
    print(f"  clip to array       {median_ms(lambda: kind.extract(Analysis(clip))):7.1f} ms")


if __name__ == "__main__":
    main()
