"""The embedded corpus: the same every time, different where it should differ, and neither trivial nor hopeless."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from audio.clip import SAMPLE_RATE_HZ, Clip
from corpora.emotions import RAVDESS_EMOTIONS
from corpora.synthetic import Synthetic, make_clip, make_voice
from emotune.errors import CorpusError


def frame_levels_db(clip: Clip, *, frame: int = 512) -> np.ndarray:
    frames = clip.samples[: len(clip.samples) // frame * frame].reshape(-1, frame)
    return 10 * np.log10((frames.astype(float) ** 2).mean(axis=1))


def mean_bands_db(clip: Clip) -> np.ndarray:
    """Return the level of sixteen equally wide bands, with the number of samples: a crude summary."""
    power = np.abs(np.fft.rfft(clip.samples)) ** 2
    return np.append(10 * np.log10([band.sum() for band in np.array_split(power, 16)]), len(clip.samples))


def pitch_hz(clip: Clip) -> float:
    """Return the median, over the louder frames, of the period that the cepstrum shows between 70 and 400 Hz."""
    frames = np.lib.stride_tricks.sliding_window_view(clip.samples, 1024)[::256] * np.hanning(1024)
    loud = frames[frames.std(axis=1) > np.median(frames.std(axis=1))]
    cepstra = np.fft.irfft(np.log(np.abs(np.fft.rfft(loud)) + 1e-6))
    shortest, longest = SAMPLE_RATE_HZ // 400, SAMPLE_RATE_HZ // 70
    return float(np.median(SAMPLE_RATE_HZ / (shortest + cepstra[:, shortest:longest].argmax(axis=1))))


def test_the_same_arguments_make_the_same_clip() -> None:
    first, second = (make_clip(3, "angry", sentence=1, take=1) for _ in range(2))
    assert first.digest == second.digest
    assert first.name == second.name == "S04/angry-2-2"


@pytest.mark.parametrize(
    "changed",
    [{"speaker": 4}, {"emotion": "sad"}, {"sentence": 1}, {"take": 1}, {"seed": 1}],
    ids=lambda changed: next(iter(changed)),
)
def test_every_argument_makes_another_clip(changed: dict[str, int | str]) -> None:
    arguments = {"speaker": 3, "emotion": "angry", "sentence": 0, "take": 0, "seed": 0}
    assert make_clip(**arguments).digest != make_clip(**(arguments | changed)).digest


def test_a_smaller_corpus_is_a_part_of_a_larger_one() -> None:
    smaller = Synthetic(n_speakers=1, n_sentences=1, n_takes=1).read().clips
    larger = Synthetic(n_speakers=2, n_sentences=1, n_takes=1).read().clips
    assert len(larger) == 2 * len(smaller) == 16
    assert {(clip.name, clip.digest) for clip in smaller} < {(clip.name, clip.digest) for clip in larger}


def test_the_default_is_twelve_speakers_with_sixteen_clips_each() -> None:
    corpus = Synthetic()
    assert (corpus.n_speakers, len(corpus.emotions) * corpus.n_sentences * corpus.n_takes) == (12, 16)
    assert [make_voice(speaker).gender for speaker in range(12)] == ["female", "male"] * 6


def test_clips_have_the_length_and_level_of_an_utterance(synthetic_clips: tuple[Clip, ...]) -> None:
    for clip in synthetic_clips:
        assert 0.9 < clip.duration_seconds < 2.5
        levels = frame_levels_db(clip)
        assert -45 < levels.max() < -3
        assert levels.max() - levels.min() > 15


def test_women_speak_higher_than_men(synthetic_clips: tuple[Clip, ...]) -> None:
    pitch = {
        gender: np.median([pitch_hz(clip) for clip in synthetic_clips if clip.gender == gender and clip.emotion == "neutral"])
        for gender in ("female", "male")
    }
    assert 80 < pitch["male"] < 160 < pitch["female"] < 280


def test_anger_is_louder_and_quicker_than_sadness_in_every_speaker(synthetic_clips: tuple[Clip, ...]) -> None:
    for speaker in {clip.speaker for clip in synthetic_clips}:
        shown = {
            emotion: [clip for clip in synthetic_clips if (clip.speaker, clip.emotion) == (speaker, emotion)]
            for emotion in ("angry", "sad")
        }
        assert np.mean([frame_levels_db(c).max() for c in shown["angry"]]) > np.mean([frame_levels_db(c).max() for c in shown["sad"]])
        assert np.mean([c.duration_seconds for c in shown["angry"]]) < np.mean([c.duration_seconds for c in shown["sad"]])


def test_emotions_of_unheard_speakers_can_be_guessed_but_not_told_apart_surely(synthetic_clips: tuple[Clip, ...]) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    summaries = np.array([mean_bands_db(clip) for clip in synthetic_clips])
    emotions = [clip.emotion for clip in synthetic_clips]
    speakers = [clip.speaker for clip in synthetic_clips]
    accuracy = cross_val_score(model, summaries, emotions, groups=speakers, cv=GroupKFold(6)).mean()
    assert 2 / len(RAVDESS_EMOTIONS) < accuracy < 0.9


@pytest.mark.parametrize("size", [{"n_speakers": 0}, {"n_sentences": 3}, {"n_takes": 0}])
def test_an_impossible_size_is_refused_with_its_numbers(size: dict[str, int]) -> None:
    with pytest.raises(CorpusError, match="at least one speaker and take, and one to 2 sentences, got"):
        Synthetic(**size)
