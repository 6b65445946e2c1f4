"""What recordings are like, and what lies beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ, Clip
from corpora.measures import SILENCE_DBFS, Format, files_not_read, format_of, measure
from tests.audio.sounds import write_av
from tests.corpora.conftest import Write


def clip(samples: np.ndarray, *, source: str = "made by code") -> Clip:
    return Clip(samples.astype(np.float32), "a", "speaker", "happy", "own", "en", source)


def test_level_and_peak_are_in_db_below_full_scale() -> None:
    square = 0.1 * np.where(np.arange(SAMPLE_RATE_HZ) % 2, 1, -1)
    loud, silent = measure([clip(square), clip(np.zeros(SAMPLE_RATE_HZ // 2))])
    assert (loud.seconds, loud.level_dbfs, loud.peak_dbfs) == (1.0, pytest.approx(-20, abs=0.01), pytest.approx(-20, abs=0.01))
    assert (silent.seconds, silent.level_dbfs, silent.peak_dbfs) == (0.5, SILENCE_DBFS, SILENCE_DBFS)
    assert loud.format is None


def test_the_format_is_that_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros((8000, 2)), 8000, subtype="ULAW")
    assert format_of(path) == Format("WAV", "ULAW", 8000, 2)
    path.write_text("not sound")
    assert format_of(path) is None


def test_the_format_of_a_recording_that_is_read_in_parts_is_told_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "long.m4a"
    write_av(path, np.zeros(301 * SAMPLE_RATE_HZ), "aac", SAMPLE_RATE_HZ)
    assert format_of(path) == Format("MP4", "aac", SAMPLE_RATE_HZ, 1)


def test_files_that_were_not_read_are_counted_and_named(tmp_path: Path, write: Write) -> None:
    read = write("happy/a.wav")
    write("other/b.wav")
    write(".hidden/c.wav")
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "LICENSE").write_text("words")
    recordings, others = files_not_read(tmp_path, read=[read])
    assert recordings == "Recordings in the folder that were not read: 1 (other/b.wav)."
    assert others == (
        "2 files whose suffix is no recording's, not read: 1 no suffix, 1 .txt; rename what is a recording, for example to .m4a."
    )
    assert files_not_read(tmp_path / "happy", read=[read]) == ()
    assert files_not_read(tmp_path, read=[read, tmp_path / "notes.txt", tmp_path / "LICENSE"]) == (recordings,)
