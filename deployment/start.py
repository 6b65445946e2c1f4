"""Starting an assembled folder as a stranger's machine would: its own environment, its own requirements, one question."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment.contents import REQUIREMENTS
from deployment.front_matter import APP_FILE
from emotune.errors import DeployError

EXAMPLE = "examples/synthetic-angry.flac"
HOST = "127.0.0.1"
START_SECONDS = 300.0
POLL_SECONDS = 0.2
CHUNK_SECONDS = 0.5
LAST_WORDS = 300
UNWANTED = re.compile(r"^(HF_|HUGGING|PYTHON|VIRTUAL_ENV|EMOTUNE_|GRADIO_)|TOKEN|SECRET|PASSWORD|CREDENTIAL|_KEY$", re.IGNORECASE)
"""Environment variables that a stranger's machine has not, or that are no business of the page."""


@dataclass(frozen=True)
class FirstAnswer:
    """What the page said when it was asked for the first time.

    Attributes
    ----------
    emotion : str
        What most families heard.
    families : tuple of str
        Those that answered, best first.
    unavailable : tuple of str
        Those that could not, with the reason.
    seconds : float
        From starting the program to the answer.
    live : str
        What Live showed at the end of the example, streamed to it: an emotion, or the kind of its state.
    live_seconds : float
        Of sound that Live took.
    peak_bytes : int or None
        Most memory that the page held at once; None where the system does not tell.
    """

    emotion: str
    families: tuple[str, ...]
    unavailable: tuple[str, ...]
    seconds: float
    live: str
    live_seconds: float
    peak_bytes: int | None


def make_environment(folder: Path, place: Path, *, python: str) -> Path:
    """Make a virtual environment with an assembled folder's requirements, and return its interpreter.

    Parameters
    ----------
    folder : Path
        The assembled folder.
    place : Path
        Where the environment goes; about 1 GB.
    python : str
        The interpreter to make it with.

    Raises
    ------
    DeployError
        If the environment or a requirement cannot be installed.
    """
    interpreter = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(folder / REQUIREMENTS)]
    for command in ([python, "-m", "venv", str(place)], install):
        try:
            finished = subprocess.run(command, capture_output=True, text=True, env=_environment())
        except OSError as error:
            raise DeployError(f"A Python interpreter is needed, and {python} is none ({error.strerror}); check --python.") from None
        if finished.returncode:
            raise DeployError(
                f"The Space's requirements must install into a new environment, but: {_end(finished.stderr or finished.stdout)} "
                "Mend requirements.txt or the connection, or give --no-start."
            )
    return interpreter


def ask_once(folder: Path, *, python: Path | str, timeout_seconds: float = START_SECONDS) -> FirstAnswer:
    """Start the page in an assembled folder, ask it about an example, stream the example to Live, and stop it.

    Parameters
    ----------
    folder : Path
        The assembled folder; the page runs in it and sees no other.
    python : path-like
        The interpreter to run it with.
    timeout_seconds : float
        How long the page may take until it listens.

    Raises
    ------
    DeployError
        If it does not start in time, ends, or does not answer.
    """
    from gradio_client import Client, handle_file

    began = time.monotonic()
    with _page(folder, python, timeout_seconds=timeout_seconds) as (process, address, log):
        try:
            client = Client(address, verbose=False, analytics_enabled=False, httpx_kwargs={"trust_env": False})
            found = client.predict(handle_file(folder / EXAMPLE), api_name="/predict")
            seconds = time.monotonic() - began
            now = _stream(client, folder / EXAMPLE)
        except Exception as error:  # whatever the client meets, the page did not answer
            raise DeployError(
                f"The assembled page must answer {EXAMPLE}, but: {_end(str(error))} {_end(log.read_text(errors='replace'))}"
            ) from error
        peak_bytes = _peak_bytes(process.pid)
    return FirstAnswer(
        found["agreement"]["emotion"],
        tuple(prediction["family"] for prediction in found["predictions"]),
        tuple(f"{one['family']}: {one['reason']}" for one in found["unavailable"]),
        seconds,
        (now["state"] or {}).get("emotion") or (now["state"] or {}).get("kind", "nothing yet"),
        now["seconds"],
        peak_bytes,
    )


def _stream(client: Any, path: Path) -> dict[str, Any]:
    """Send a recording to Live as a microphone would, in chunks; return the last state."""
    import soundfile

    samples, rate_hz = soundfile.read(path, dtype="int16")
    n = round(CHUNK_SECONDS * rate_hz)
    now: dict[str, Any] = {}
    for start in range(0, len(samples), n):
        chunk = b64encode(samples[start : start + n].astype("<i2").tobytes()).decode()
        now = client.predict(chunk, "", api_name="/live")
    return now


@contextmanager
def _page(folder: Path, python: Path | str, *, timeout_seconds: float) -> Iterator[tuple[subprocess.Popen[bytes], str, Path]]:
    """Run the page; yield its process, its address once it listens, and the file that it writes to."""
    port = _free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        log = Path(scratch) / "page.log"
        settings = {"GRADIO_SERVER_NAME": HOST, "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": f"{scratch}/uploads"}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(python), APP_FILE],
                cwd=folder,
                env=_environment() | settings | {"HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": HOST},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            address = f"http://{HOST}:{port}/"
            _wait_until_listening(process, address, log, timeout_seconds=timeout_seconds)
            yield process, address, log
        finally:
            _stop(process)


def _wait_until_listening(process: subprocess.Popen[bytes], address: str, log: Path, *, timeout_seconds: float) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            direct.open(address, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                raise DeployError(
                    f"The assembled page must run, but ended with code {process.returncode}: {_end(log.read_text(errors='replace'))}"
                ) from None
            if time.monotonic() > deadline:
                raise DeployError(
                    f"The assembled page must listen within {timeout_seconds:g} s, and did not: "
                    f"{_end(log.read_text(errors='replace'))}"
                ) from None
            time.sleep(POLL_SECONDS)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGINT):
        if process.poll() is None:
            process.send_signal(sign)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                continue
    if process.poll() is None:
        process.kill()
        process.wait()


def _peak_bytes(pid: int) -> int | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    match = re.search(r"VmHWM:\s*(\d+) kB", status)
    return 1024 * int(match.group(1)) if match else None


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not UNWANTED.search(name)}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _end(text: str) -> str:
    """Return the end of what a program said, on one line."""
    return " ".join(text.split())[-LAST_WORDS:]
