"""What --data names beside own recordings: something of it is read, by its names or through links, or it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpora.choose import choose_corpus
from corpora.folders import EmotionFolders
from corpora.table import Table
from emotune.errors import CorpusError
from tests.corpora.conftest import Write


def test_a_data_folder_of_which_nothing_is_read_is_refused(tmp_path: Path, write: Write) -> None:
    for name in ("own/sad/1/a.wav", "own/angry/2/b.wav", "other/c.wav"):
        write(name)
    labels = tmp_path / "own" / "labels.csv"
    labels.write_text("path,emotion,speaker\nsad/1/a.wav,sad,1\nangry/2/b.wav,angry,2\n", encoding="utf-8")
    for given in (labels, tmp_path / "own"):
        with pytest.raises(CorpusError, match=r"none of the 2 of \S+ lies in .*other; leave it out"):
            choose_corpus(str(given), data=tmp_path / "other")
        assert choose_corpus(str(given), data=tmp_path).n_clips == 2
    moved = labels.rename(tmp_path / "labels.csv")
    corpus = choose_corpus(str(moved), data=tmp_path / "own")
    assert isinstance(corpus, Table)
    assert {one.path.parent.parent.name for one in corpus.recordings} == {"sad", "angry"}


def test_recordings_that_are_links_to_a_store_lie_where_they_are_named(tmp_path: Path, write: Write) -> None:
    for k, name in enumerate(("angry/anna/1.wav", "sad/anna/1.wav")):
        link = tmp_path / "own" / name
        link.parent.mkdir(parents=True)
        link.symlink_to(write(f"store/{k}.wav"))
    own = tmp_path / "own"
    assert isinstance(choose_corpus(data=own), EmotionFolders)
    assert choose_corpus(str(own), data=own).n_clips == 2
    assert choose_corpus(str(own), data=tmp_path / "store").n_clips == 2
    labels = tmp_path / "labels.csv"
    labels.write_text("path,emotion,speaker\nown/angry/anna/1.wav,angry,anna\nown/sad/anna/1.wav,sad,anna\n")
    assert choose_corpus(str(labels), data=own).n_clips == 2


def test_a_table_in_the_data_folder_may_name_recordings_elsewhere(tmp_path: Path, write: Write) -> None:
    (tmp_path / "own").mkdir()
    labels = tmp_path / "own" / "labels.csv"
    labels.write_text(f"path,emotion,speaker\n{write('store/a.wav')},sad,1\n{write('store/b.wav')},angry,2\n")
    (tmp_path / "link").symlink_to(tmp_path / "own")
    for data in (tmp_path / "own", tmp_path / "link"):
        assert isinstance(choose_corpus(data=data), Table)
        assert isinstance(choose_corpus(str(labels), data=data), Table)
    (tmp_path / "other").mkdir()
    with pytest.raises(CorpusError, match=r"none of the 2 of labels\.csv lies in .*other; leave it out"):
        choose_corpus(str(labels), data=tmp_path / "other")
