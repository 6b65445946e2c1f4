"""Tables of own recordings: every way of writing one, and what is refused with the reason."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from corpora.emodb import EmoDB
from corpora.own import Options
from corpora.rows import names_recordings
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


@pytest.mark.parametrize(
    ("header", "times"),
    [
        ("start_time,end_time", ["0,0.25", "0.25,0.5"]),
        ("Begin [s],Stop [s]", ["0,0.25", "0.25,"]),
        ("onset,offset", ["0,0.25", "0.25,0.5"]),
        ("onset,duration", ["0,0.25", "0.25,0.25"]),
        ("start_ms,end_ms", ["0,250", "250,500"]),
        ("Start (ms),End in ms", ["0,250", "250,"]),
        ("start,end", ["00:00:00,00:00:00.25", "00:00.25,00:00.5"]),
        ("start,end", ["0 days,0 days 00:00:00.25", "0 days 00:00:00.250000,NaT"]),
        ("startTime,endTime", ["0,0.25", "0.25,0.5"]),
        ("startMs,EndMs", ["0,250", "250,500"]),
        ("starttime,endtime", ["0,0.25", "0.25,0.5"]),
        ("xmin,xmax", ["0,0.25", "0.25,0.5"]),
        ("tmin,tmax", ["0,0.25", "0.25,0.5"]),
        ("start,tmax", ["0,0.25", "0.25,0.5"]),
        ("start,length", ["0,0.25", "0.25,0.25"]),
        ("beginn,ende", ["0,0.25", "0.25,0.5"]),
        ("begin_time,finish", ["0,0.25", "0.25,0.5"]),
    ],
)
def test_times_are_understood_by_the_usual_names_and_forms(tmp_path: Path, write: Write, header: str, times: list[str]) -> None:
    write("a.wav")
    rows = [f"a.wav,{emotion},1,{time}" for emotion, time in zip(("sad", "angry"), times, strict=True)]
    reading = Table(table(tmp_path, "\n".join([f"path,emotion,speaker,{header}", *rows]))).read()
    assert [(clip.emotion, clip.duration_seconds) for clip in reading.clips] == [("sad", 0.25), ("angry", 0.25)]
    assert ("in milliseconds" in "".join(reading.notes)) == ("ms" in header.lower())


@pytest.mark.parametrize("cell", ["-1", "inf", "soon", "1:2:3:4", "-1 days +23:59:59"])
def test_a_time_that_is_none_is_a_bad_row_with_the_forms_that_there_are(tmp_path: Path, write: Write, cell: str) -> None:
    write("a.wav")
    listed = Table(table(tmp_path, f"path,emotion,speaker,start\na.wav,sad,1,\na.wav,sad,1,{cell}\n")).skipped
    assert listed == (("a.wav", f"mine.csv, line 3: start must be 0 or more seconds or a clock such as 00:01:02.5, got {cell!r}"),)


def test_the_length_of_whole_recordings_cuts_nothing_out(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    row = "a.wav,sad,1,0.3,good\n"
    reading = Table(table(tmp_path, f"path,emotion,speaker,duration,quality\n{row}{row}")).read()
    assert [(clip.name, clip.duration_seconds) for clip in reading.clips] == [("a", 0.5)]
    assert "Columns not used: duration, quality." in reading.notes


def test_of_times_in_two_units_those_with_the_surer_name_are_read(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    corpus = Table(table(tmp_path, "path,emotion,speaker,start,end,start_ms,end_ms\na.wav,sad,1,0,0.25,0,250\n"))
    assert [(one.start_seconds, one.end_seconds) for one in corpus.recordings] == [(0, 0.25)]
    assert "Columns not used: start_ms, end_ms." in corpus.read().notes


@pytest.mark.parametrize("header", ["t_start,t_end", "start_frame,end_frame", "offset,length", "from,to", "cue,cut", "x,timestamp"])
def test_other_labels_for_parts_that_nothing_tells_apart_are_refused(tmp_path: Path, write: Write, header: str) -> None:
    write("a.wav")
    path = table(tmp_path, f"path,emotion,speaker,{header}\na.wav,sad,1,0,1\na.wav,angry,1,1,2\n")
    with pytest.raises(CorpusError, match=r"a \(line 3, with another label\) and the columns .* are not understood; call them start"):
        Table(path)


@pytest.mark.parametrize(
    "header", ["start,end_hms", "start,end_sample", "onset,offset_time", "begin,until", "t_start,end", "start,cut"]
)
def test_parts_of_which_one_end_alone_is_understood_are_refused(tmp_path: Path, write: Write, header: str) -> None:
    write("a.wav")
    path = table(tmp_path, f"path,emotion,speaker,{header}\na.wav,sad,1,0,1\na.wav,angry,1,1,2\n")
    with pytest.raises(CorpusError, match=r"must tell its (end|start) too, but .* (not understood|share sound); call them start and"):
        Table(path)


def test_rows_that_name_parts_alike_in_unknown_times_are_refused(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    path = table(tmp_path, "path,emotion,speaker,from,to\na.wav,sad,1,0,1\na.wav,sad,1,1,2\n")
    with pytest.raises(CorpusError, match=r"a \(line 3\) and the columns from, to are not understood"):
        Table(path)


def test_a_start_alone_cuts_off_what_lies_before(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    write("b.wav")
    corpus = Table(table(tmp_path, "path,emotion,speaker,start\na.wav,sad,1,0.25\nb.wav,sad,1,\n"))
    assert [clip.duration_seconds for clip in corpus.read().clips] == [0.25, 0.5]


def test_parts_keep_names_of_their_own_however_close_they_lie(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    rows = ["a.wav,sad,1,1000.12,1001", "a.wav,sad,1,1000.121,1001", "a.wav,sad,1,1000.120,1001.0"]
    corpus = Table(table(tmp_path, "\n".join(["path,emotion,speaker,start,end", *rows])))
    assert len({one.name for one in corpus.recordings}) == len(corpus.recordings) == 2


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("cell", ['"Was', 'Er: "Was', '"Was" sagt er', '"'])
def test_a_stray_quote_is_a_letter_and_swallows_no_row(tmp_path: Path, write: Write, separator: str, cell: str) -> None:
    rows = [[write(f"{k:02d}.wav").name, "sad", "1", cell if k == 3 else "Ja"] for k in range(20)]
    rows[8][3] = 'Nein"'
    text = "\n".join(separator.join(row) for row in [["path", "emotion", "speaker", "text"], *rows])
    corpus = Table(table(tmp_path, text))
    assert [one.text for one in corpus.recordings][2:5] == ["Ja", cell, "Ja"]
    assert len(corpus.recordings) == 20


def test_a_quote_that_nothing_closes_is_named(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    text = 'path,text,emotion,speaker\na.wav,"Was,sad,1\na.wav,"Ja, gut",sad,1\n'
    with pytest.raises(CorpusError, match="must close every quote that it opens, but line 2 does not"):
        Table(table(tmp_path, text))
    reading = Table(table(tmp_path, 'path,emotion,speaker,text\na.wav,sad,1,"Was\n')).read()
    assert "Line 2 opens a quote that nothing closes; the quotes of mine.csv within a cell are letters." in reading.notes


@pytest.mark.parametrize("columns", ["path,emotion,speaker,text", "path,text,emotion,speaker", "text,path,emotion,speaker"])
@pytest.mark.parametrize(("opens", "closes"), [(4, 9), (4, 5), (2, 12)])
def test_two_stray_quotes_beside_a_quoted_cell_swallow_no_row(
    tmp_path: Path, write: Write, columns: str, opens: int, closes: int
) -> None:
    texts = {3: '"Hello, you"', opens: '"Was ', closes: 'wer"'}
    cells = [{"path": write(f"{k:02d}.wav").name, "emotion": "sad", "speaker": "1", "text": texts.get(k, "Ja")} for k in range(1, 13)]
    rows = [",".join(of_row[column] for column in columns.split(",")) for of_row in cells]
    with pytest.raises(CorpusError, match=f"must close every quote that it opens, but line {opens + 1} does not"):
        Table(table(tmp_path, "\n".join([columns, *rows])))


def test_quotes_within_cells_that_are_closed_name_no_line(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    write("b.wav")
    reading = Table(table(tmp_path, 'path\temotion\tspeaker\ttext\na.wav\tsad\t1\t"Hi" he said\nb.wav\tsad\t1\tHi\n')).read()
    assert "Some quotes stand within cells; the quotes of mine.csv within a cell are letters." in reading.notes
    assert reading.texts == {"a": '"Hi" he said', "b": "Hi"}


@pytest.mark.parametrize("separator", [",", "\t"])
def test_quoted_cells_may_hold_separators_quotes_and_line_breaks(tmp_path: Path, write: Write, separator: str) -> None:
    texts = ['"Ja", sagt er,\tund geht', "eine Zeile\nund noch eine", "ja, ja, so, und so,\nund noch eine", "kurz"]
    with (tmp_path / "mine.csv").open("w", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(["path", "emotion", "speaker", "text", "x"])
        writer.writerows([write(f"{k}.wav").name, "sad", "1", text, ""] for k, text in enumerate(texts))
    assert [one.text for one in Table(tmp_path / "mine.csv").recordings] == texts


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
    assert reading.conflicts == ("line 3 (1, angry) is the same recording as a (1, sad)",)


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


def test_a_person_has_one_name_however_it_is_written(tmp_path: Path, write: Write) -> None:
    names = ["José", unicodedata.normalize("NFD", "José"), " José ", "Anna Lena", "anna  lena", "Anna Lena"]
    rows = [f"{write(f'{k}.wav').name},sad,{name}" for k, name in enumerate(names)]
    corpus = Table(table(tmp_path, "\n".join(["path,emotion,speaker", *rows])))
    assert [one.speaker for one in corpus.recordings] == 3 * ["José"] + 3 * ["Anna Lena"]
    assert corpus.read().notes[0] == (
        "Speakers whose names differ in capitals, zeros or forms of letters alone are taken for one person: Anna Lena and "
        "anna lena; name them apart if not."
    )


def test_a_person_has_one_number_whatever_zeros_a_program_writes(tmp_path: Path, write: Write) -> None:
    numbers = ["7", "07", "7.0", "007", "70", "1.1", "1.10", "0", "00"]
    rows = [f"{write(f'{k}.wav').name},sad,{number}" for k, number in enumerate(numbers)]
    corpus = Table(table(tmp_path, "\n".join(["path,emotion,speaker", *rows])))
    assert [len({one.speaker for one in corpus.recordings[k:n]}) for k, n in ((0, 4), (4, 7), (7, 9))] == [1, 3, 1]
    assert len(corpus.speakers) == 5
    assert "007 and 07 and 7 and 7.0" in corpus.read().notes[0]


@pytest.mark.parametrize("cell", ["", "nan", "NULL", "?", "NA", "n/a", "Unknown", "#REF!", "#BEZUG!", "#NV"])
def test_a_speaker_that_is_not_known_is_no_speaker(tmp_path: Path, write: Write, cell: str) -> None:
    write("a.wav")
    write("b.wav")
    with pytest.raises(CorpusError, match=r"1 recording of .* \(b\): .* fill the column of speakers"):
        Table(table(tmp_path, f"path,emotion,speaker\na.wav,sad,Na\nb.wav,sad,{cell}\n"))


def test_what_looks_like_nothing_is_nothing(tmp_path: Path, write: Write) -> None:
    write("a.wav")
    write("b.wav")
    corpus = Table(table(tmp_path, "path,emotion,speaker\na.wav,sad\u200b,\u200bann\u00a0\n\ufeffb.wav,sad,ann\n"))
    assert {(one.emotion, one.speaker) for one in corpus.recordings} == {("sad", "ann")}


@pytest.mark.parametrize("cell", ["nan", "NaN", "<NA>", "NULL", "", "#REF!", "#DIV/0!", "#NAME?", "#WERT!", "#¡VALOR!", "Err:502"])
def test_a_label_that_is_not_there_is_no_emotion(tmp_path: Path, write: Write, cell: str) -> None:
    write("a.wav")
    write("b.wav")
    corpus = Table(table(tmp_path, f"path,emotion,speaker\na.wav,-,1\nb.wav,{cell},1\n"))
    assert corpus.emotions == ("-",)
    assert corpus.skipped == (("b.wav", "mine.csv, line 3: has no emotion"),)


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


def test_a_linked_table_has_the_name_of_the_link(tmp_path: Path, write: Write) -> None:
    path = write("blobs/3f2a9c.wav")
    stored = table(tmp_path / "blobs", f"path,emotion,speaker\n{path},sad,1\n", name="3f2a9c")
    (tmp_path / "my.csv").symlink_to(stored)
    corpus = Table(tmp_path / "my.csv")
    assert (corpus.title, corpus.key) == ("my.csv", "own-my")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("path,text,emotion,speaker", "b.wav,Oh no, not you,sad,1"),
        ("path,emotion,speaker", "1,b.wav,sad,ann"),
        ("path,emotion,speaker,start,end", "b.wav,sad,ann,0,1,0,4"),
    ],
)
def test_a_row_of_more_cells_than_columns_is_a_bad_row(tmp_path: Path, write: Write, header: str, row: str) -> None:
    write("a.wav")
    write("b.wav")
    good = {"path": "a.wav", "emotion": "happy", "speaker": "1"}
    cells = ",".join(good.get(name, "") for name in header.split(","))
    corpus = Table(table(tmp_path, f"{header}\n{cells},,,\n{row}\n"))
    assert [(one.name, one.emotion) for one in corpus.recordings] == [("a", "happy")]
    n, n_columns = row.count(",") + 1, header.count(",") + 1
    problem = "put a cell that holds the separator into quotes, or name every column"
    assert [reason for _, reason in corpus.skipped] == [f"mine.csv, line 3: has {n} cells for {n_columns} columns; {problem}"]


@pytest.mark.parametrize(("told", "separator"), [("sep=;", ";"), ("sep=\t", "\t"), ('"sep=|"', "|"), ("sep=;", ",")])
def test_the_line_that_tells_excel_the_separator_is_no_header(tmp_path: Path, write: Write, told: str, separator: str) -> None:
    write("a.wav")
    text = "path,emotion,speaker\r\na.wav,sad,ann\r\ngone.wav,sad,ann\r\n".replace(",", separator)
    path = table(tmp_path, f"{told}\r\n{text}")
    corpus = Table(path)
    assert [(one.name, one.emotion, one.speaker) for one in corpus.recordings] == [("a", "sad", "ann")]
    assert [reason.split(":")[0] for _, reason in corpus.skipped] == ["mine.csv, line 4"]
    assert names_recordings(path)


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


def test_paths_are_relative_to_the_table_or_else_to_the_data_folder(tmp_path: Path, write: Write) -> None:
    write("labels/a.wav")
    write("sound/a.wav")
    write("sound/deep/b.wav")
    path = table(tmp_path / "labels", "path,emotion,speaker\na.wav,sad,1\ndeep\\b.wav,sad,2\n")
    found = Table(path, data=tmp_path / "sound").recordings
    assert [one.path for one in found] == [tmp_path / "labels" / "a.wav", tmp_path / "sound" / "deep" / "b.wav"]
    assert [one.name for one in found] == ["a", "deep/b"]
