"""Fetching a published archive: resumed when cut, checked, unpacked aside and renamed into place."""

from __future__ import annotations

import os
import shutil
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import pooch
import requests
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from emotune.errors import CorpusError, DownloadError

RETRY_SECONDS = (1.0, 2.0, 4.0)
"""Waits between attempts that bring nothing; any progress starts the count again."""

TIMEOUT_SECONDS = 30
USER_AGENT = "emotune"  # Zenodo answers 403 to the one that requests sends by itself
CHUNK_BYTES = 1 << 15  # a cut loses at most one chunk of what had arrived


@dataclass(frozen=True)
class Archive:
    """A published zip file.

    Attributes
    ----------
    url : str
        Its address; the last part of its path is the file name.
    md5 : str
        Its checksum, in hexadecimal.
    """

    url: str
    md5: str

    @property
    def file_name(self) -> str:
        """Name of the zip file."""
        return PurePosixPath(urlsplit(self.url).path).name


def fetch_folder(archive: Archive, folder: Path, *, retry_seconds: Sequence[float] = RETRY_SECONDS) -> Path:
    """Download an archive beside a folder, check it and unpack it there.

    A transfer that was cut goes on from its ``.part`` file, in this call or a later one. An archive that lies there already
    is checked and used, and stays; a downloaded one is removed once unpacked.

    Parameters
    ----------
    archive : Archive
        What to fetch.
    folder : Path
        Where its content goes; must be new or empty.
    retry_seconds : sequence of float
        Waits between attempts that bring nothing.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    DownloadError
        If the archive cannot be fetched, has another checksum, or cannot be unpacked.
    CorpusError
        If the folder holds other files.
    """
    zip_path = folder.parent / archive.file_name
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
            holds = "holds other files" if folder.is_dir() else "is a file, or a link that leads nowhere"
            raise CorpusError(
                f"{archive.file_name} needs a new or empty folder, but {folder} {holds}; move that away, or name the folder that has "
                f"the recordings with --data."
            )
        was_there = zip_path.exists()
        _retrieve(archive, zip_path, retry_seconds=retry_seconds)
        _unpack(zip_path, folder)
        if not was_there:
            zip_path.unlink()
    except OSError as error:
        raise DownloadError(
            f"{archive.file_name} must fit into {folder.parent}, but: {error}; free some space or choose another --data folder."
        ) from error
    return folder


def _retrieve(archive: Archive, zip_path: Path, *, retry_seconds: Sequence[float]) -> None:
    """Have the archive at its place with the right checksum."""
    pooch.get_logger().setLevel("WARNING")
    part = zip_path.with_name(f"{zip_path.name}.part")
    next_step = f"run again to continue, or download {archive.url} by hand and put it at {zip_path}."
    try:
        pooch.retrieve(
            archive.url,
            known_hash=f"md5:{archive.md5}",
            fname=zip_path.name,
            path=zip_path.parent,
            downloader=ResumingDownloader(part, retry_seconds=retry_seconds),
        )
    except requests.RequestException as error:
        raise DownloadError(
            f"{archive.file_name} (MD5 {archive.md5}) is not at {zip_path} and could not be downloaded from {archive.url} "
            f"({_reason(error)}); {next_step}"
        ) from error
    except ValueError as error:
        raise DownloadError(f"{error} It came from {archive.url}; {next_step}") from error


class ResumingDownloader:
    """A downloader for pooch that continues what was cut.

    Parameters
    ----------
    part : Path
        Where the bytes gather; kept when the transfer fails.
    retry_seconds : sequence of float
        Waits between attempts that bring nothing.
    """

    def __init__(self, part: Path, *, retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        self.part = part
        self.retry_seconds = retry_seconds

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        """Download an address into a file.

        Raises
        ------
        requests.RequestException
            If no further attempt is worth it.
        """
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task(f"Downloading into {self.part.parent}", total=None)
            waits = iter(self.retry_seconds)
            while True:
                n_bytes_before = self._n_bytes()
                try:
                    self._transfer(url, progress=progress, task=task)
                    break
                except requests.RequestException as error:
                    if self._n_bytes() > n_bytes_before:
                        waits = iter(self.retry_seconds)
                    wait = next(waits, None) if _may_pass(error) else None
                    if wait is None:
                        raise
                    time.sleep(wait)
        os.replace(self.part, output_file)

    def _n_bytes(self) -> int:
        """Return how many bytes are here already."""
        return self.part.stat().st_size if self.part.exists() else 0

    def _transfer(self, url: str, *, progress: Progress, task: TaskID) -> None:
        """Append what is missing; where the server ignores the range, begin again."""
        n_bytes = self._n_bytes()
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"} | ({"Range": f"bytes={n_bytes}-"} if n_bytes else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as response:
            if n_bytes and response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is missing; the checksum tells whether what is here is right
            response.raise_for_status()
            n_bytes = n_bytes if response.status_code == HTTPStatus.PARTIAL_CONTENT else 0
            n_promised = int(response.headers.get("Content-Length", 0))
            progress.update(task, total=n_bytes + n_promised or None, completed=n_bytes)
            with self.part.open("ab" if n_bytes else "wb") as file:
                for chunk in response.iter_content(CHUNK_BYTES):
                    file.write(chunk)
                    progress.advance(task, len(chunk))


def _may_pass(error: requests.RequestException) -> bool:
    """Tell whether another attempt may go better: after a cut or a busy server, but not after a plain refusal."""
    status = None if error.response is None else error.response.status_code
    return status is None or status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _reason(error: BaseException) -> str:
    """Return what lies at the bottom of an error, such as "Connection refused"."""
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return str(error) or type(error).__name__


def _unpack(zip_path: Path, folder: Path) -> None:
    """Unpack a zip file into a new folder, which appears only when it is complete."""
    aside = folder.with_name(f".{folder.name}-unpacking")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        with zipfile.ZipFile(zip_path) as archive:
            for name in archive.namelist():
                if not (aside / name).resolve().is_relative_to(aside.resolve()):
                    raise DownloadError(f"{zip_path} must stay in its own folder, but has {name!r}; get it from its publisher.")
            archive.extractall(aside)
        if folder.exists():
            folder.rmdir()
        os.replace(aside, folder)
    except zipfile.BadZipFile as error:
        raise DownloadError(f"{zip_path} must be a zip file, but: {error}; remove it and run again.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
