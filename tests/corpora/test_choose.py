"""What a person means by --corpus and --data: it is used, or refused with the reason; nothing else is read, made or downloaded."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path

import pytest

from corpora import CORPORA
from corpora.choose import choose_corpus
from corpora.corpus import Corpus
from corpora.folders import EmotionFolders
from corpora.labels import parse_map
from corpora.own import Options
from corpora.synthetic import Synthetic
from corpora.table import Table
from emotune.errors import CorpusError, DownloadError, UnknownKeyError
from tests.corpora.conftest import Write


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Let every download fail and remember its folder."""
    folders: list[Path] = []

    def fetch(_: object, folder: Path) -> Path:
        folders.append(folder)
        raise DownloadError("no network")

    monkeypatch.setattr("corpora.named_files.fetch_folder", fetch)
    monkeypatch.delenv("EMOTUNE_DATA", raising=False)
    return folders


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("given_by", ["argument", "variable"])
def test_a_mistyped_folder_is_named_and_not_made(
    tmp_path: Path, downloads: list[Path], monkeypatch: pytest.MonkeyPatch, given_by: str
) -> None:
    if given_by == "variable":
        monkeypatch.setenv("EMOTUNE_DATA", str(tmp_path / "recordigns"))
    with pytest.raises(CorpusError, match=r"there is no such folder: .*recordigns"):
        choose_corpus(data=tmp_path / "recordigns" if given_by == "argument" else None)
    assert listing(tmp_path) == []
    assert downloads == []


def test_an_archive_is_named(tmp_path: Path, downloads: list[Path]) -> None:
    (tmp_path / "speech.zip").write_bytes(b"PK")
    with pytest.raises(CorpusError, match=r"got the archive .*speech\.zip; unpack it"):
        choose_corpus(data=tmp_path / "speech.zip")
    with pytest.raises(CorpusError, match=r"got the archive .*speech\.zip; unpack it"):
        choose_corpus(str(tmp_path / "speech.zip"))


def test_recordings_that_say_nothing_are_counted_named_and_refused(tmp_path: Path, write: Write, downloads: list[Path]) -> None:
    for k in range(9):
        write(f"session/{k}.wav")
    before = listing(tmp_path)
    with pytest.raises(CorpusError, match=r"9 recordings lie there \(session/0\.wav, .*--corpus TABLE\.csv .*--corpus FOLDER"):
        choose_corpus(data=tmp_path)
    assert listing(tmp_path) == before
    assert downloads == []


@pytest.mark.parametrize("content", [["notes.txt"], ["clip.wav"]])
def test_nothing_is_downloaded_into_a_named_folder_that_is_not_empty_unless_asked_for(
    tmp_path: Path, downloads: list[Path], content: list[str]
) -> None:
    for name in content:
        (tmp_path / name).write_text("mine")
    for name_or_path in (None, "ravdess"):
        with pytest.raises(CorpusError):
            choose_corpus(name_or_path, data=tmp_path)
    assert downloads == []
    with pytest.raises(DownloadError):
        choose_corpus("ravdess", data=tmp_path, allow_download=True)
    assert downloads == [tmp_path / "ravdess"]


@pytest.mark.parametrize("leftover", ["", "Audio_Speech_Actors_01-24.zip", "Audio_Speech_Actors_01-24.zip.part"])
def test_an_empty_folder_may_be_downloaded_into_and_a_cut_download_continued(
    tmp_path: Path, downloads: list[Path], leftover: str
) -> None:
    if leftover:
        (tmp_path / leftover).write_bytes(b"cut")
    with pytest.raises(DownloadError):
        choose_corpus(data=tmp_path)
    assert downloads == [tmp_path / "ravdess"]


def test_where_nobody_named_a_folder_ravdess_is_downloaded(
    downloads: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpora.places.DATA_FOLDER", tmp_path / "data")
    with pytest.raises(DownloadError):
        choose_corpus()
    assert downloads == [tmp_path / "data" / "ravdess"]


def test_ravdess_is_recognised_wherever_it_lies(tmp_path: Path, write: Write) -> None:
    write("a/b/c/03-01-05-01-02-01-01.wav")
    assert choose_corpus(data=tmp_path).key == "ravdess"


def test_another_corpus_is_recognised_by_its_names(tmp_path: Path, write: Write) -> None:
    write("wav/03a01Fa.wav")
    write("wav/03a01Nc.wav")
    assert choose_corpus(data=tmp_path).key == "emodb"


def test_own_folders_and_tables_are_used_where_they_lie(tmp_path: Path, write: Write) -> None:
    write("angry/anna/1.wav")
    write("sad/anna/1.wav")
    assert isinstance(choose_corpus(data=tmp_path), EmotionFolders)
    assert isinstance(choose_corpus(str(tmp_path)), EmotionFolders)
    (tmp_path / "labels.csv").write_text("path,emotion,speaker\nangry/anna/1.wav,angry,anna\n")
    assert isinstance(choose_corpus(data=tmp_path), Table)
    assert isinstance(choose_corpus(str(tmp_path / "labels.csv")), Table)
    assert isinstance(choose_corpus(data=tmp_path / "labels.csv"), Table)


def test_a_long_text_beside_the_recordings_is_no_table_and_no_fault(tmp_path: Path, write: Write) -> None:
    write("angry/anna/1.wav")
    write("sad/anna/1.wav")
    (tmp_path / "notes.txt").write_text('"' + "word " * 30_000)
    assert isinstance(choose_corpus(data=tmp_path), EmotionFolders)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("path,emotion,speaker\nangry/anna/1.wav,wütend,anna\n".encode("cp1252"), "must be UTF-8 text"),
        ("path,emotion,speaker\nangry/anna/1.wav,wütend,anna\n".encode("utf-16"), "must be UTF-8 text"),
        (b'path,text,emotion,speaker\na.wav,"Was,sad,1\na.wav,"Ja, gut",sad,1\n', "must close every quote"),
        (b"path,emotion,speaker\n", "got no row"),
    ],
)
@pytest.mark.parametrize("recordings", [("angry/anna/1.wav", "sad/anna/1.wav"), ("1.wav", "2.wav")])
def test_a_table_that_cannot_be_read_is_named_and_not_passed_over(
    tmp_path: Path, write: Write, content: bytes, reason: str, recordings: tuple[str, ...]
) -> None:
    for relative in recordings:
        write(relative)
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(CorpusError, match=rf"labels\.csv .*{reason}"):
        choose_corpus(data=tmp_path)


def test_of_a_table_about_something_else_only_the_beginning_is_read(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("angry/anna/1.wav")
    write("sad/anna/1.wav")
    (tmp_path / "features.csv").write_text("f0,f1\n" + "0.1,0.2\n" * 100_000)
    monkeypatch.setattr(Path, "read_text", None)
    assert isinstance(choose_corpus(data=tmp_path), EmotionFolders)


def test_recordings_named_as_a_corpus_s_by_none_of_its_speakers_are_asked_about(tmp_path: Path, write: Write) -> None:
    for name in ("AB1_anger_0", "AB1_sadness_0", "CD2_anger_0"):
        write(f"{name}.wav")
    with pytest.raises(CorpusError, match=r"3 recordings named as nEMO .* no speaker AB1, CD2; say --corpus nemo .*TABLE\.csv"):
        choose_corpus(data=tmp_path)
    notes = choose_corpus("nemo", data=tmp_path).read(tmp_path).notes
    assert "nEMO has no speaker AB1, CD2." in notes
    assert "3 of 4481 recordings are there." in notes
    write("EB0_anger_0.wav")
    assert choose_corpus(data=tmp_path).key == "nemo"


def test_of_a_corpus_whose_speakers_are_not_listed_it_is_said_how_little_is_there(tmp_path: Path, write: Write) -> None:
    for name in ("M01A00", "F02H01"):
        write(f"{name}.wav")
    corpus = choose_corpus(data=tmp_path)
    assert corpus.key == "shemo"
    assert "2 of 3000 recordings are there." in corpus.read(tmp_path).notes


def test_a_few_recordings_of_ravdess_among_own_ones_are_not_taken_for_all(tmp_path: Path, write: Write) -> None:
    for relative in ("angry/anna/1.wav", "sad/anna/1.wav", "03-01-05-01-02-01-01.wav"):
        write(relative)
    with pytest.raises(
        CorpusError, match=r"holds 1 recording of RAVDESS speech, 2 named otherwise, folders named by emotions; say which"
    ):
        choose_corpus(data=tmp_path)
    assert choose_corpus("ravdess", data=tmp_path).key == "ravdess"
    assert isinstance(choose_corpus(str(tmp_path)), EmotionFolders)


def test_own_folders_are_not_taken_for_a_corpus_whose_names_begin_alike(tmp_path: Path, write: Write) -> None:
    for emotion in ("Angry", "Happy", "Sad", "Calm"):
        for name in ("001_anna", "002_bert"):
            write(f"{emotion}/{name}.wav")
    with pytest.raises(CorpusError, match=r"Every recording needs its speaker"):
        choose_corpus(data=tmp_path)
    corpus = choose_corpus(data=tmp_path, options=Options(speaker_pattern="_([a-z]+)"))
    assert isinstance(corpus, EmotionFolders)
    assert set(corpus.speakers) == {"anna", "bert"}


def test_where_a_table_lies_on_top_of_a_corpus_it_is_asked_which_is_meant(tmp_path: Path, write: Write) -> None:
    write("03a01Fa.wav")
    (tmp_path / "labels.csv").write_text("path,emotion,speaker\n03a01Fa.wav,sad,1\n")
    table = re.escape(str(tmp_path / "labels.csv"))
    with pytest.raises(CorpusError, match=rf"1 recording of EmoDB, the table labels\.csv; .*: --corpus emodb or --corpus {table}\."):
        choose_corpus(data=tmp_path)
    assert choose_corpus("emodb", data=tmp_path).key == "emodb"


def test_folders_that_contradict_a_corpus_s_names_are_asked_about(tmp_path: Path, write: Write) -> None:
    for relative in ("happy/03a01Fa.wav", "neutral/03a01Nc.wav"):
        write(relative)
    assert choose_corpus(data=tmp_path).key == "emodb"
    write("sad/03b01Fa.wav")
    with pytest.raises(CorpusError, match=r"3 recordings of EmoDB, folders named by emotions; say which"):
        choose_corpus(data=tmp_path)


def test_names_in_own_folders_that_happen_to_be_a_corpus_s_change_nothing(tmp_path: Path, write: Write) -> None:
    for relative in ("angry/anna/1.wav", "angry/anna/2.wav", "sad/anna/1.wav", "sad/bert/03a01Fa.wav"):
        write(relative)
    corpus = choose_corpus(data=tmp_path)
    assert isinstance(corpus, EmotionFolders)
    assert len(corpus.recordings) == 4


def test_of_several_corpora_of_which_none_has_half_the_joined_name_is_given(tmp_path: Path, write: Write) -> None:
    names = ["03-01-05-01-02-01-01", "wav/03a01Fa", "f1/gio-f1-b1", "urdu/Angry/SM1_F10_A010", "urdu/Happy/SM1_F10_H010"]
    for name in names:
        write(f"{name}.wav")
    with pytest.raises(CorpusError, match=r"1 recording of EMOVO, 2 recordings of URDU; .*: --corpus ravdess\+emodb\+emovo\+urdu\.$"):
        choose_corpus(data=tmp_path)
    write("03-01-05-01-02-01-02.wav")
    write("03-01-05-01-02-01-03.wav")
    write("03-01-05-01-02-01-04.wav")
    assert choose_corpus(data=tmp_path).key == "ravdess", "half of the recordings"


@pytest.mark.parametrize("given", ["", " ", "+", "synthetic+", "+synthetic", "synthetic++synthetic", "synthetic+ "])
def test_an_empty_name_is_refused_and_does_not_mean_the_current_folder(
    given: str, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("angry/anna/1.wav")
    write("sad/anna/1.wav")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=r"on each side of every \+, got"):
        choose_corpus(given)


def test_the_current_folder_has_the_title_of_its_name(tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("mine/angry/anna/1.wav")
    monkeypatch.chdir(tmp_path / "mine")
    corpus = choose_corpus(".")
    assert (corpus.title, corpus.home_page, corpus.key) == ("mine", "mine", "own-mine")


def test_emotions_of_a_registered_corpus_are_mapped_too_and_it_is_said(tmp_path: Path, write: Write) -> None:
    for name in ("03a01Fa", "03a01Nc", "03a01La"):
        write(f"{name}.wav")
    for given in ("boredom=sad", "langeweile=sad", "langeweile=happy,boredom=sad"):
        corpus = choose_corpus("emodb", data=tmp_path, options=Options(parse_map(given)))
        reading = corpus.read(tmp_path)
        assert {clip.name: clip.emotion for clip in reading.clips}["03a01La"] == "sad"
        assert "boredom" not in corpus.emotions
        assert "boredom → sad" in reading.notes[0]
    joined = choose_corpus("synthetic+emodb", data=tmp_path, options=Options(parse_map("boredom=calm")))
    assert "boredom" not in joined.emotions
    assert choose_corpus(data=tmp_path).emotions == CORPORA["emodb"].emotions


def test_emotions_that_are_made_by_code_are_mapped_too() -> None:
    reading = Synthetic(n_speakers=1, n_sentences=1).relabelled(parse_map("calm=neutral")).read()
    assert "calm" not in reading.emotions
    assert len(reading.clips) == 8


def emotions_of(corpus: Corpus, folder: Path) -> dict[str, str]:
    return {clip.name.rpartition("/")[2]: clip.emotion for clip in corpus.read(folder).clips}


@pytest.mark.parametrize(
    ("given", "emotions"),
    [
        ("angry=mad", {"03a01Wa": "mad", "a": "mad", "b": "mad", "c": "sad"}),
        ("wut=disgust", {"03a01Wa": "angry", "a": "angry", "b": "disgust", "c": "sad"}),
        ("angry=mad,wut=disgust", {"03a01Wa": "mad", "a": "mad", "b": "disgust", "c": "sad"}),
        ("sad=happy,traurig=calm", {"03a01Wa": "angry", "a": "angry", "b": "angry", "c": "calm"}),
    ],
)
def test_a_map_means_the_same_for_published_and_own_recordings(
    given: str, emotions: dict[str, str], tmp_path: Path, write: Write
) -> None:
    for name in ("03a01Wa", "a", "b", "c"):
        write(f"{name}.wav")
    path = tmp_path / "my.csv"
    path.write_text("path,emotion,speaker\na.wav,anger,1\nb.wav,Wut,1\nc.wav,traurig,1\n")
    options = Options(parse_map(given))
    assert emotions_of(choose_corpus(f"emodb+{path}", data=tmp_path, options=options), tmp_path) == emotions
    alone = {name: emotion for name, emotion in emotions.items() if name != "03a01Wa"}
    assert emotions_of(choose_corpus(str(path), options=options), tmp_path) == alone
    with pytest.raises(CorpusError, match="has no zorn"):
        choose_corpus(f"emodb+{path}", data=tmp_path, options=Options(parse_map("zorn=mad")))


@pytest.mark.parametrize("given", ["emodb", "mine.csv", "own", "emodb+mine.csv"])
def test_a_word_of_a_map_that_no_label_has_is_refused(
    given: str, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("03a01Fa", "own/angry/anna/1", "own/sad/anna/1"):
        write(f"{name}.wav")
    (tmp_path / "mine.csv").write_text("path,emotion,speaker\n03a01Fa.wav,angry,1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorpusError, match=r"--map must name labels or emotions .* has no angryy; correct it"):
        choose_corpus(given, data=tmp_path, options=Options(parse_map("angry=sad,angryy=sad")))
    assert "angry" not in choose_corpus(given, data=tmp_path, options=Options(parse_map("angry=sad"))).emotions


@pytest.mark.parametrize(("given", "is_used"), [("emodb", False), ("mine.csv", False), ("own", True), ("emodb+own", True)])
def test_a_pattern_for_speakers_is_refused_where_nothing_reads_it(
    given: str, is_used: bool, tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("03a01Fa", "own/angry/anna", "own/sad/anna"):
        write(f"{name}.wav")
    (tmp_path / "mine.csv").write_text("path,emotion,speaker\n03a01Fa.wav,angry,1\n")
    monkeypatch.chdir(tmp_path)
    with nullcontext() if is_used else pytest.raises(CorpusError, match="--speaker-pattern finds the speakers"):
        choose_corpus(given, data=tmp_path, options=Options(speaker_pattern="/([a-z]+)"))


@pytest.mark.parametrize("options", [Options(), Options(speakers_unknown=True)])
def test_a_registered_corpus_that_is_given_by_its_path_is_recognised(tmp_path: Path, write: Write, options: Options) -> None:
    for actor in ("01", "02"):
        write(f"mine/Actor_{actor}/03-01-05-01-01-01-{actor}.wav")
    folder = re.escape(str(tmp_path / "mine"))
    with pytest.raises(CorpusError, match=rf"2 recordings .* if they are its, give --corpus ravdess --data {folder}\. As folders"):
        choose_corpus(str(tmp_path / "mine"), options=options)


def test_a_folder_that_holds_a_table_is_refused_with_the_table(tmp_path: Path, write: Write) -> None:
    write("wav/a.wav")
    path = tmp_path / "labels.csv"
    path.write_text("path,emotion,speaker\nwav/a.wav,sad,1\n")
    with pytest.raises(CorpusError, match=rf"1 table of recordings: give --corpus {re.escape(str(path))}\. As folders"):
        choose_corpus(str(tmp_path))


def test_a_recording_is_no_corpus(tmp_path: Path, write: Write) -> None:
    with pytest.raises(CorpusError, match=r"got the recording .*a\.wav; name the folder"):
        choose_corpus(str(write("a.wav")))


def test_a_corpus_that_is_named_and_not_there_is_refused_with_how_to_get_it(tmp_path: Path, write: Write) -> None:
    write("angry/anna/1.wav")
    with pytest.raises(CorpusError, match=r"EmoDB must lie in .*1 recording lies there .*To get it: download"):
        choose_corpus("emodb", data=tmp_path)


@pytest.mark.parametrize(
    ("given", "error"), [("ravdes", UnknownKeyError), ("no/such/folder", CorpusError), ("gone.csv", CorpusError)]
)
def test_a_name_that_is_neither_a_key_nor_a_path_is_refused(given: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"There is no corpus|there is no"):
        choose_corpus(given)
