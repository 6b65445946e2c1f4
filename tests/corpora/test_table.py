"""Tables of own recordings: every way of writing one, and what is refused with the reason."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from corpora.emodb import EmoDB
from corpora.own import Options
from corpora.table import Table
from emotune.errors import CorpusError
from tests.corpora.conftest import Write

GERMAN = {"W": "Wut", "L": "boredom", "E": "disgust", "A": "fear", "F": "Freude", "T": "sad", "N": "neutral"}


def table(folder: Path, text: str, *, encoding: str = "utf-8", name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding, newline="")
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_separators_marks_and_line_ends_do_not_matter(
    tmp_path: Path, write: Write, encoding: str, separator: str, newline: str
) -> None:
    write("clips/ä 1.wav")
    rows = [["Speaker", "FILE", "Label"], ["Änne", "clips/ä 1.wav", "Wut"]]
    path = table(tmp_path, newline.join(separator.join(row) for row in rows), encoding=encoding)
    (clip,) = Table(path).read().clips
    assert (clip.name, clip.speaker, clip.emotion, clip.corpus) == ("clips/ä 1", "Änne", "angry", "own-mine")


def test_optional_columns_say_more_about_a_clip(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    path = table(tmp_path, 'path,emotion,speaker,gender,language,corpus,text\na.wav,joy,1,F,DE,home,"Ja, gut"\n')
    corpus = Table(path)
    reading = corpus.read()
    (clip,) = reading.clips
    assert (clip.emotion, clip.gender, clip.language, clip.corpus) == ("happy", "female", "de", "home")
    assert reading.texts == {"a": "Ja, gut"}
    assert corpus.language == "de"


def test_windows_separators_lead_to_the_file(tmp_path: Path, write: Write) -> None:
    write("clips/deep/a.wav")
    path = table(tmp_path, "path;emotion;speaker\nclips\\deep\\a.wav;sad;1\n")
    assert [clip.name for clip in Table(path).read().clips] == ["clips/deep/a"]


def test_start_and_end_cut_a_clip_out_of_a_recording(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    path = table(tmp_path, "path;emotion;speaker;start;end\na.wav;sad;1;0;0,25\na.wav;angry;1;0,25;\n")
    clips = Table(path).read().clips
    assert [(clip.emotion, clip.duration_seconds) for clip in clips] == [("sad", 0.25), ("angry", 0.25)]


def test_labels_stay_emotions_of_their_own_unless_a_person_says_otherwise(tmp_path: Path, write: Write) -> None:
    for name in ("a", "b", "c"):
        write(f"{name}.wav")
    path = table(tmp_path, "path,emotion,speaker\na.wav,Smug,1\nb.wav,happy,1\nc.wav,x,2\n")
    assert Table(path).emotions == ("happy", "smug", "x")
    assert Table(path, options=Options(label_map={"x": "sad"})).emotions == ("happy", "sad", "smug")
    assert "Smug → smug" in Table(path).read().notes[0]


def test_rows_whose_file_is_missing_are_named(tmp_path: Path, write: Write) -> None:
    rows = [f"{write(f'{k:02d}.wav').name},sad,1" for k in range(20)]
    reading = Table(table(tmp_path, "\n".join(["path,emotion,speaker", *rows, "gone.wav,sad,1"]))).read()
    assert len(reading.clips) == 20
    assert [name for name, _ in reading.skipped] == ["gone.wav"]
    assert "mine.csv, line 22: there is no file" in reading.skipped[0][1]


def test_a_table_with_many_missing_files_stops_the_run(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    corpus = Table(table(tmp_path, "path,emotion,speaker\na.wav,sad,1\ngone.wav,sad,1\n"))
    with pytest.raises(CorpusError, match=r"1 of the 2 of mine\.csv are"):
        corpus.read()


def test_rows_about_the_same_recording_are_read_once_and_named(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    reading = Table(table(tmp_path, "path,emotion,speaker\na.wav,sad,1\na.wav,angry,1\n")).read()
    assert [clip.emotion for clip in reading.clips] == ["sad"]
    assert any("a (line 3, with another label)" in note for note in reading.notes)


def test_without_speakers_a_table_is_refused_with_the_reason(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    path = table(tmp_path, "path,emotion\na.wav,sad\n")
    with pytest.raises(
        CorpusError, match=r"needs its speaker, .* worthless .* column speaker .* to path, emotion, or .*--speakers-unknown"
    ):
        Table(path)
    corpus = Table(path, options=Options(speakers_unknown=True))
    assert not corpus.speakers_known
    assert "speakers are unknown" in corpus.read().notes[0]


@pytest.mark.parametrize("header", ["file_name,label,Speaker_ID", "Path,Emotion,spk", "WAV,class,Participant ID"])
def test_other_usual_names_of_columns_are_understood_and_said(tmp_path: Path, write: Write, header: str) -> None:
    write("a.wav")
    reading = Table(table(tmp_path, f"{header}\na.wav,sad,ann\n")).read()
    assert [(clip.name, clip.emotion, clip.speaker) for clip in reading.clips] == [("a", "sad", "ann")]
    said = next((note for note in reading.notes if note.startswith("Columns are read by what they are called")), "")
    assert ("as speaker" in said) == ("Speaker" not in header)


@pytest.mark.parametrize("cell", ["", "nan", "NULL", "?"])
def test_a_speaker_that_is_not_known_is_no_speaker(tmp_path: Path, write: Write, cell: str) -> None:
    write("a.wav")
    write("b.wav")
    with pytest.raises(CorpusError, match=r"1 recording of .* \(b\): .* fill the column of speakers"):
        Table(table(tmp_path, f"path,emotion,speaker\na.wav,nan,1\nb.wav,sad,{cell}\n"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must have a header and a row"),
        ("path,emotion,speaker\n", "must have a header and a row"),
        ("name,emotion,speaker\na,sad,1\n", "must have a column path or file, got the columns name, emotion, speaker"),
        ("path,emotion,speaker,emotion\na.wav,sad,1,angry\n", "must have each column once, got emotion more than once"),
        ("path,mood,speaker\na.wav,sad,1\n", "must have a column emotion or label"),
        ("path,emotion,speaker\n,sad,1\n", "has no path"),
        ("path,emotion,speaker\ngone.wav,sad,1\n", "there is no file"),
    ],
)
def test_an_unusable_table_is_refused_with_the_reason(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(CorpusError, match=reason):
        Table(table(tmp_path, text))


def test_another_encoding_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="must be UTF-8"):
        Table(table(tmp_path, "path,emotion,speaker\nä.wav,sad,1\n", encoding="latin-1"))


def test_a_table_of_emodb_gives_the_clips_of_emodb(tmp_path: Path, shared_data: Path) -> None:
    path = tmp_path / "german.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["file", "label", "speaker", "gender"])
        for one in sorted((shared_data / "emodb" / "wav").glob("*.flac")):
            writer.writerow([one, GERMAN[one.stem[5]], one.stem[:2], EmoDB.speakers[one.stem[:2]]])
    corpus = Table(path)
    reading = corpus.read()
    assert corpus.emotions == reading.emotions == ("neutral", "happy", "sad", "angry", "fearful", "disgust", "boredom")
    published = EmoDB().read(shared_data / "emodb")
    assert len(reading.clips) == len(published.clips) == 535
    assert [(c.digest, c.speaker, c.gender, c.emotion) for c in reading.clips] == [
        (c.digest, c.speaker, c.gender, c.emotion) for c in published.clips
    ]
    assert Counter(clip.emotion for clip in reading.clips)["boredom"] == 81
