"""The options of ``app.py``, read before anything is imported that takes time."""

from __future__ import annotations

import argparse
import os

from emotune.arguments import given_path
from emotune.errors import EmotuneError, RequestError
from runs.layout import choose_run

MICROPHONE = "microphone"
HOST_VARIABLE = "GRADIO_SERVER_NAME"
PORT_VARIABLE = "GRADIO_SERVER_PORT"
THIS_MACHINE = "127.0.0.1"
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
            _require_address(options.host, options.port)
    except EmotuneError as error:
        parser.error(str(error))
    return options


def _require_address(host: str | None, port: int | None) -> None:
    """Refuse an address or a port that nothing can listen on here; Gradio would try for ever, or say it after half a minute."""
    host = os.environ.get(HOST_VARIABLE) if host is None else host
    if host is not None and (why := _refusal(host, 0)):
        raise RequestError(
            f"--host ({HOST_VARIABLE}) must be an address of this machine, got {host!r} ({why}); leave it out for this machine "
            "alone, or give 0.0.0.0 to let others in."
        )
    if port is None and (text := os.environ.get(PORT_VARIABLE)) is not None:
        try:
            port = _port(text)
        except argparse.ArgumentTypeError as error:
            raise RequestError(f"{PORT_VARIABLE} {error}") from error
    if port is not None and (why := _refusal(host or THIS_MACHINE, port)):
        raise RequestError(
            f"--port ({PORT_VARIABLE}) must be a port that this program may take, got {port} ({why}); give another, or leave it out "
            "for the first free one from 7860."
        )


def _refusal(host: str, port: int) -> str:
    """Return why nothing can listen there; empty if something can. Any free port is tried for 0."""
    import socket

    try:
        family, kind, protocol, _, (address, *_) = socket.getaddrinfo(host.strip("[]") or " ", 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            if os.name == "posix":  # a port whose last visitors have just gone is free
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
    except OSError as error:
        return str(error.strerror)
    except UnicodeError as error:
        return str(error)
    return ""


def _port(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= LARGEST_PORT):
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 to {LARGEST_PORT}, got {text}; leave it out for the first free one from 7860."
        )
    return int(text)
