"""What all tests share: a quiet, offline environment, real recordings where they are, and clips made by code."""

from __future__ import annotations

import os

os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}

from pathlib import Path

import pytest

from audio.clip import Clip
from audio.corpora.synthetic import Synthetic

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


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
