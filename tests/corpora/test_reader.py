"""Reading a corpus's files: what is skipped, dropped, named and refused; and where corpora are looked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ
from corpora.reader import DATA_FOLDER, Recording, choose_data_folder, find_corpus, read_recordings
from emotune.errors import CorpusError


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


def test_the_data_folder_is_the_given_one_else_the_variables_else_the_projects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOTUNE_DATA", "from_variable")
    assert choose_data_folder(Path("given")) == Path("given")
    assert choose_data_folder() == Path("from_variable")
    monkeypatch.delenv("EMOTUNE_DATA")
    assert choose_data_folder() == DATA_FOLDER
    assert DATA_FOLDER.name == "data"
    assert (DATA_FOLDER.parent / "audio" / "corpora").is_dir()


@pytest.mark.parametrize("where", [".", "some", "deeper/Some Corpus", "other"])
def test_a_corpus_is_found_in_the_folder_itself_and_up_to_two_deeper(tmp_path: Path, where: str) -> None:
    home = tmp_path / where
    (home / "a").mkdir(parents=True)
    (home / "a" / "x.wav").touch()
    found = find_corpus(tmp_path, key="some", holds="a/*.wav")
    assert found is not None
    assert found.resolve() == home.resolve()


def test_the_folder_of_the_corpuss_name_comes_before_others(tmp_path: Path) -> None:
    for name in ("a copy", "some"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.wav").touch()
    assert find_corpus(tmp_path, key="some", holds="*.wav") == tmp_path / "some"


def test_what_is_hidden_or_deeper_is_not_taken_for_a_corpus(tmp_path: Path) -> None:
    for name in (".some-unpacking", "one/two/three"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "x.wav").touch()
    assert find_corpus(tmp_path, key="some", holds="*.wav") is None
