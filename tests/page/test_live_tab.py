"""The Live tab: whom its handlers hear, who answers, and what the running server does with many microphones at once."""

from __future__ import annotations

import json
import os
import shutil
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
import soundfile
from gradio.state_holder import SessionState

from audio.clip import SAMPLE_RATE_HZ
from page.engine import Engine
from page.examples import FOLDER, PREFIX
from page.live import LiveSession
from page.live_tab import AUTOMATIC, STREAM_EVERY_SECONDS, begin, live_tab, read_chunk
from page.live_turns import MAX_LISTENERS
from page.results import Results

EXAMPLE = FOLDER / f"{PREFIX}chord.flac"


@pytest.fixture
def page(only_result: Results, engine: Engine) -> gr.Blocks:
    with gr.Blocks() as page:
        live_tab(only_result, gr.Dropdown(), gr.State(None))
    return page


@pytest.fixture
def handlers(page: gr.Blocks) -> dict[str, Any]:
    return {str(one.name): one.fn for one in page.fns.values() if one.fn}


def visit(page: gr.Blocks, name: str) -> Callable[[], Any]:
    """Return what gives the session of one visitor, as Gradio hands it to a handler."""
    inputs = next(one.inputs for one in page.fns.values() if one.name == name)
    place = next(one._id for one in inputs if isinstance(one, gr.State))
    visitor = SessionState(page)
    return lambda: visitor[place]


def write_chunk(path: Path) -> str:
    soundfile.write(path, np.zeros(SAMPLE_RATE_HZ // 2), SAMPLE_RATE_HZ)
    return str(path)


def test_a_chunk_is_deleted_when_it_is_heard_and_an_example_stays(tmp_path: Path) -> None:
    assert len(read_chunk(write_chunk(tmp_path / "audio.wav"))) == SAMPLE_RATE_HZ // 2
    cached = shutil.copy(EXAMPLE, tmp_path / "audio.flac")
    assert len(read_chunk(cached)) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["audio.flac"]


def test_two_chunks_of_silence_in_one_file_are_both_heard(tmp_path: Path) -> None:
    path = write_chunk(tmp_path / "audio.wav")
    assert [len(read_chunk(path)) for _ in range(2)] == [STREAM_EVERY_SECONDS * SAMPLE_RATE_HZ] * 2


@pytest.mark.parametrize("name", ["hear", "live"])
def test_a_visitor_has_one_session_from_before_the_first_chunk(page: gr.Blocks, name: str) -> None:
    ours = visit(page, name)
    first, again, another = ours(), ours(), visit(page, name)()
    assert isinstance(first, LiveSession)
    assert again is first
    assert another is not first
    assert another.voice is not first.voice


def test_to_start_over_while_a_chunk_is_heard_starts_over(
    handlers: dict[str, Any], engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begin()
    monkeypatch.setattr("page.live_tab.render_time.live", lambda *_: handlers["start_over"](session)[2])  # it comes in between
    found, _ = handlers["hear"](write_chunk(tmp_path / "a.wav"), session, None, "linear", True, None)
    assert found is session
    assert found.rows() == ()


def test_a_program_that_takes_its_time_loses_no_sound(page: gr.Blocks, handlers: dict[str, Any]) -> None:
    session, pcm = visit(page, "live")(), b64encode(bytes(320)).decode()
    handlers["live"](pcm, "linear", session)
    time.sleep(0.6)
    now, _ = handlers["live"](pcm, "linear", session)
    assert (now["seconds"], now["note"]) == (0.02, "")


def test_one_listener_too_many_reads_why_and_the_others_are_heard(handlers: dict[str, Any], tmp_path: Path) -> None:
    sessions = [begin() for _ in range(MAX_LISTENERS + 1)]
    for k, session in enumerate(sessions):
        _, shown = handlers["hear"](write_chunk(tmp_path / f"{k}.wav"), session, None, "linear", True, None)
    assert "At most 8 people can be heard at a time" in shown
    assert [session.started is not None for session in sessions] == [True] * MAX_LISTENERS + [False]
    _, shown = handlers["hear"](write_chunk(tmp_path / "again.wav"), sessions[0], None, "linear", True, None)
    assert "silence" in shown


@pytest.mark.parametrize("family", ["gone", "random_forest"])
def test_where_the_family_asked_for_cannot_predict_another_answers_and_it_is_said(
    handlers: dict[str, Any], engine: Engine, tmp_path: Path, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = tuple(member for member in engine.ready if member.key != family)
    monkeypatch.setattr(Engine, "ready", ready)
    session, shown = handlers["hear"](write_chunk(tmp_path / "a.wav"), begin(), None, family, True, None)
    assert "cannot predict here now; Linear answers." in shown
    assert "Linear, smoothed" in shown
    _, shown = handlers["hear"](write_chunk(tmp_path / "b.wav"), session, None, AUTOMATIC, True, None)
    assert "cannot predict" not in shown


class Microphone:
    """A browser's microphone: it streams to the page until it is closed."""

    def __init__(self, page_url: str, name: str) -> None:
        self.api, self.name = f"{page_url}gradio_api", name
        config = httpx.get(f"{page_url}config").json()
        self._stream = next(one for one in config["dependencies"] if one["targets"] and one["targets"][0][1] == "stream")
        self._pause = next(one for one in config["dependencies"] if one["api_name"] == "toggle")
        self._values = {one["id"]: one["props"].get("value") for one in config["components"]}
        self._event = ""

    def send(self, path: str) -> str:
        """Begin to stream with a file that the page has, and return what it shows."""
        chunk = {"path": path, "meta": {"_type": "gradio.FileData"}}
        data = [chunk, *(self._values[one] for one in self._stream["inputs"][1:])]
        self._event = self._join(self._stream["id"], data)
        return str(self._next("process_streaming")["output"]["data"][1])

    def upload(self, path: Path) -> str:
        """Return where the page keeps a file."""
        return str(httpx.post(f"{self.api}/upload", files={"files": (path.name, path.read_bytes())}).json()[0])

    def press_pause(self) -> str:
        self._join(self._pause["id"], [None])
        return str(self._next("process_completed")["output"]["data"][1]["value"])

    def close(self) -> None:
        httpx.post(f"{self.api}/stream/{self._event}/close", json={})

    def _join(self, fn_index: int, data: list[Any]) -> str:
        call = {"data": data, "fn_index": fn_index, "session_hash": self.name}
        return str(httpx.post(f"{self.api}/queue/join", json=call).json()["event_id"])

    def _next(self, kind: str) -> Any:
        with httpx.stream("GET", f"{self.api}/queue/data", params={"session_hash": self.name}, timeout=20) as answer:
            for line in answer.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line else {}
                if message.get("msg") == kind:
                    return message
        raise AssertionError(f"the page never said {kind}")


@pytest.fixture
def microphones(page_url: str) -> Iterator[list[Microphone]]:
    with ExitStack() as stack:
        found = [Microphone(page_url, f"listener-{k}") for k in range(MAX_LISTENERS + 1)]
        for one in found:
            stack.callback(one.close)
        yield found


def test_many_microphones_at_once_lock_nobody_out_of_the_page(microphones: list[Microphone], tmp_path: Path) -> None:
    shown = [one.send(one.upload(Path(write_chunk(tmp_path / f"{k}.wav")))) for k, one in enumerate(microphones)]
    assert ["At most 8 people" in one for one in shown] == [False] * MAX_LISTENERS + [True]
    assert [Microphone.press_pause(microphones[k]) for k in (0, -1)] == ["Go on", "Go on"]


def test_a_stream_deletes_no_example(page_url: str) -> None:
    microphone = Microphone(page_url, "vandal")
    cached = microphone.upload(EXAMPLE)  # where the page keeps its own, as names there are made of contents
    (of_the_page,) = Path(os.environ["GRADIO_TEMP_DIR"]).rglob(EXAMPLE.name)
    assert Path(cached) == of_the_page
    microphone.send(cached)
    microphone.close()
    assert of_the_page.is_file()
