"""What is said about doubtful recordings before any training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audio.clip import Clip
from corpora.checks import warnings_for
from corpora.corpus import Reading
from corpora.emodb import EmoDB
from corpora.near_duplicates import NearDuplicate


def clips(speakers: str, emotions: tuple[str, ...], *, n: int = 3) -> list[Clip]:
    rng = np.random.default_rng(0)
    return [
        Clip(rng.standard_normal(4, dtype=np.float32), f"{emotion}/{speaker}{k}", speaker, emotion, "own", "de", "")
        for speaker in speakers
        for emotion in emotions
        for k in range(n)
    ]


def said(reading: Reading) -> str:
    return "\n".join(warnings_for(reading))


def test_a_sound_corpus_gives_no_warning() -> None:
    assert warnings_for(Reading(tuple(clips("abcd", ("happy", "sad"))))) == ()


def test_few_speakers_few_clips_and_one_emotion_are_said() -> None:
    words = said(Reading(tuple(clips("ab", ("sad",)))))
    assert "have 2 speakers" in words
    assert "one emotion (sad)" in words
    assert "sad has 6 clips" in words


def test_as_many_speakers_as_clips_are_said_and_no_clips_at_all_are_not() -> None:
    assert "Every clip has a speaker of its own" in said(Reading(tuple(clips("abcdefghij", ("happy",), n=1))))
    assert "of its own" not in said(Reading(tuple(clips("abcdefghij", ("happy",), n=2))))
    assert said(Reading(())) == ""


def test_an_emotion_of_one_speaker_is_said() -> None:
    reading = Reading((*clips("abcd", ("happy", "sad")), *clips("a", ("angry",), n=12)))
    assert warnings_for(reading) == (said(reading),)
    assert "Only speaker a shows angry" in said(reading)


def test_emotions_with_sentences_of_their_own_are_said() -> None:
    made = clips("abcd", ("happy", "sad"))
    tied = Reading(tuple(made), texts={clip.name: clip.emotion for clip in made})
    free = Reading(tuple(made), texts={clip.name: clip.name[-1] for clip in made})
    once = Reading(tuple(made), texts={clip.name: clip.name for clip in made})
    assert "sentences of happy, sad are said with no other emotion" in said(tied)
    assert warnings_for(free) == warnings_for(once) == ()


def test_recordings_under_two_labels_are_said() -> None:
    assert "x is y" in said(Reading(tuple(clips("abcd", ("happy", "sad"))), conflicts=("x is y",)))


def test_a_recording_in_two_files_is_said_where_its_speakers_or_emotions_differ() -> None:
    one, same_label, other_speaker, other_emotion = (
        replace(clip, name=name, speaker=speaker, emotion=emotion)
        for clip, name, speaker, emotion in zip(
            clips("a", ("happy",)) * 2, "wxyz", ("a", "a", "b", "a"), ("happy", "happy", "happy", "sad"), strict=False
        )
    )
    pairs = [NearDuplicate(one, other, 0.9) for other in (same_label, other_speaker, other_emotion)]
    reading = Reading(tuple(clips("abcd", ("happy", "sad"))))
    speakers, emotions = warnings_for(reading, near_duplicates=pairs)
    assert "1 pair of clips hold the same recording in another file and have two speakers: w (a, happy) and y (b, happy)" in speakers
    assert "two emotions, one of which is wrong: w (a, happy) and z (a, sad)" in emotions


@pytest.mark.parametrize("corpus", [EmoDB()], ids=lambda corpus: corpus.key)
def test_a_published_corpus_gives_no_warning(corpus: EmoDB, shared_data: object) -> None:
    assert warnings_for(corpus.read(shared_data / corpus.key)) == ()  # type: ignore[operator]
