"""Print how late the live answers are: ``python -m benchmarks.live [--results DIR]``.

Listeners, one and then four at once, send chunks of half a second through the real server, each at its own pace, as a browser does:
the next chunk holds what came while the last one was answered. The lag of a chunk is the time from its *first* sample to the first
answer that takes it into account, so that it includes the half second in which the chunk was gathered.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from gradio_client import Client
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.load import load
from benchmarks.serving import make_clips, page
from runs.layout import choose_run

CHUNK_SECONDS = 0.5
N_LISTENERS = (1, 4)
N_WARM_UP = 6
MAX_CHUNK_SECONDS = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, help="a result's folder")
    parser.add_argument("--family", default="", help="who answers (default: the best that answers in time)")
    parser.add_argument("--seconds", type=float, default=60, help="how long each listener talks")
    parser.add_argument("--port", type=int, default=7892)
    options = parser.parse_args()
    results = choose_run(options.results).path.resolve()
    with tempfile.TemporaryDirectory() as folder:
        clips = [load(path).samples for path in make_clips(Path(folder), n=20)]
        with page(results, port=options.port) as served:
            for n in N_LISTENERS:
                clients = [Client(served.url, verbose=False) for _ in range(n)]
                talks = [np.concatenate([clips[(k + j) % len(clips)] for j in range(len(clips))]) for k in range(n)]
                with ThreadPoolExecutor(n) as pool:
                    found = list(pool.map(partial(listen, seconds=options.seconds, family=options.family), clients, talks))
                lags = np.concatenate([lags for lags, _ in found])
                median, high, worst = np.quantile(lags, [0.5, 0.95, 1])
                print(
                    f"{n} listening  {found[0][1]:<18} lag median {median:5.2f} s   95th percentile {high:5.2f} s   "
                    f"worst {worst:5.2f} s   {len(lags)} answers   {served.resident_mb:.0f} MB",
                    flush=True,
                )


def listen(client: Client, talk: NDArray[np.float32], *, seconds: float, family: str) -> tuple[NDArray[np.float64], str]:
    """Talk for some seconds; return the lags after the first few answers, and who answered."""
    lags: list[float] = []
    unanswered: list[float] = []
    pcm, at, who = np.round(talk * 32767).astype("<i2"), 0.0, ""
    start = time.perf_counter()
    while at < seconds:
        time.sleep(max(0.0, start + at + CHUNK_SECONDS - time.perf_counter()))
        heard = min(time.perf_counter() - start, at + MAX_CHUNK_SECONDS)
        first, last = (round(t * SAMPLE_RATE_HZ) for t in (at, heard))
        chunk = np.take(pcm, np.arange(first, last), mode="wrap").tobytes()
        unanswered.append(at)
        found = client.predict(b64encode(chunk).decode(), family, api_name="/live")
        now, at, who = time.perf_counter() - start, heard, found["family"]
        if found["answered_seconds"] >= found["seconds"] - 0.01:
            lags += [now - one for one in unanswered]
            unanswered = []
    return np.array(lags[N_WARM_UP:]), who


if __name__ == "__main__":
    main()
