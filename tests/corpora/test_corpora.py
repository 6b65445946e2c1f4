"""The contract of every registered corpus."""

from __future__ import annotations

import numpy as np
import pytest

from corpora import CORPORA
from corpora.corpus import Reading
from corpora.emotions import in_order
from corpora.named_files import NamedFiles
from emotune.errors import UnknownKeyError
from tests.conftest import SHARED_DATA

every_corpus = pytest.mark.parametrize("key", CORPORA)
named_files = pytest.mark.parametrize("key", [key for key, corpus in CORPORA.items() if isinstance(corpus, NamedFiles)])


@pytest.fixture(scope="module")
def steps() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="module", params=CORPORA)
def reading(request: pytest.FixtureRequest, steps: list[tuple[int, int]]) -> Reading:
    corpus = CORPORA[request.param]
    if corpus.is_real and not SHARED_DATA.is_dir():
        pytest.skip("needs the real recordings")
    steps.clear()
    if isinstance(corpus, NamedFiles) and not corpus.survey(SHARED_DATA).recordings:
        pytest.skip(f"needs recordings of {corpus.title}")
    return corpus.read(SHARED_DATA, progress=lambda n_done, n_files: steps.append((n_done, n_files)))


def test_an_unknown_corpus_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownKeyError, match=r"no corpus 'ravdes'; choose from: ravdess, .*synthetic"):
        CORPORA["ravdes"]


@every_corpus
def test_a_corpus_says_what_it_is_and_where_it_comes_from(key: str) -> None:
    corpus = CORPORA[key]
    assert corpus.key == key
    assert all((corpus.title, corpus.licence, corpus.reference, corpus.language, corpus.home_page, corpus.how_to_get))
    assert corpus.is_real != ("synthetic" in corpus.title.lower())


@every_corpus
def test_a_corpus_lists_its_emotions_in_the_projects_order(key: str) -> None:
    emotions = CORPORA[key].emotions
    assert len(emotions) > 1
    assert emotions == in_order(emotions)


@every_corpus
def test_published_folds_share_no_speaker(key: str) -> None:
    corpus = CORPORA[key]
    speakers = [speaker for fold in corpus.test_folds or () for speaker in fold]
    assert len(speakers) == len(set(speakers))
    assert not speakers or set(speakers) == set(corpus.speakers)


@named_files
def test_every_code_of_a_corpus_stands_for_one_of_its_emotions(key: str) -> None:
    corpus = CORPORA[key]
    assert set(corpus.codes.values()) == set(corpus.emotions)


@named_files
def test_a_complete_corpus_has_as_many_recordings_and_speakers_as_published(key: str) -> None:
    corpus = CORPORA[key]
    recordings = corpus.survey(SHARED_DATA).recordings
    if not recordings or key == "nemo":  # a tenth of nEMO lies there
        pytest.skip(f"needs the complete {corpus.title}")
    assert len(recordings) == corpus.n_clips
    assert {(one.speaker, one.gender) for one in recordings} == set(corpus.speakers.items())


def test_clips_are_sorted_by_unique_names(reading: Reading) -> None:
    names = [clip.name for clip in reading.clips]
    assert names == sorted(set(names))


def test_no_two_clips_have_the_same_content(reading: Reading) -> None:
    assert len({clip.digest for clip in reading.clips}) == len(reading.clips)


def test_samples_are_finite_float32_in_range_and_cannot_be_changed(reading: Reading) -> None:
    for clip in reading.clips:
        assert clip.samples.dtype == np.float32
        assert clip.samples.ndim == 1
        assert np.isfinite(clip.samples).all()
        assert 0.001 < np.abs(clip.samples).max() < 1.1  # removing a constant offset may pass one
        assert not clip.samples.flags.writeable


def test_clips_agree_with_what_their_corpus_says(reading: Reading) -> None:
    corpus = CORPORA[reading.clips[0].corpus]
    assert {clip.emotion for clip in reading.clips} == set(corpus.emotions)
    assert {clip.corpus for clip in reading.clips} == {corpus.key}
    assert all(clip.language and clip.source and clip.speaker for clip in reading.clips)
    if corpus.test_folds:
        assert {clip.speaker for clip in reading.clips} == {speaker for fold in corpus.test_folds for speaker in fold}


def test_a_speaker_has_one_gender(reading: Reading) -> None:
    genders = {(clip.speaker, clip.gender) for clip in reading.clips}
    assert len(genders) == len({speaker for speaker, _ in genders})
    assert {gender for _, gender in genders} <= {"female", "male", ""}


def test_reading_tells_its_progress_file_by_file(reading: Reading, steps: list[tuple[int, int]]) -> None:
    n_files = len(reading.clips) + len(reading.skipped) + len(reading.duplicates)
    assert steps == [(done, n_files) for done in range(1, n_files + 1)]
