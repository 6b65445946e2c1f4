"""The tab of the visitor's voice and the switch in Listen: what their handlers return."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from page.engine import Engine
from page.results import Results
from page.tabs import listen_tab
from page.voice_tab import AS_USUAL, voice_tab

Handlers = dict[str, Callable[..., Any]]


def handlers_of(make: Callable[[gr.Dropdown, gr.State], object]) -> Handlers:
    with gr.Blocks() as page:
        make(gr.Dropdown(), gr.State(None))
    return {str(one.name): one.fn for one in page.fns.values() if one.fn}


@pytest.fixture(scope="module")
def handlers(only_result: Results, engine: Engine) -> Handlers:
    return handlers_of(lambda chosen, voice: voice_tab(only_result, chosen, voice, gr.Tab("Voice")))


@pytest.fixture
def recording(tmp_path: Path, clip: np.ndarray) -> str:
    soundfile.write(tmp_path / "own.wav", clip, SAMPLE_RATE_HZ)
    return str(tmp_path / "own.wav")


def test_what_is_taught_is_shown_and_can_be_saved_and_brought_back(handlers: Handlers, recording: str, tmp_path: Path) -> None:
    voice, shown, cleared = handlers["add"](recording, AS_USUAL, None, None)
    assert "1 clip of this voice, 1 said as usual." in shown
    assert cleared is None
    saved = handlers["write"](voice, None)
    (tmp_path / "voice.json").write_bytes(b64decode(saved.split("base64,")[1].split('"')[0]))
    assert handlers["read"](str(tmp_path / "voice.json"), None) == (voice, shown)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"x" * 9_000_000])
def test_a_file_that_is_no_voice_is_refused_in_a_sentence(handlers: Handlers, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "voice.json").write_bytes(content)
    with pytest.raises(gr.Error, match=r"A voice must be .*; (?:begin|choose)"):
        handlers["read"](str(tmp_path / "voice.json"), None)


def test_listen_remembers_only_while_it_is_asked_to(only_result: Results, engine: Engine, recording: str) -> None:
    show = handlers_of(lambda chosen, voice: listen_tab(only_result, chosen, voice, gr.Tab()))["show"]
    alone, voice, _ = show(recording, None, False, None)
    assert voice is None
    assert "of this voice" not in alone
    first, voice, told = show(recording, None, True, None)
    assert first.endswith(alone)
    assert "The first clip of this voice" in first
    assert "1 clip of this voice." in told
    again, same, _ = show(recording, None, True, voice)
    assert (again, same) == (first, voice)
