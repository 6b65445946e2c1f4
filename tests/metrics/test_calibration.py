"""Calibration: one temperature, found where it is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from metrics.calibration import HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE, apply_temperature, fit_temperature
from metrics.scores import ece, log_loss


def drawn(n: int = 4000, *, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Probabilities, and emotions drawn by them: calibrated as well as can be."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(6, 0.4), size=n)
    targets = (probabilities.cumsum(axis=1) > rng.uniform(size=(n, 1))).argmax(axis=1)
    return probabilities, targets


def test_a_temperature_of_one_changes_nothing() -> None:
    probabilities, _ = drawn(200)
    np.testing.assert_allclose(apply_temperature(probabilities, 1.0), probabilities, atol=1e-7)


@given(temperature=st.floats(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE))
@settings(derandomize=True, max_examples=30)
def test_any_temperature_gives_probabilities_in_the_same_order(temperature: float) -> None:
    probabilities = np.array([[0.5, 0.3, 0.15, 0.05], [0.25, 0.26, 0.24, 0.25], [1.0, 0.0, 0.0, 0.0]])
    scaled = apply_temperature(probabilities, temperature)
    assert np.isfinite(scaled).all()
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    assert (scaled.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_heat_makes_less_sure_and_cold_more() -> None:
    probabilities, _ = drawn(200)
    surest = [apply_temperature(probabilities, temperature).max(axis=1).mean() for temperature in (0.5, 1.0, 2.0, 10.0)]
    assert surest == sorted(surest, reverse=True)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature: float) -> None:
    probabilities, targets = drawn()
    distorted = apply_temperature(probabilities, 1 / temperature)
    assert fit_temperature(distorted, targets) == pytest.approx(temperature, rel=0.05)


@pytest.mark.parametrize("temperature", [0.4, 2.5])
def test_calibration_lowers_the_calibration_error_and_the_log_loss_of_other_clips(temperature: float) -> None:
    probabilities, targets = drawn()
    distorted = apply_temperature(probabilities, 1 / temperature)
    others, other_targets = drawn(seed=1)
    others = apply_temperature(others, 1 / temperature)
    calibrated = apply_temperature(others, fit_temperature(distorted, targets))
    assert ece(other_targets, calibrated) < 0.5 * ece(other_targets, others)
    assert log_loss(other_targets, calibrated) < log_loss(other_targets, others)


def test_sure_and_wrong_answers_are_cooled_no_further_than_the_limit() -> None:
    wrong = np.tile([1.0, 0.0, 0.0], (20, 1))
    assert fit_temperature(wrong, np.ones(20, dtype=np.intp)) == pytest.approx(HIGHEST_TEMPERATURE, rel=0.01)
    assert fit_temperature(wrong, np.zeros(20, dtype=np.intp)) >= LOWEST_TEMPERATURE
