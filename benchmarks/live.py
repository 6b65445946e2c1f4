"""Print how late the live answers are: ``python -m benchmarks.live [--results DIR]``.

Listeners, one and then four at once, send chunks of half a second through the real server. As on the page, the newest chunk alone is
kept while another is answered, and what it replaces is lost. The lag of a chunk is the time from its *first* sample to the first
answer that takes it into account, so that it includes the half second in which the chunk was gathered; the share of chunks that are
lost is printed beside it, and the memory of the page: after every tenth of the time, counted from before the champions load, and in
the end. An hour (``--seconds 3600``) shows whether it grows.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from gradio_client import Client
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.load import load
from benchmarks.serving import Page, make_clips, page
from runs.layout import choose_run

CHUNK_SECONDS = 0.5
N_LISTENERS = (1, 4)
N_MEMORIES = 10
N_WARM_UP = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, help="a result's folder")
    parser.add_argument("--family", default="", help="who answers (default: the best that answers in time)")
    parser.add_argument("--seconds", type=float, default=60, help="how long each listener talks")
    parser.add_argument("--listeners", type=int, nargs="+", default=N_LISTENERS, help="how many listen at once, in turn")
    parser.add_argument("--port", type=int, default=7892)
    options = parser.parse_args()
    results = choose_run(options.results).path.resolve()
    with tempfile.TemporaryDirectory() as folder:
        clips = [load(path).samples for path in make_clips(Path(folder), n=20)]
        with page(results, port=options.port) as served:
            for n in options.listeners:
                clients = [Client(served.url, verbose=False) for _ in range(n)]
                talks = [np.concatenate([clips[(k + j) % len(clips)] for j in range(len(clips))]) for k in range(n)]
                with ThreadPoolExecutor(n) as pool, memory_course(served, seconds=options.seconds) as course_mb:
                    found = list(pool.map(partial(listen, seconds=options.seconds, family=options.family), clients, talks))
                lags = np.concatenate([one.lags for one in found])
                lost = np.mean([one.lost_share for one in found])
                median, high, worst = np.quantile(lags, [0.5, 0.95, 1])
                print(
                    f"{n} listening  {found[0].family:<18} lag median {median:5.2f} s   95th percentile {high:5.2f} s   "
                    f"worst {worst:5.2f} s   {len(lags)} answers   {lost:.1%} of the chunks lost   "
                    f"MB: {' '.join(f'{mb:.0f}' for mb in course_mb)}",
                    flush=True,
                )


@contextmanager
def memory_course(served: Page, *, seconds: float) -> Iterator[list[float]]:
    """Gather the memory of the page in MB, after every tenth of some seconds and at the end of the context."""
    course_mb: list[float] = []
    ended = threading.Event()

    def gather() -> None:
        while not ended.wait(seconds / N_MEMORIES):
            course_mb.append(served.resident_mb)

    thread = threading.Thread(target=gather)
    thread.start()
    try:
        yield course_mb
    finally:
        ended.set()
        thread.join()
        course_mb.append(served.resident_mb)


@dataclass(frozen=True, eq=False)
class Talk:
    """What a listener met: lags after the first few answers, the share of chunks that never arrived, and who answered."""

    lags: NDArray[np.float64]
    lost_share: float
    family: str


def listen(client: Client, talk: NDArray[np.float32], *, seconds: float, family: str) -> Talk:
    """Talk for some seconds."""
    lags: list[float] = []
    unanswered: list[float] = []
    pcm, who, n_sent, k = np.round(talk * 32767).astype("<i2"), "", 0, 0
    n_chunk, n_chunks = round(CHUNK_SECONDS * SAMPLE_RATE_HZ), round(seconds / CHUNK_SECONDS)
    client.predict(b64encode(bytes(2 * n_chunk)).decode(), family, api_name="/live")  # the first one loads the champions
    start = time.perf_counter()
    while k < n_chunks:
        time.sleep(max(0.0, start + (k + 1) * CHUNK_SECONDS - time.perf_counter()))
        chunk = np.take(pcm, np.arange(k * n_chunk, (k + 1) * n_chunk), mode="wrap").tobytes()
        unanswered.append(k * CHUNK_SECONDS)
        found = client.predict(b64encode(chunk).decode(), family, api_name="/live")
        now, who, n_sent = time.perf_counter() - start, found["family"], n_sent + 1
        if found["answered_seconds"] >= found["seconds"] - 0.01:
            lags += [now - one for one in unanswered]
            unanswered = []
        k = max(k + 1, int(now / CHUNK_SECONDS) - 1)  # the newest chunk that is whole by now
    return Talk(np.array(lags[N_WARM_UP:]), 1 - n_sent / k, who)


if __name__ == "__main__":
    main()
