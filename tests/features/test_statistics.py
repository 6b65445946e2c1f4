"""Statistics over time, checked on tracks whose statistics are known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from features.statistics import centre, full, spread, summarise

N_FRAMES = 101


def of_track(track: np.ndarray) -> dict[str, float]:
    return {name: float(value[0]) for name, value in full(np.asarray(track, np.float32)[:, None]).items()}


@given(slope=st.floats(-20, 20), offset=st.floats(-50, 50))
@settings(derandomize=True, max_examples=30)
def test_a_line_has_its_slope_and_nothing_left_over(slope: float, offset: float) -> None:
    found = of_track(offset + slope * np.linspace(-1, 1, N_FRAMES))
    assert found["slope"] == pytest.approx(slope, abs=1e-3)
    assert found["mean"] == pytest.approx(offset, abs=1e-3)
    assert found["p50"] == pytest.approx(offset, abs=1e-3)
    assert found["range"] == pytest.approx(1.8 * abs(slope), abs=1e-2)
    assert found["iqr"] == pytest.approx(abs(slope), abs=1e-2)


def test_a_parabola_has_its_curvature_and_a_wave_is_left_over() -> None:
    t = np.linspace(-1, 1, N_FRAMES)
    parabola = (3 * t**2 - 1) / 2
    found = of_track(4 * (parabola - parabola.mean()))
    assert found["curvature"] == pytest.approx(4, rel=0.02)
    assert found["slope"] == pytest.approx(0, abs=1e-5)
    assert found["residual"] < 0.1
    assert of_track(np.sin(40 * t))["residual"] == pytest.approx(np.sqrt(0.5), rel=0.05)


def test_moments_and_percentiles_are_those_of_scipy_and_numpy() -> None:
    track = np.random.default_rng(0).gamma(2.0, size=300)
    found = of_track(track)
    assert found["std"] == pytest.approx(track.std(), rel=1e-4)
    assert found["skew"] == pytest.approx(scipy.stats.skew(track), rel=1e-3)
    assert found["kurtosis"] == pytest.approx(scipy.stats.kurtosis(track, fisher=False), rel=1e-3)
    for percentile in (5, 25, 50, 75, 95):
        assert found[f"p{percentile}"] == pytest.approx(np.percentile(track, percentile), rel=1e-4)


def test_a_saw_rises_slowly_and_falls_fast() -> None:
    found = of_track(np.tile([0.0, 1.0, 2.0, 3.0], 25))
    assert found["rise"] == pytest.approx(1)
    assert found["fall"] == pytest.approx(-3)
    assert found["rise_share"] == pytest.approx(75 / 99)


def test_extremes_lie_where_they_are() -> None:
    track = np.zeros(100)
    track[80], track[20] = 1, -1
    found = of_track(track)
    assert (found["argmax"], found["lowest_at"]) == pytest.approx((0.8, 0.2))


def test_many_lowest_frames_lie_at_their_mean_position() -> None:
    track = np.ones(100)
    track[10:20] = track[70:80] = -50
    assert of_track(track)["lowest_at"] == pytest.approx(0.445)


@pytest.mark.parametrize("statistics", [full, spread, centre])
@pytest.mark.parametrize("n_frames", [2, 3, 50])
def test_constant_tracks_have_finite_statistics_without_spread(statistics: object, n_frames: int) -> None:
    found = statistics(np.full((n_frames, 2), 3.0, np.float32))
    assert all(np.isfinite(values).all() and values.shape == (2,) for values in found.values())
    np.testing.assert_allclose(found["std"], 0)


def test_a_constant_track_is_not_curved() -> None:
    assert of_track(np.full(N_FRAMES, 1000.0))["curvature"] == pytest.approx(0, abs=1e-2)


def test_spread_tells_size_and_tails_of_what_swings_around_zero() -> None:
    track = np.array([[-1.0], [1.0]] * 30, np.float32)
    found = {name: float(value[0]) for name, value in spread(track).items()}
    assert found == pytest.approx({"std": 1, "kurtosis": 1, "skew": 0, "p5": -1, "p95": 1, "mean_abs": 1})


def test_every_statistic_of_every_track_has_a_name_of_its_own() -> None:
    tracks = np.array([[1, 10], [3, 30]], np.float32)
    assert summarise(tracks, ("a", "b"), centre) == {"a.mean": 2, "b.mean": 20, "a.std": 1, "b.std": 10}
    assert len(summarise(tracks, ("a", "b"), full)) == 2 * len(full(tracks))


def test_tracks_are_summarised_independently() -> None:
    tracks = np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32)
    together = summarise(tracks, ("a", "b", "c"), full)
    alone = summarise(tracks[:, 1:2], ("b",), full)
    assert {name: together[name] for name in alone} == pytest.approx(alone, abs=1e-5)
