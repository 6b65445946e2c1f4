"""The options of ``app.py``, read before anything is imported that takes time."""

from __future__ import annotations

import argparse

from emotune.arguments import given_path
from emotune.errors import EmotuneError
from runs.layout import choose_run

MICROPHONE = "microphone"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; a mistake ends in a sentence and exit code 2."""
    parser = argparse.ArgumentParser(prog="python app.py", description="Talk to the best model of every family at once.")
    parser.add_argument("--results", type=given_path, help="a run's folder (default: your newest complete run, else the shipped one)")
    parser.add_argument("--host", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    without = parser.add_argument_group("without a page")
    without.add_argument(
        "--file", type=given_path, metavar="FILE", help="answer every stretch of speech in a recording of any length"
    )
    without.add_argument(
        "--csv", type=given_path, metavar="FILE", help="with --file: write the stretches here; else they are printed"
    )
    without.add_argument("--labels", type=given_path, metavar="FILE", help="with --file: write a label track for Audacity")
    without.add_argument(
        "--listen",
        nargs="?",
        const=MICROPHONE,
        metavar="FILE",
        help="print a line a second of what is said into the microphone (needs sounddevice), or in a file",
    )
    without.add_argument("--family", metavar="KEY", help="who answers (default: the best that answers in time)")
    options = parser.parse_args(arguments)
    if (options.csv or options.labels) and not options.file:
        parser.error("--csv and --labels go with --file; name the recording.")
    if options.file and options.listen is not None:
        parser.error("--file and --listen exclude each other; choose one.")
    if options.family and not options.file and options.listen is None:
        parser.error("--family goes with --file or --listen; on the page, choose under Live.")
    try:
        options.results = choose_run(options.results).path
    except EmotuneError as error:
        parser.error(str(error))
    return options
