"""The contract of every registered corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpora import CORPORA
from corpora.corpus import Reading
from corpora.emotions import in_order
from corpora.named_files import NamedFiles
from emotune.errors import UnknownKeyError
from tests.conftest import SHARED_DATA

RECORDED = ("ravdess", "emodb", "emovo", "urdu", "nemo", "synthetic")
"""Corpora that tests read; the others are tried by names alone."""

every_corpus = pytest.mark.parametrize("key", CORPORA)
named_files = pytest.mark.parametrize("key", [key for key, corpus in CORPORA.items() if isinstance(corpus, NamedFiles)])

NAMES = [
    ("ravdess", "Actor_12/03-01-06-01-02-01-12", "12", "female", "fearful"),
    ("ravdess-song", "Actor_12/03-02-06-01-02-01-12", "12", "female", "fearful"),
    ("emodb", "wav/03a01Fa", "03", "male", "happy"),
    ("emodb", "wav/16b10Lb", "16", "female", "boredom"),
    ("emovo", "f1/gio-f1-b1", "f1", "female", "happy"),
    ("urdu", "Angry/SM1_F10_A010", "SM1", "male", "angry"),
    ("nemo", "samples/EB0_anger_15", "EB0", "female", "angry"),
    ("tess", "OAF_Pleasant_surprise/OAF_back_ps", "OAF", "female", "surprised"),
    ("tess", "OAF_Sad/OA_bite_sad", "OAF", "female", "sad"),
    ("savee", "AudioData/DC/sa03", "DC", "male", "sad"),
    ("savee", "ALL/KL_su15", "KL", "male", "surprised"),
    ("crema-d", "AudioWAV/1001_DFA_ANG_XX", "1001", "male", "angry"),
    ("crema-d", "AudioWAV/1091_WSI_SAD_X", "1091", "female", "sad"),
    ("cafe", "Colère/Fort/02-C-2-6", "02", "female", "angry"),
    ("shemo", "female/F01A02", "F01", "female", "angry"),
    ("shemo", "male/M12W03", "M12", "male", "surprised"),
    ("mesd", "Anger_C_A_abajo", "C", "", "angry"),
    ("subesco", "F_02_MONIKA_S_1_NEUTRAL_5", "F_02", "female", "neutral"),
    ("subesco", "F_02_MONIKA_S_2_SURPRISE_3]", "F_02", "female", "surprised"),
    ("jl-corpus", "JL(wav+txt)/female1_angry_10a_1", "female1", "female", "angry"),
    ("jl-corpus", "JL(wav+txt)/male2_excited_5b_2", "male2", "male", "excited"),
    ("ased", "Angry/a5-03-01-02-50", "50", "male", "angry"),
    ("ased", "Sad/S4-04-02-01-29", "29", "female", "sad"),
    ("turev", "Sound Source/Angry/1157_kz_acik", "1157", "", "angry"),
    ("turev", "Sound Source/Calm/1984_sk_eger", "1984", "", "calm"),
]
"""Names as the corpora's authors or their copies write them, and what they say."""


@pytest.fixture(scope="module")
def steps() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="module", params=RECORDED)
def reading(request: pytest.FixtureRequest, steps: list[tuple[int, int]]) -> Reading:
    corpus = CORPORA[request.param]
    if corpus.is_real and not SHARED_DATA.is_dir():
        pytest.skip("needs the real recordings")
    steps.clear()
    return corpus.read(SHARED_DATA, progress=lambda n_done, n_files: steps.append((n_done, n_files)))


def test_an_unknown_corpus_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownKeyError, match=r"no corpus 'ravdes'; did you mean ravdess\? Choose from: ravdess, .*synthetic"):
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


@pytest.mark.parametrize("key", ["ravdess", "emodb", "emovo", "urdu"])
def test_a_complete_corpus_has_as_many_recordings_and_speakers_as_published(key: str, shared_data: Path) -> None:
    corpus = CORPORA[key]
    recordings = corpus.survey(shared_data).recordings
    assert len(recordings) == corpus.n_clips
    assert {(one.speaker, one.gender) for one in recordings} == set(corpus.speakers.items())


@pytest.mark.parametrize(("key", "name", "speaker", "gender", "emotion"), NAMES)
def test_a_name_says_who_speaks_with_which_emotion(key: str, name: str, speaker: str, gender: str, emotion: str) -> None:
    corpus = CORPORA[key]
    assert isinstance(corpus, NamedFiles)
    folder = Path("speech")
    (recording,) = corpus.survey_of([folder / f"deeper/{name}.wav"], folder=folder).recordings
    assert (recording.speaker, recording.gender, recording.emotion) == (speaker, gender, emotion)


@pytest.mark.parametrize("name", [name for _, name, *_ in NAMES])
def test_no_name_belongs_to_two_corpora(name: str) -> None:
    folder, paths = Path("speech"), [Path("speech") / f"{name}.wav"]
    corpora = [corpus for corpus in CORPORA.values() if isinstance(corpus, NamedFiles)]
    assert len([corpus for corpus in corpora if corpus.survey_of(paths, folder=folder).recordings]) == 1


def test_every_corpus_of_named_files_is_tried_by_a_name() -> None:
    assert {key for key, *_ in NAMES} == {key for key, corpus in CORPORA.items() if isinstance(corpus, NamedFiles)}


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
