"""Survey: length, voices and faults of a long recording, read piece by piece."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ, Clip
from audio.notes import NoteKind
from audio.survey import read_tracks, survey
from emotune.errors import BadRecordingError


@pytest.fixture
def call(tmp_path: Path, synthetic_clips: tuple[Clip, ...]) -> Path:
    """Two callers who take turns, left and right."""
    first, second = synthetic_clips[0].samples, synthetic_clips[-1].samples
    frames = np.random.default_rng(0).normal(0, 1e-5, (2 * (len(first) + len(second)), 2))
    for k in range(2):
        at = k * (len(first) + len(second))
        frames[at : at + len(first), 0] += first
        frames[at + len(first) : at + len(first) + len(second), 1] += second
    soundfile.write(tmp_path / "call.wav", frames, SAMPLE_RATE_HZ, subtype="FLOAT")
    return tmp_path / "call.wav"


def test_two_callers_are_two_tracks(call: Path) -> None:
    found = survey(call, source="call")
    assert [track.name for track in found.tracks] == ["left", "right"]
    assert NoteKind.TWO_VOICES in {note.kind for note in found.notes}


@pytest.mark.parametrize(("sign", "kinds"), [(1, set()), (-1, {NoteKind.CHANNEL_INVERTED})])
def test_one_voice_on_two_channels_is_one_track(
    tmp_path: Path, synthetic_clips: tuple[Clip, ...], sign: int, kinds: set[NoteKind]
) -> None:
    samples = synthetic_clips[0].samples
    soundfile.write(tmp_path / "a.wav", np.stack([samples, sign * 0.9 * samples], axis=1), SAMPLE_RATE_HZ, subtype="FLOAT")
    found = survey(tmp_path / "a.wav", source="a")
    assert [track.name for track in found.tracks] == [""]
    assert {note.kind for note in found.notes} == kinds
    pieces = [piece for (piece,) in read_tracks(tmp_path / "a.wav", found.tracks, source="a")]
    np.testing.assert_allclose(np.concatenate(pieces), 0.95 * samples, atol=1e-5)


def test_what_is_read_lasts_as_long_as_the_recording_at_any_rate(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", 0.1 * np.sin(np.arange(3 * 44_100) * 0.05), 44_100)
    found = survey(tmp_path / "a.flac", source="a")
    n = sum(len(piece) for (piece,) in read_tracks(tmp_path / "a.flac", found.tracks, source="a"))
    assert found.duration_seconds == pytest.approx(3)
    assert n == pytest.approx(3 * SAMPLE_RATE_HZ, abs=2)


@pytest.mark.parametrize(
    ("samples", "words"), [(np.zeros(16_000), "silent"), (np.ones(100) * 0.1, "at least 0.2 s"), (np.zeros(0), "zero samples")]
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, samples: np.ndarray, words: str) -> None:
    soundfile.write(tmp_path / "a.wav", samples, SAMPLE_RATE_HZ)
    with pytest.raises(BadRecordingError, match=words):
        survey(tmp_path / "a.wav", source="a")


def test_a_text_and_too_much_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound")
    with pytest.raises(BadRecordingError, match="does not decode"):
        survey(tmp_path / "a.wav", source="a")
    soundfile.write(tmp_path / "b.wav", 0.1 * np.sin(np.arange(3 * SAMPLE_RATE_HZ)), SAMPLE_RATE_HZ)
    with pytest.raises(BadRecordingError, match="at most"):
        survey(tmp_path / "b.wav", source="b", max_seconds=2)
