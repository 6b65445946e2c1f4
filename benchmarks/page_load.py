"""Put the page under load: ``python -m benchmarks.page_load [--results DIR]``.

Twenty clients ask 25 times each; every answer is compared with that to the same request made alone. Memory is read along the way,
and a recording of ten minutes must be refused and one of five answered.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from audio.clip import SAMPLE_RATE_HZ
from benchmarks.serving import Page, make_clips, page, percentiles
from runs.layout import choose_run

N_CLIENTS = 20
N_REQUESTS = 25
N_ROUNDS = 5
LONG_MINUTES = (5, 10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, help="a result's folder")
    parser.add_argument("--port", type=int, default=7891)
    options = parser.parse_args()
    results = choose_run(options.results).path.resolve()
    with tempfile.TemporaryDirectory() as folder, page(results, port=options.port) as served:
        paths = make_clips(Path(folder), n=N_CLIENTS)
        clients = [Client(served.url, verbose=False) for _ in paths]
        alone = [clients[0].predict(handle_file(path), api_name="/predict") for path in paths]
        crowd(served, clients, paths, alone)
        for minutes in LONG_MINUTES:
            long_recording(clients[0], Path(folder), minutes=minutes)
        print(f"memory in the end      {served.resident_mb:6.0f} MB")


def crowd(served: Page, clients: list[Client], paths: list[Path], alone: list[object]) -> None:
    """Ask in rounds, all clients at once, and count what went wrong."""

    def ask(k: int) -> tuple[list[float], int, int]:
        seconds, n_wrong, n_errors = [], 0, 0
        for _ in range(N_REQUESTS // N_ROUNDS):
            start = time.perf_counter()
            try:
                n_wrong += clients[k].predict(handle_file(paths[k]), api_name="/predict") != alone[k]
            except Exception as error:
                print(f"client {k}: {error!r}")
                n_errors += 1
            seconds.append(time.perf_counter() - start)
        return seconds, n_wrong, n_errors

    print(f"memory before          {served.resident_mb:6.0f} MB")
    seconds, n_wrong, n_errors = [], 0, 0
    start = time.perf_counter()
    with ThreadPoolExecutor(N_CLIENTS) as pool:
        for _ in range(N_ROUNDS):
            for of_client, wrong, errors in pool.map(ask, range(N_CLIENTS)):
                seconds += of_client
                n_wrong, n_errors = n_wrong + wrong, n_errors + errors
            print(f"after {len(seconds):3} requests     {served.resident_mb:6.0f} MB")
    took = time.perf_counter() - start
    print(f"{N_CLIENTS} clients             {percentiles(seconds)}   {len(seconds) / took:.1f} requests a second")
    print(f"wrong answers {n_wrong}, errors {n_errors}")


def long_recording(client: Client, folder: Path, *, minutes: int) -> None:
    """Ask about a long recording."""
    path = folder / f"{minutes}.flac"
    rng = np.random.default_rng(0)
    syllables = np.repeat(rng.uniform(0, 0.3, minutes * 60 * 4), SAMPLE_RATE_HZ // 4)
    soundfile.write(path, syllables * np.sin(np.arange(len(syllables)) * 0.06), SAMPLE_RATE_HZ)
    start = time.perf_counter()
    try:
        words = f"{len(client.predict(handle_file(path), api_name='/predict')['timeline'])} windows"
    except AppError as error:
        words = f"refused: {error}"
    print(f"{minutes:2} minutes             {time.perf_counter() - start:6.1f} s   {words}")


if __name__ == "__main__":
    main()
