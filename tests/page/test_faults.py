"""A champion that fails midway takes nothing down but itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audio.clip import SAMPLE_RATE_HZ, Clip
from emotune.errors import UnknownKeyError
from page import render, render_tables
from page.batch import batch
from page.engine import Engine
from page.listen import judge, summarise
from page.long import read_long
from page.same_voice import AS_USUAL, listen_again, teach
from page.stress import STRENGTHS, Perturbation, curve, stress
from page.voice import Voice

Arrange = Callable[[int], None]
OTHERS = ["random_forest", "conv1d"]


@pytest.fixture
def fails_from(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arrange]:
    """Let the best family fail from the nth question on."""
    predict, questions = Engine.predict, count()

    def arrange(n: int) -> None:
        def ask(self: Engine, *args: Any, **options: Any) -> Any:
            if next(questions) >= n:
                self._note_fault("linear", RuntimeError("out of memory"))
            return predict(self, *args, **options)

        monkeypatch.setattr(Engine, "predict", ask)

    yield arrange
    engine._faults.clear()


@pytest.fixture
def talk(tmp_path: Path, synthetic_clips: tuple[Clip, ...]) -> Path:
    """Two sentences with pauses."""
    pause = np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)
    parts = [part for clip in synthetic_clips[:2] for part in (pause, clip.samples)]
    soundfile.write(tmp_path / "talk.wav", np.concatenate(parts), SAMPLE_RATE_HZ)
    return tmp_path / "talk.wav"


def test_stress_compares_the_families_that_answered_both_clips(engine: Engine, clip: np.ndarray, fails_from: Arrange) -> None:
    fails_from(1)
    found = stress(engine, clip, Perturbation(gain_db=-6))
    assert [one.family for one in found.before] == [one.family for one in found.after] == OTHERS
    assert "2 families keep" in render.stressed(found)


def test_a_curve_is_drawn_of_the_families_that_answered_at_every_strength(
    engine: Engine, clip: np.ndarray, fails_from: Arrange
) -> None:
    fails_from(3)
    shown = render.curves(curve(engine, clip, perturbation="gain"))
    assert shown.count("<svg") == len(OTHERS)
    assert shown.count("<circle") == len(OTHERS) * len(STRENGTHS["gain"].values)


def test_the_stretches_of_a_long_recording_that_were_answered_are_kept(
    engine: Engine, talk: Path, fails_from: Arrange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("page.long.N_AT_ONCE", 1)
    fails_from(1)
    found = read_long(engine, talk, family="linear")
    assert len(found.rows) == 1
    assert found.notes[-1].startswith("From ")
    assert "s on nothing is answered: There is no family 'linear'" in found.notes[-1]


def test_a_long_recording_of_which_nothing_was_answered_says_why(engine: Engine, talk: Path, fails_from: Arrange) -> None:
    fails_from(0)
    with pytest.raises(UnknownKeyError, match="linear"):
        read_long(engine, talk, family="linear")


def test_a_voice_outlives_a_fault(engine: Engine, synthetic_clips: tuple[Clip, ...], fails_from: Arrange) -> None:
    taught = teach(engine, synthetic_clips[0].samples, None, emotion=AS_USUAL)
    fails_from(0)
    found = listen_again(engine, synthetic_clips[1].samples, taught)
    assert [one.family for one in found.with_voice.predictions] == OTHERS
    assert found.voice.n_clips() == 2
    engine._faults.clear()
    assert Voice.of(engine, found.voice) is found.voice
    assert set(found.voice.adapt({family: np.full(8, 0.125) for family in ("linear", *OTHERS)})) == {"linear", *OTHERS}


def test_what_was_predicted_is_shown_though_its_family_fails_elsewhere_meanwhile(engine: Engine, clip: np.ndarray) -> None:
    judged = judge(engine, clip)
    engine._note_fault("linear", RuntimeError("out of memory"))
    try:
        assert [one.family for one in summarise(engine, judged.found)] == ["linear", *OTHERS]
    finally:
        engine._faults.clear()


@pytest.mark.parametrize("speaker", ["", "anna"])
def test_a_fault_of_the_models_is_a_row_and_the_rest_of_a_batch_is_judged(
    engine: Engine, talk: Path, tmp_path: Path, speaker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict, questions = Engine.predict, count()
    (tmp_path / "who.csv").write_text(f"file,speaker\ntalk.wav,{speaker}\n")
    monkeypatch.setattr(Engine, "predict", lambda *a, **k: 1 / 0 if next(questions) == 0 else predict(*a, **k))
    first, second, *_ = batch(engine, [talk, talk, tmp_path / "who.csv"])
    assert first.problem == "must be judged, but that fails (ZeroDivisionError); judge it again in a minute."
    assert second.predictions


def test_a_batch_keeps_each_family_in_its_column(engine: Engine, talk: Path, fails_from: Arrange) -> None:
    fails_from(1)
    shown = render_tables.batch(batch(engine, [talk, talk]))
    first, second = shown.split('<th scope="row">')[1:]
    assert first.count("<td>") == second.count("<td>") == 2 + 3
    assert second.count("<td>–</td>") == 1
