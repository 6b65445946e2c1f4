"""A voice: what its clips tell, that nothing else is told, and that it can be written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emotune.errors import PredictionsError, RequestError, UnknownKeyError
from evaluation.adaptation import MOST_CLIPS, Adaptations, VoiceState
from evaluation.voices import Adaptation, Knowledge, Trust, centred_logs

EMOTIONS = ("neutral", "happy", "sad", "angry")
ADAPTATION = Adaptation.default(EMOTIONS)
NEW = VoiceState(ADAPTATION)


def normalised(weights: np.ndarray) -> np.ndarray:
    return weights / weights.sum(axis=-1, keepdims=True)


def several(most: int = 12) -> st.SearchStrategy[np.ndarray]:
    shapes = st.tuples(st.integers(1, most), st.just(len(EMOTIONS)))
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(1e-6, 1))).map(normalised)


def after(clips: np.ndarray) -> VoiceState:
    state = NEW
    for clip in clips:
        state = state.with_clip(clip)
    return state


def sounding(emotion: str, *, but: float = 0.1) -> np.ndarray:
    return np.where(np.array(EMOTIONS) == emotion, 1 - but * (len(EMOTIONS) - 1), but)


@given(several())
def test_a_voice_of_which_nothing_is_known_changes_nothing(clips: np.ndarray) -> None:
    np.testing.assert_array_equal(NEW.adapt(clips), clips)


@given(several(), several())
def test_adapted_probabilities_sum_to_one(earlier: np.ndarray, clips: np.ndarray) -> None:
    state = after(earlier).with_neutral(earlier[0]).with_labelled(earlier[0], emotion="sad")
    found = state.adapt(clips)
    assert found.shape == clips.shape
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)


@given(several(), st.randoms(use_true_random=False))
def test_the_order_of_the_clips_does_not_matter(clips: np.ndarray, random: object) -> None:
    order = np.random.default_rng(random.getrandbits(32)).permutation(len(clips))  # type: ignore[attr-defined]
    np.testing.assert_allclose(after(clips).adapt(clips), after(clips[order]).adapt(clips), atol=1e-9)


@given(several())
def test_a_clip_is_adapted_alike_alone_and_among_others(clips: np.ndarray) -> None:
    state = after(clips)
    np.testing.assert_allclose(state.adapt(clips)[0], state.adapt(clips[0]), atol=1e-12)


@given(several())
def test_a_state_written_as_json_is_the_same_state(clips: np.ndarray) -> None:
    state = after(clips).with_neutral(clips[0]).with_labelled(clips[0], emotion="happy")
    read = VoiceState.from_json(state.to_json())
    assert read == state
    np.testing.assert_array_equal(read.adapt(clips), state.adapt(clips))


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("n_clips", [1, 3, 10, 30])
def test_a_stream_of_one_emotion_does_not_lose_it(emotion: str, n_clips: int) -> None:
    clip = sounding(emotion)
    assert after(np.tile(clip, (n_clips, 1))).adapt(clip).argmax() == EMOTIONS.index(emotion)


def test_a_voice_that_leans_to_anger_whatever_it_says_is_set_right() -> None:
    leaning = normalised(np.stack([sounding(emotion) for emotion in EMOTIONS] * 5) * [1, 1, 1, 10])
    assert leaning[0].argmax() == EMOTIONS.index("angry")
    trusting = {**ADAPTATION.trust, Knowledge.UNLABELLED: Trust(tau=4.0, relevance=16.0)}
    state = VoiceState(replace(ADAPTATION, trust=trusting))
    for clip in leaning:
        state = state.with_clip(clip)
    assert state.adapt(leaning[:4]).argmax(axis=1).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("but", [0.01, 0.1, 0.2, 0.24])
@pytest.mark.parametrize("usual", [0.02, 0.1, 0.2])
def test_a_voice_whose_emotions_sound_more_alike_than_usual_keeps_its_answers(but: float, usual: float) -> None:
    means = centred_logs(np.stack([sounding(emotion, but=usual) for emotion in EMOTIONS]))
    state = VoiceState(replace(ADAPTATION, class_means=tuple(map(tuple, means.tolist()))))
    for emotion in EMOTIONS * 40:
        state = state.with_clip(sounding(emotion, but=but))
    assert [state.adapt(sounding(emotion, but=but)).argmax() for emotion in EMOTIONS] == [0, 1, 2, 3]


def test_guesses_that_lean_a_little_do_not_become_a_prior_however_many_clips_come() -> None:
    sure = 0.94 * np.eye(len(EMOTIONS)) + 0.06 / len(EMOTIONS)
    shown = [*range(len(EMOTIONS)), 0]  # one emotion a little more often
    states = [VoiceState(Adaptation.default(EMOTIONS)), VoiceState(Adaptation.default(EMOTIONS))]
    for k, n_clips in enumerate((20, MOST_CLIPS)):
        for clip in range(n_clips):
            states[k] = states[k].with_clip(sure[shown[clip % len(shown)]])
    few, many = (np.abs(state.voice.prior).max() for state in states)
    assert many <= few + 0.02


def test_a_neutral_clip_that_sounds_angry_makes_the_next_such_clip_neutral() -> None:
    clip = normalised(sounding("neutral") * [1, 1, 1, 10])
    state = NEW.with_neutral(clip)
    assert clip.argmax() == EMOTIONS.index("angry")
    assert state.adapt(clip).argmax() == EMOTIONS.index("neutral")


def test_a_labelled_clip_pulls_its_like_towards_its_emotion() -> None:
    clip = np.array([0.1, 0.3, 0.2, 0.4])
    assert NEW.with_labelled(clip, emotion="sad").adapt(clip)[2] > clip[2]


def test_a_state_is_never_changed_by_another_clip() -> None:
    NEW.with_clip(sounding("sad"))
    assert NEW.clips == ()


def test_only_the_latest_clips_are_remembered() -> None:
    state = after(np.tile(sounding("sad"), (MOST_CLIPS + 3, 1)))
    assert len(state.clips) == MOST_CLIPS


def test_calm_counts_as_neutral_where_there_is_no_neutral() -> None:
    assert Adaptation.default(("calm", "angry")).neutral == 0
    assert Adaptation.default(("calm", "neutral")).neutral == 1


def test_without_a_neutral_emotion_a_neutral_clip_is_refused_in_one_sentence() -> None:
    with pytest.raises(RequestError, match=r"^A neutral sentence helps only .* got one of angry, sad; give clips with emotions\.$"):
        VoiceState(Adaptation.default(("angry", "sad"))).with_neutral([0.5, 0.5])


def test_an_emotion_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(UnknownKeyError, match="bored"):
        NEW.with_labelled(sounding("sad"), emotion="bored")


@pytest.mark.parametrize("wrong", [[0.5, 0.5], [[0.25] * 4], [np.nan, 0.5, 0.25, 0.25], [-0.1, 0.6, 0.25, 0.25]])
def test_a_clip_that_is_no_vector_of_probabilities_is_refused(wrong: list[float]) -> None:
    with pytest.raises(PredictionsError):
        NEW.with_clip(wrong)


@pytest.mark.parametrize("text", ["", "{}", '{"schema": 99}', '{"schema": 1, "adaptation": {}, "clips": []}'])
def test_a_text_that_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(PredictionsError, match=r"begin a new voice|run the search again"):
        VoiceState.from_json(text)


def test_constants_survive_the_manifest() -> None:
    both = Adaptations(ADAPTATION, {0: ADAPTATION, 5: ADAPTATION})
    assert list(both.to_json()["folds"]) == ["1", "6"]
    assert Adaptations.from_json(both.to_json()) == both
    with pytest.raises(PredictionsError, match="run the search again"):
        Adaptations.from_json({"shipped": {}})


def test_a_model_of_one_emotion_keeps_it() -> None:
    state = VoiceState(Adaptation.default(("calm",))).with_clip([1.0])
    np.testing.assert_allclose(state.adapt([1.0]), [1.0])
