"""The options of ``app.py``, read before anything is imported that takes time."""

from __future__ import annotations

import argparse
import os

from emotune.arguments import given_path
from emotune.errors import EmotuneError, RequestError
from runs.layout import choose_run

MICROPHONE = "microphone"
HOST_VARIABLE = "GRADIO_SERVER_NAME"
LARGEST_PORT = 2**16 - 1


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line; a mistake ends in a sentence and exit code 2."""
    parser = argparse.ArgumentParser(prog="python app.py", description="Talk to the best model of every family at once.")
    parser.add_argument("--results", type=given_path, help="a run's folder (default: your newest complete run, else the shipped one)")
    parser.add_argument("--host", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=_port, help="port to listen on (default: the first free one from 7860)")
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
        if not options.file and options.listen is None:
            require_host(os.environ.get(HOST_VARIABLE) if options.host is None else options.host)
    except EmotuneError as error:
        parser.error(str(error))
    return options


def require_host(host: str | None) -> None:
    """Refuse an address that nothing can listen on here; Gradio would try for ever, or call its ports taken.

    Parameters
    ----------
    host : str, optional
        An address or a name of this machine.

    Raises
    ------
    RequestError
        If it cannot be found, or belongs to another machine.
    """
    import socket

    if host is None:
        return
    try:
        family, kind, protocol, _, (address, *_) = socket.getaddrinfo(host.strip("[]") or " ", 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.bind((address, 0))
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise RequestError(
            f"--host ({HOST_VARIABLE}) must be an address of this machine, got {host!r} ({why}); leave it out for this machine "
            "alone, or give 0.0.0.0 to let others in."
        ) from error


def _port(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= LARGEST_PORT):
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 to {LARGEST_PORT}, got {text}; leave it out for the first free one from 7860."
        )
    return int(text)
