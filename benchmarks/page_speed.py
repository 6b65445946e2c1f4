"""Print how fast the page answers a 3 s clip: ``python -m benchmarks.page_speed [--results DIR]``.

Every request is another clip. It is sent over one open connection, as a program would, and by ``gradio_client``, which makes several
connections a request. The same clips are also given to the engine in this process, so that the ratio of the two, which depends little
on the machine, says what HTTP, the queue and the upload add.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
from gradio_client import Client, handle_file

from benchmarks.serving import make_clips, page, percentiles
from page.engine import Engine
from page.listen import listen, load_clip
from runs.layout import choose_run

N_REQUESTS = 60
N_WARM_UP = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, help="a result's folder")
    parser.add_argument("--port", type=int, default=7890)
    options = parser.parse_args()
    results = choose_run(options.results).path.resolve()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_clips(Path(folder), n=N_REQUESTS + N_WARM_UP)
        with page(results, port=options.port) as served:
            client = Client(served.url, verbose=False)
            client.predict(handle_file(paths[0]), api_name="/predict")
            print(f"start to first answer  {time.perf_counter() - served.started:6.1f} s")
            by_client = [timed(partial(client.predict, handle_file(path), api_name="/predict")) for path in paths]
            with httpx.Client(base_url=served.url, timeout=60) as http:
                seconds = [timed(partial(ask, http, path)) for path in paths]
            print(f"over HTTP              {percentiles(seconds[N_WARM_UP:])}")
            print(f"by gradio_client       {percentiles(by_client[N_WARM_UP:])}")
            print(f"memory                 {served.resident_mb:6.0f} MB")
        engine = Engine(results)
        engine.warm_up().join()
        alone = [timed(partial(_listen, engine, path)) for path in paths]
    print(f"the engine alone       {percentiles(alone[N_WARM_UP:])}   ({len(engine.ready)} families)")
    print(f"ratio of the sums      {sum(seconds[N_WARM_UP:]) / sum(alone[N_WARM_UP:]):6.2f}")


def ask(http: httpx.Client, path: Path) -> str:
    """Upload a clip, ask for its prediction, and return the events that tell it."""
    uploaded = http.post("/gradio_api/upload", files={"files": (path.name, path.read_bytes())}).raise_for_status().json()
    clip = {"path": uploaded[0], "meta": {"_type": "gradio.FileData"}}
    called = http.post("/gradio_api/call/predict", json={"data": [clip, ""]}).raise_for_status().json()
    events = http.get(f"/gradio_api/call/predict/{called['event_id']}").raise_for_status().text
    assert "event: complete" in events, events
    return events


def _listen(engine: Engine, path: Path) -> object:
    return listen(engine, load_clip(path).samples)


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
