"""The page: ``python app.py`` opens it on the shipped champions, ``--results DIR`` on those of another run."""

from __future__ import annotations

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import argparse
import sys
from pathlib import Path

from emotune.errors import EmotuneError
from page.results import Results
from runs.layout import choose_run


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python app.py", description="Talk to the best model of every family at once.")
    parser.add_argument("--results", type=Path, help="a run's folder (default: your newest complete run, else the shipped one)")
    parser.add_argument("--host", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    options = parser.parse_args(arguments)
    try:
        options.results = choose_run(options.results).path
    except EmotuneError as error:
        parser.error(str(error))
    return options


options = parse(sys.argv[1:] if __name__ == "__main__" else [])
results = Results(options.results)
engine = results.engine()
print(f"emotune shows: {engine.run.description} ({options.results})", flush=True)
engine.warm_up()

from page.interface import build, launch_options  # noqa: E402  (Gradio takes seconds to import; the champions load meanwhile)

demo = build(results)

if __name__ == "__main__":
    demo.launch(server_name=options.host, server_port=options.port, **launch_options())
