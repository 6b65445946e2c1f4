"""Handlers read what was uploaded, and fetch nothing: asked of the running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio import processing_utils

from page.gate import MAX_CALL_BYTES, REFUSED, is_address, names_an_address

ADDRESSES = (
    "http://169.254.169.254/latest/meta-data/",
    "https://example.org/clip.wav",
    "HTTP://example.org/clip.wav",
    "file:///etc/passwd",
    "file:/etc/passwd",
    "ftp://example.org/clip.wav",
    "//host/share/clip.wav",
    "\\\\host\\share\\clip.wav",
    "http%3A//169.254.169.254/",
)


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that Gradio was about to fetch."""
    asked: list[str] = []

    async def fetch(url: str, *_: Any, **__: Any) -> None:
        asked.append(url)
        raise RuntimeError(url)

    monkeypatch.setattr(processing_utils, "async_ssrf_protected_get", fetch)
    return asked


def as_file(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_fetched_is_an_address_and_an_upload_is_none(address: str) -> None:
    assert is_address(address)
    assert names_an_address(json.dumps({"data": [[as_file(address)]]}).encode())


@pytest.mark.parametrize("path", ["/tmp/gradio/ab12/clip.wav", "C:\\\\Temp\\\\gradio\\\\clip.wav", "clip: one.wav", "a 12:30.wav"])
def test_a_path_on_this_machine_is_no_address(path: str) -> None:
    assert not is_address(path)


@pytest.mark.parametrize("body", [b"", b"no json", b"[" * 100_000, b'{"path": 3}'])
def test_what_is_no_call_names_no_address(body: bytes) -> None:
    assert not names_an_address(body)


WAYS = ("call/predict", "run/predict", "run/upload", "run/upload/", "api/predict", "api/upload", "queue/join", "call/v2/predict")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("address", ["http://169.254.169.254/latest", "https://127.0.0.1:1/x.wav", "file:///etc/passwd"])
def test_no_way_of_calling_fetches_an_address(page_url: str, fetched: list[str], way: str, address: str) -> None:
    for file in (as_file(address), {"path": address}, {**as_file(address), "url": address, "is_stream": True}):
        answer = httpx.post(f"{page_url}gradio_api/{way}", json={"data": [file], "clip": file, "fn_index": 0, "session_hash": "x"})
        assert (answer.status_code, answer.json()["detail"]) == (400, REFUSED)
    assert fetched == []


def test_an_address_beside_an_upload_is_not_fetched(page_url: str, fetched: list[str]) -> None:
    file = {**as_file(""), "url": "http://169.254.169.254/latest"}
    call = f"{page_url}gradio_api/call/predict"
    event = httpx.post(call, json={"data": [file]}).json()["event_id"]
    assert httpx.get(f"{call}/{event}", timeout=60).text.startswith("event: error")
    assert fetched == []


@pytest.mark.parametrize(
    "way",
    [
        "file=http://169.254.169.254/",
        "proxy=http://169.254.169.254/",
        "file=https%3A//example.org/",
        "file/https://example.org/x",
        "file=https://example.org/file/x",
        "file=https://example.org/%3Fq=/file=x",
        "file/https://example.org/proxy/x",
        "proxy=https://example.org/gradio_api/file=x",
    ],
)
def test_the_page_is_no_proxy(page_url: str, fetched: list[str], way: str) -> None:
    assert httpx.get(f"{page_url}gradio_api/{way}").status_code == 400
    assert fetched == []


@pytest.mark.parametrize("extra", [{}, {"meta": {"_type": "gradio.FileData"}}, {"is_stream": True}])
@pytest.mark.parametrize("endpoint", ["predict", "long", "batch"])
def test_a_file_of_the_server_is_read_by_no_handler(page_url: str, tmp_path: Path, endpoint: str, extra: dict[str, Any]) -> None:
    (tmp_path / "secret.wav").write_text("the secret of this machine")
    file = {"path": str(tmp_path / "secret.wav"), **extra}
    call = f"{page_url}gradio_api/call/{endpoint}"
    event = httpx.post(call, json={"data": {"batch": [[file]], "long": [file, ""], "predict": [file]}[endpoint]}).json()["event_id"]
    told = httpx.get(f"{call}/{event}", timeout=60).text
    assert told.startswith("event: error")
    assert "secret" not in told


@pytest.mark.parametrize("way", ["call/predict", "run/upload"])
def test_a_call_of_endless_json_is_refused(page_url: str, way: str) -> None:
    answer = httpx.post(f"{page_url}gradio_api/{way}", json={"data": ["x" * MAX_CALL_BYTES]})
    assert answer.status_code == 413
