"""What all tests share: a quiet, offline environment, real recordings where they are, and clips made by code."""

from __future__ import annotations

import os

from emotune.threads import SINGLE_THREADED

# Before numpy and TensorFlow are imported: several test processes share the cores.
os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", **SINGLE_THREADED}

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from audio.clip import Clip
from corpora.synthetic import Synthetic
from features.whisper.published import BASE, TINY_EN
from tests.stand_in_smile import StandInSmile
from tests.tiny_whisper import write_tiny_whisper

pytest_plugins = ("tests.fixtures.examples", "tests.fixtures.whole_command", "tests.fixtures.small_run")

settings.register_profile("untimed", deadline=None)  # a busy machine fails no test
settings.load_profile("untimed")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


LONGEST_FIRST = ("test_storage.py", "test_run.py", "test_entry.py")
"""Modules that begin before the others, so that no process is alone with one in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST_FIRST)


@pytest.fixture(scope="session", autouse=True)
def tiny_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Let everything that wants an encoder of Whisper find a random one instead; return that of tiny.en."""
    folder = write_tiny_whisper(tmp_path_factory.mktemp("whisper"))
    os.environ[TINY_EN.variable] = str(folder)
    os.environ[BASE.variable] = str(write_tiny_whisper(tmp_path_factory.mktemp("whisper_base"), n_layers=6))
    return folder


@pytest.fixture(scope="session", autouse=True)
def stand_in_smile() -> Iterator[None]:
    """Let what wants openSMILE's functionals compute others, so that the contract holds where it is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("features.egemaps.smile", StandInSmile)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real recordings beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real recordings in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def synthetic_clips() -> tuple[Clip, ...]:
    """Six speakers, eight emotions, two takes of one sentence: 96 clips."""
    return Synthetic(n_speakers=6, n_sentences=1).read().clips
