"""Blocks: a long recording is read as the loader reads a short one, whatever its header says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio import containers
from audio.blocks import header_notes, read_blocks
from audio.clip import SAMPLE_RATE_HZ
from audio.load import load
from audio.notes import NoteKind
from tests.audio.sounds import noise, pcm, speech, wav_head

SECONDS = 4.0


@pytest.mark.parametrize("most_riff_bytes", [1000, containers.MAX_RIFF_BYTES])
def test_a_recording_of_any_length_whose_header_is_wrong_is_read_whole(
    tmp_path: Path, most_riff_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containers, "MAX_RIFF_BYTES", most_riff_bytes)
    sound, path = pcm(speech(seconds=SECONDS)), tmp_path / "killed.wav"
    path.write_bytes(wav_head(0) + sound)
    read = np.concatenate([block.frames for block in read_blocks(path, source="killed")])
    np.testing.assert_array_equal(read[:, 0], np.frombuffer(sound, dtype="<i2") / np.float32(32768))
    assert [note.kind for note in header_notes(path, held_seconds=SECONDS)] == [NoteKind.HEADER_CORRECTED]
    loaded = load(path)
    assert loaded.duration_seconds == SECONDS
    assert NoteKind.HEADER_CORRECTED in [note.kind for note in loaded.notes]


@pytest.mark.parametrize(
    ("factor", "kinds"),
    [
        (0.0, [NoteKind.HEADER_CORRECTED]),
        (0.5, [NoteKind.HEADER_CORRECTED]),
        (1.0, []),
        (2.0, [NoteKind.MISSING_SOUND]),
    ],
)
def test_a_recording_whose_header_is_wrong_is_read_whole_with_the_loaders_note(
    tmp_path: Path, factor: float, kinds: list[NoteKind]
) -> None:
    sound, path = pcm(speech(seconds=SECONDS)), tmp_path / "killed.wav"
    path.write_bytes(wav_head(int(factor * len(sound)) // 2 * 2) + sound)
    read = np.concatenate([block.frames for block in read_blocks(path, source="killed")])
    assert len(read) == SECONDS * SAMPLE_RATE_HZ
    assert [note.kind for note in header_notes(path, held_seconds=SECONDS)] == kinds
    assert list(header_notes(path, held_seconds=SECONDS)) == [note for note in load(path).notes if note.kind in kinds]


def test_an_mp3_that_does_not_say_its_length_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "two bit rates.mp3"
    for compression in (0.1, 0.9):
        soundfile.write(
            path.with_suffix(f".{compression}.mp3"), noise(8 * SAMPLE_RATE_HZ), SAMPLE_RATE_HZ, compression_level=compression
        )
    content = b"".join(path.with_suffix(f".{compression}.mp3").read_bytes() for compression in (0.1, 0.9))
    path.write_bytes(content.replace(b"Xing", bytes(4)).replace(b"Info", bytes(4)))
    assert soundfile.info(path).duration < 12
    read = np.concatenate([block.frames for block in read_blocks(path, source="two")])
    assert len(read) / SAMPLE_RATE_HZ == pytest.approx(load(path).duration_seconds, abs=0.01) == pytest.approx(16, abs=0.5)
