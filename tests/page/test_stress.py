from __future__ import annotations

import numpy as np
import pytest

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import RequestError, UnknownKeyError
from page.engine import Engine
from page.listen import Prediction
from page.stress import MAX_SECONDS, RANGES, STRENGTHS, Perturbation, curve, in_common, stress

EACH_ALONE = [
    Perturbation(noise="white", snr_db=5),
    Perturbation(semitones=4),
    Perturbation(tempo=1.4),
    Perturbation(rt60_seconds=0.8),
]


def test_no_disturbance_changes_nothing(engine: Engine, clip: np.ndarray) -> None:
    found = stress(engine, clip, Perturbation())
    np.testing.assert_array_equal(found.perturbed, found.original)
    assert found.before == found.after


@pytest.mark.parametrize("perturbation", EACH_ALONE, ids=lambda d: d.steps[0][0])
def test_each_disturbance_is_heard_and_moves_an_answer(engine: Engine, clip: np.ndarray, perturbation: Perturbation) -> None:
    found = stress(engine, clip, perturbation)
    assert found.perturbed.dtype == np.float32
    assert np.abs(found.perturbed).max() <= 1
    assert len(found.perturbed) != len(clip) or not np.allclose(found.perturbed, clip)
    assert [one.family for one in found.before] == [one.family for one in found.after]
    assert any(one.probabilities != other.probabilities for one, other in zip(found.before, found.after, strict=True))


def test_a_quieter_clip_changes_no_answer(engine: Engine, clip: np.ndarray) -> None:
    found = stress(engine, clip, Perturbation(gain_db=-20))
    np.testing.assert_allclose(found.perturbed, 0.1 * clip, rtol=1e-5)
    for one, other in zip(found.before, found.after, strict=True):
        assert other.probabilities == pytest.approx(one.probabilities, abs=1e-3)


def test_predictions_are_compared_family_by_family_however_those_rank_that_are_left() -> None:
    def predictions(*families: str) -> list[Prediction]:
        return [Prediction(family, family, None, "sad", 1.0, False, {"sad": 1.0}) for family in families]

    found = in_common([predictions("whisper", "ensemble", "linear"), predictions("linear", "ensemble")])
    assert [[one.family for one in of_copy] for of_copy in found] == [["ensemble", "linear"]] * 2


def test_the_same_disturbance_sounds_the_same_twice(clip: np.ndarray) -> None:
    perturbation = Perturbation("pink", 10, 2, 1.2, 0.4, 3)
    np.testing.assert_array_equal(perturbation.apply(clip), perturbation.apply(clip))


def test_tempo_changes_the_length_and_nothing_else_does(clip: np.ndarray) -> None:
    assert len(Perturbation(tempo=1.6).apply(clip)) == pytest.approx(len(clip) / 1.6, rel=0.02)
    assert len(Perturbation("speech", 10, -3, 1, 0.5, 6).apply(clip)) == len(clip)


def test_only_the_beginning_of_a_long_clip_is_disturbed(engine: Engine, clip: np.ndarray) -> None:
    found = stress(engine, np.tile(clip, 20), Perturbation(gain_db=-6))
    assert len(found.perturbed) == MAX_SECONDS * SAMPLE_RATE_HZ


@pytest.mark.parametrize("name", RANGES)
def test_a_value_out_of_range_is_refused_with_its_range(name: str) -> None:
    low, high = RANGES[name]
    with pytest.raises(RequestError, match=f"{name} must be a number between {low:g} and {high:g}, got {high + 1}"):
        Perturbation(**{name: high + 1})


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(RequestError, match="got nan"):
        Perturbation(gain_db=float("nan"))


def test_an_unknown_noise_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownKeyError, match="white, pink, speech"):
        Perturbation(noise="brown")


@pytest.mark.parametrize("key", STRENGTHS)
def test_a_curve_has_an_answer_of_every_family_at_every_strength(engine: Engine, clip: np.ndarray, key: str) -> None:
    found = curve(engine, clip, perturbation=key)
    assert len(found.predictions) == len(found.values)
    assert {tuple(one.family for one in predictions) for predictions in found.predictions} == {("linear", "random_forest", "conv1d")}


def test_a_curve_follows_the_emotion_heard_unless_another_is_asked_for(engine: Engine, clip: np.ndarray) -> None:
    assert curve(engine, clip, perturbation="gain").emotion == "angry"
    assert curve(engine, clip, perturbation="gain", emotion="calm").emotion == "calm"


def test_unknown_disturbances_and_emotions_are_refused(engine: Engine, clip: np.ndarray) -> None:
    with pytest.raises(UnknownKeyError, match="no perturbation 'wind'"):
        curve(engine, clip, perturbation="wind")
    with pytest.raises(UnknownKeyError, match="no emotion 'bored'"):
        curve(engine, clip, perturbation="gain", emotion="bored")
