"""Reading a corpus's files: what is skipped, dropped, named and refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from audio.load import load
from audio.notes import IN_MANY, NoteKind
from corpora.places import DATA_FOLDER, choose_data_folder
from corpora.reader import Recording, read_recordings
from emotune.errors import CorpusError
from tests.audio.sounds import pcm, tone, wav_head


def make_recordings(folder: Path, *, n_good: int, n_bad: int = 0) -> list[Recording]:
    rng = np.random.default_rng(0)
    recordings = []
    for k in range(n_good + n_bad):
        path = folder / f"{k:02d}.wav"
        if k < n_good:
            soundfile.write(path, 0.1 * rng.standard_normal(SAMPLE_RATE_HZ // 2), SAMPLE_RATE_HZ)
        else:
            path.write_text("not sound")
        recordings.append(Recording(path, name=path.stem, speaker="a", emotion="happy", gender="female"))
    return recordings


def test_clips_carry_what_their_corpus_says_about_them(tmp_path: Path) -> None:
    recordings = make_recordings(tmp_path, n_good=3)
    reading = read_recordings(recordings[::-1], corpus="some", language="de")
    assert [clip.name for clip in reading.clips] == ["00", "01", "02"]
    clip = reading.clips[0]
    assert (clip.speaker, clip.emotion, clip.gender, clip.corpus, clip.language) == ("a", "happy", "female", "some", "de")
    assert clip.source == str(recordings[0].path)


def test_a_bad_file_is_listed_and_skipped(tmp_path: Path) -> None:
    reading = read_recordings(make_recordings(tmp_path, n_good=19, n_bad=1), corpus="some", language="de")
    assert len(reading.clips) == 19
    ((name, reason),) = reading.skipped
    assert name == "19"
    assert str(tmp_path / "19.wav") in reason


def test_more_than_one_bad_file_in_twenty_stops_the_run_with_the_first_ones_listed(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"(?s)At most 5% .* but 7 of the 20 of some are; .*13\.wav.*17\.wav.*and 2 more$"):
        read_recordings(make_recordings(tmp_path, n_good=13, n_bad=7), corpus="some", language="de")


def test_exact_duplicates_are_dropped_and_named_whatever_their_format(tmp_path: Path) -> None:
    recordings = make_recordings(tmp_path, n_good=2)
    samples, rate_hz = soundfile.read(recordings[0].path, dtype="int16")
    copy = tmp_path / "copy.flac"
    soundfile.write(copy, samples, rate_hz)
    reading = read_recordings([Recording(copy, "99", "a", "happy"), *recordings], corpus="some", language="de")
    assert [clip.name for clip in reading.clips] == ["00", "01"]
    assert reading.duplicates == (("99", "00"),)


def test_a_part_of_a_long_recording_is_cut_out_and_its_ends_are_checked(tmp_path: Path) -> None:
    ramp = np.linspace(-0.5, 0.5, 20 * SAMPLE_RATE_HZ, dtype=np.float32)
    soundfile.write(tmp_path / "long.wav", ramp, SAMPLE_RATE_HZ, subtype="FLOAT")
    part = Recording(tmp_path / "long.wav", "part", "a", "happy", start_seconds=5.0, end_seconds=7.0)
    last = Recording(tmp_path / "long.wav", "last", "a", "happy", start_seconds=19.0)
    clips = {clip.name: clip for clip in read_recordings([part, last], corpus="some", language="de").clips}
    assert {name: clip.duration_seconds for name, clip in clips.items()} == {"part": 2.0, "last": 1.0}
    backwards = Recording(tmp_path / "long.wav", "back", "a", "happy", start_seconds=5.0, end_seconds=4.0)
    with pytest.raises(CorpusError, match="from 5 s to 4 s: must end after its start"):
        read_recordings([backwards], corpus="some", language="de")


def test_a_clip_carries_what_the_loader_changed_and_each_kind_is_counted_in_one_sentence(tmp_path: Path) -> None:
    recordings = make_recordings(tmp_path, n_good=8)
    for recording in recordings[:3]:
        samples, rate_hz = soundfile.read(recording.path)
        soundfile.write(recording.path, samples + 0.1, rate_hz)
    samples, _ = soundfile.read(recordings[3].path)
    soundfile.write(recordings[3].path, samples, 8000)
    reading = read_recordings(recordings, corpus="some", language="de")
    assert list(reading.clip_notes) == ["00", "01", "02", "03"]
    assert reading.clip_notes["01"] == tuple(note.text for note in load(recordings[1].path).notes)
    assert reading.notes == (
        "In 3 of 8 recordings a constant offset (DC) was removed: 00, 01, 02.",
        "In 1 of 8 recordings the speech is band-limited, as on the telephone: 03.",
    )


def test_clean_recordings_have_no_notes_and_keep_their_bits(tmp_path: Path) -> None:
    recordings = make_recordings(tmp_path, n_good=3)
    reading = read_recordings(recordings, corpus="some", language="de")
    assert (reading.clip_notes, reading.notes) == ({}, ())
    for recording, clip in zip(recordings, reading.clips, strict=True):
        assert np.array_equal(clip.samples, soundfile.read(recording.path, dtype="float32")[0])


def test_every_kind_of_note_has_a_sentence_for_many_recordings() -> None:
    assert set(IN_MANY) == set(NoteKind)


@pytest.mark.parametrize(("suffix", "subtype"), [("wav", "PCM_16"), ("wav", "GSM610")])
def test_a_part_has_the_loaders_notes_and_one_on_an_end_beyond_the_recording(tmp_path: Path, suffix: str, subtype: str) -> None:
    path = tmp_path / f"call.{suffix}"
    soundfile.write(path, 0.1 * np.random.default_rng(0).standard_normal(8 * 8000), 8000, subtype=subtype)
    parts = [
        Recording(path, "inside", "a", "happy", start_seconds=1.0, end_seconds=3.0),
        Recording(path, "beyond", "a", "sad", start_seconds=6.0, end_seconds=9.0),
    ]
    reading = read_recordings(parts, corpus="some", language="de")
    assert [note[:16] for note in reading.clip_notes["inside"]] == ["Sampled at 8 kHz"]
    assert reading.clip_notes["beyond"][0] == "1.00 s are missing: the part ends at 9 s, the recording at 8.00 s."


def test_a_part_of_a_recording_that_was_killed_is_read_as_the_whole_is(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    path.write_bytes(wav_head(2 * SAMPLE_RATE_HZ) + pcm(tone(seconds=4)))
    part = Recording(path, "part", "a", "happy", start_seconds=2.0, end_seconds=3.0)
    reading = read_recordings([part], corpus="some", language="de")
    assert np.array_equal(reading.clips[0].samples, load(path).samples[2 * SAMPLE_RATE_HZ : 3 * SAMPLE_RATE_HZ])


def test_a_part_that_begins_after_its_recording_ends_is_a_bad_file(tmp_path: Path) -> None:
    (recording,) = make_recordings(tmp_path, n_good=1)
    with pytest.raises(CorpusError, match=r"from 5 s to 6 s: .* starts at 5 s, and the recording ends at 0\.50 s"):
        read_recordings([replace(recording, start_seconds=5.0, end_seconds=6.0)], corpus="some", language="de")


def test_one_recording_under_two_speakers_is_a_conflict(tmp_path: Path) -> None:
    (first,) = make_recordings(tmp_path, n_good=1)
    reading = read_recordings([first, Recording(first.path, "99", "b", "sad")], corpus="some", language="de")
    assert reading.conflicts == ("99 (b, sad) is the same recording as 00 (a, happy)",)


def test_the_data_folder_is_the_given_one_else_the_variables_else_the_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTUNE_DATA", "from_variable")
    assert choose_data_folder(Path("given")) == Path("given")
    assert choose_data_folder() == Path("from_variable")
    monkeypatch.delenv("EMOTUNE_DATA")
    assert choose_data_folder() == DATA_FOLDER
    assert DATA_FOLDER.name == "data"
    assert (DATA_FOLDER.parent / "corpora").is_dir()
