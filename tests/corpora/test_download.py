"""The way from an address to a folder, against a local server that cuts, ignores ranges, refuses and serves wrong bytes."""

from __future__ import annotations

import hashlib
import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from corpora.download import CHUNK_BYTES, Archive, fetch_folder
from corpora.ravdess import Ravdess
from emotune.errors import CorpusError, DownloadError
from tests.conftest import SHARED_DATA

NO_WAITING = (0.0, 0.0, 0.0)
ZIP_NAME = "Audio_Speech_Actors_01-24.zip"


class ZipServer(ThreadingHTTPServer):
    """Serves one content under every path, as badly as it is told to."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), ZipHandler)
        self.content = content
        self.cuts: list[int] = []
        self.statuses: list[int] = []
        self.knows_ranges = True
        self.ranges: list[str | None] = []

    @property
    def archive(self) -> Archive:
        return Archive(f"http://127.0.0.1:{self.server_port}/{ZIP_NAME}", hashlib.md5(self.content).hexdigest())


class ZipHandler(BaseHTTPRequestHandler):
    server: ZipServer

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.knows_ranges else 0
        status = self.server.statuses.pop(0) if self.server.statuses else 206 if start else 200
        if start >= len(self.server.content):
            status = 416
        if self.headers["User-Agent"].startswith("python-requests"):
            status = 403  # as Zenodo does
        body = self.server.content[start:] if status < 400 else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cuts.pop(0)] if self.server.cuts else body)

    def log_message(self, *_: object) -> None:
        pass


def make_zip() -> bytes:
    """Return an archive like the published one: 48 kHz, 16 bit, a stereo file among them, a folder for each actor."""
    rng = np.random.default_rng(0)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for actor in ("01", "20"):
            for emotion in range(1, 9):
                wav = io.BytesIO()
                n_channels = 2 if emotion == 5 else 1
                soundfile.write(wav, np.repeat(0.1 * rng.standard_normal((48_000, 1)), n_channels, axis=1), 48_000, format="WAV")
                archive.writestr(f"Actor_{actor}/03-01-0{emotion}-01-01-01-{actor}.wav", wav.getvalue())
    return content.getvalue()


@pytest.fixture(scope="module", params=["made", "published"])
def zip_bytes(request: pytest.FixtureRequest) -> bytes:
    if request.param == "made":
        return make_zip()
    published = SHARED_DATA / "ravdess-original-sample" / "Audio_Speech_Actors_01_20.zip"
    if not published.is_file():
        pytest.skip("needs the published sample")
    return published.read_bytes()


@pytest.fixture
def server(zip_bytes: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZipServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ZipServer(zip_bytes) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetch(server: ZipServer, folder: Path, *, md5: str | None = None) -> Path:
    archive = Archive(server.archive.url, md5 or server.archive.md5)
    return fetch_folder(archive, folder, retry_seconds=NO_WAITING)


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def files_of(content: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


def test_ravdess_is_downloaded_unpacked_and_read_where_it_is_missing(server: ZipServer, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    corpus = Ravdess(archive=server.archive)
    reading = corpus.read(tmp_path / "data")
    assert {clip.name for clip in reading.clips} == {name.removesuffix(".wav") for name in files_of(server.content)}
    assert {clip.speaker for clip in reading.clips} == {"01", "20"}
    assert reading.skipped == ()
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["ravdess"]
    assert len(corpus.read(tmp_path / "data").clips) == len(reading.clips)
    assert len(server.ranges) == 1


def test_a_cut_transfer_goes_on_where_it_was_cut(server: ZipServer, tmp_path: Path) -> None:
    server.cuts = [3 * CHUNK_BYTES + 100, 2 * CHUNK_BYTES]
    folder = fetch(server, tmp_path / "ravdess")
    assert files_in(folder) == files_of(server.content)
    assert server.ranges == [None, f"bytes={3 * CHUNK_BYTES}-", f"bytes={5 * CHUNK_BYTES}-"]


def test_a_cut_transfer_begins_again_where_the_server_ignores_ranges(server: ZipServer, tmp_path: Path) -> None:
    server.cuts = [3 * CHUNK_BYTES]
    server.knows_ranges = False
    assert files_in(fetch(server, tmp_path / "ravdess")) == files_of(server.content)
    assert server.ranges == [None, f"bytes={3 * CHUNK_BYTES}-"]


def test_any_number_of_cuts_is_survived_as_long_as_bytes_arrive(server: ZipServer, tmp_path: Path) -> None:
    server.cuts = [CHUNK_BYTES] * 20
    assert files_in(fetch(server, tmp_path / "ravdess")) == files_of(server.content)


def test_a_later_run_continues_what_an_earlier_one_left(server: ZipServer, tmp_path: Path) -> None:
    server.cuts = [CHUNK_BYTES, *[0] * 4]
    with pytest.raises(DownloadError, match=f"could not be downloaded from {server.archive.url}"):
        fetch(server, tmp_path / "ravdess")
    assert (tmp_path / f"{ZIP_NAME}.part").stat().st_size == CHUNK_BYTES
    assert files_in(fetch(server, tmp_path / "ravdess")) == files_of(server.content)
    assert server.ranges[-1] == f"bytes={CHUNK_BYTES}-"


def test_a_transfer_that_was_complete_but_not_renamed_is_used(server: ZipServer, tmp_path: Path) -> None:
    (tmp_path / f"{ZIP_NAME}.part").write_bytes(server.content)
    assert files_in(fetch(server, tmp_path / "ravdess")) == files_of(server.content)


def test_a_busy_server_is_asked_again_but_a_refusal_is_final(server: ZipServer, tmp_path: Path) -> None:
    server.statuses = [503, 429]
    fetch(server, tmp_path / "ravdess")
    assert len(server.ranges) == 3
    server.statuses = [404]
    with pytest.raises(DownloadError, match="404"):
        fetch(server, tmp_path / "again")
    assert len(server.ranges) == 4


def test_a_wrong_checksum_is_refused_with_both_sums_and_the_file_removed(server: ZipServer, tmp_path: Path) -> None:
    wrong = "0" * 32
    with pytest.raises(DownloadError, match=f"expected md5:{wrong} but got {server.archive.md5}.*run again"):
        fetch(server, tmp_path / "ravdess", md5=wrong)
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_belongs_to_another_file_is_given_up_by_its_checksum(server: ZipServer, tmp_path: Path) -> None:
    (tmp_path / f"{ZIP_NAME}.part").write_bytes(b"something else")
    with pytest.raises(DownloadError, match="does not match"):
        fetch(server, tmp_path / "ravdess")
    assert files_in(fetch(server, tmp_path / "ravdess")) == files_of(server.content)


def test_without_a_network_one_message_says_what_was_tried_and_where_the_file_goes(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        archive = Archive(f"http://127.0.0.1:{unused.getsockname()[1]}/{ZIP_NAME}", "0" * 32)
        with pytest.raises(DownloadError) as caught:
            fetch_folder(archive, tmp_path / "ravdess", retry_seconds=NO_WAITING)
    message = str(caught.value)
    assert "refused" in message
    assert f"download {archive.url} by hand and put it at {tmp_path / ZIP_NAME}" in message
    assert "\n" not in message


def test_a_file_put_there_by_hand_is_used_and_kept(tmp_path: Path) -> None:
    content = make_zip()
    (tmp_path / ZIP_NAME).write_bytes(content)
    archive = Archive(f"http://127.0.0.1:9/{ZIP_NAME}", hashlib.md5(content).hexdigest())
    assert files_in(fetch_folder(archive, tmp_path / "ravdess")) == files_of(content)
    assert (tmp_path / ZIP_NAME).exists()


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "Actor_01/../../outside.txt"])
def test_a_zip_that_reaches_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / ZIP_NAME, "w") as archive:
        archive.writestr("Actor_01/inside.txt", "inside")
        archive.writestr(name, "outside")
    md5 = hashlib.md5((tmp_path / ZIP_NAME).read_bytes()).hexdigest()
    with pytest.raises(DownloadError, match="must stay in its own folder"):
        fetch_folder(Archive(f"http://127.0.0.1:9/{ZIP_NAME}", md5), tmp_path / "ravdess")
    assert [path.name for path in tmp_path.iterdir()] == [ZIP_NAME]


def test_what_is_not_a_zip_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / ZIP_NAME).write_bytes(b"not a zip")
    md5 = hashlib.md5(b"not a zip").hexdigest()
    with pytest.raises(DownloadError, match="must be a zip file"):
        fetch_folder(Archive(f"http://127.0.0.1:9/{ZIP_NAME}", md5), tmp_path / "ravdess")
    assert [path.name for path in tmp_path.iterdir()] == [ZIP_NAME]


def test_a_folder_with_other_files_is_left_alone_and_nobody_is_told_to_empty_it(tmp_path: Path) -> None:
    (tmp_path / "ravdess").mkdir()
    (tmp_path / "ravdess" / "notes.txt").write_text("mine")
    with pytest.raises(CorpusError, match=r"needs a new or empty folder, but .* holds other files; move that away") as raised:
        fetch_folder(Archive(f"http://127.0.0.1:9/{ZIP_NAME}", "0" * 32), tmp_path / "ravdess")
    assert not isinstance(raised.value, DownloadError), "a search would go on with other recordings"
    assert files_in(tmp_path) == {"ravdess/notes.txt"}


def test_a_link_that_leads_nowhere_is_named_before_anything_is_fetched(tmp_path: Path) -> None:
    (tmp_path / "ravdess").symlink_to(tmp_path / "unmounted")
    with pytest.raises(CorpusError, match="a link that leads nowhere"):
        fetch_folder(Archive(f"http://127.0.0.1:9/{ZIP_NAME}", "0" * 32), tmp_path / "ravdess")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match=f"must fit into {tmp_path / 'file'}"):
        fetch_folder(Archive(f"http://127.0.0.1:9/{ZIP_NAME}", "0" * 32), tmp_path / "file" / "ravdess")
