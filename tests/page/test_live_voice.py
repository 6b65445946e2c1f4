"""The voice of a live session: what tells of it, when, and that it is forgotten at once."""

from __future__ import annotations

import numpy as np
import pytest

from audio.clip import SAMPLE_RATE_HZ
from page import render_voice
from page.engine import Engine, Predictions
from page.live import LiveSession
from page.live_rows import Snapshot
from page.live_turns import Turns, stopped_clock
from page.live_voice import LiveVoice
from page.voice import Voice

HALF = SAMPLE_RATE_HZ // 2
ANGRY = np.where(np.arange(8) == 4, 0.65, 0.05)


@pytest.fixture
def voice() -> LiveVoice:
    return LiveVoice(window_seconds=2.5)


def hear(voice: LiveVoice, engine: Engine, seconds: float, *, family: str = "linear", is_nonsense: bool = False) -> np.ndarray:
    """Let windows end every half second, and return the last answer."""
    for at in np.arange(0.5, seconds + 0.01, 0.5):
        found = voice.adapt(engine, family, ANGRY, at=float(at), is_nonsense=is_nonsense)
    return found


def test_windows_that_overlap_tell_once_and_never_of_themselves(voice: LiveVoice, engine: Engine) -> None:
    np.testing.assert_array_equal(hear(voice, engine, 2.5), ANGRY)
    assert voice.n_clips == 0
    hear(voice, engine, 12.6)
    assert voice.n_clips == 4


def test_nonsense_tells_nothing(voice: LiveVoice, engine: Engine) -> None:
    hear(voice, engine, 10, is_nonsense=True)
    assert voice.n_clips == 0


def test_a_new_voice_forgets_at_once(voice: LiveVoice, engine: Engine) -> None:
    voice.attend(is_on=True, taught=Voice.new(engine).with_neutral("a", {"linear": ANGRY}))
    hear(voice, engine, 10)
    voice.forget()
    np.testing.assert_array_equal(voice.adapt(engine, "linear", ANGRY, at=10.5), ANGRY)
    assert voice.n_clips == 0


def test_what_was_taught_is_forgotten_together_with_what_was_heard(voice: LiveVoice, engine: Engine) -> None:
    voice.attend(is_on=True, taught=Voice.new(engine).with_neutral("a", {"linear": ANGRY}))
    hear(voice, engine, 10)
    voice.attend(is_on=True, taught=None)
    np.testing.assert_array_equal(voice.adapt(engine, "linear", ANGRY, at=10.5), ANGRY)


def test_switched_off_it_neither_learns_nor_changes_anything(voice: LiveVoice, engine: Engine) -> None:
    voice.attend(is_on=False, taught=Voice.new(engine).with_neutral("a", {"linear": ANGRY}))
    np.testing.assert_array_equal(hear(voice, engine, 10), ANGRY)
    voice.attend(is_on=True, taught=None)
    np.testing.assert_array_equal(voice.adapt(engine, "linear", ANGRY, at=10.5), ANGRY)


def test_what_was_taught_counts_from_the_first_window(voice: LiveVoice, engine: Engine) -> None:
    voice.attend(is_on=True, taught=Voice.new(engine).with_neutral("a", {"linear": ANGRY}).with_clip("b", {"linear": ANGRY}))
    assert voice.adapt(engine, "linear", ANGRY, at=0.5).argmax() == 0
    assert voice.n_clips == 1, "clips of Listen may be anyone's"


def test_another_family_learns_for_itself(voice: LiveVoice, engine: Engine) -> None:
    hear(voice, engine, 10)
    np.testing.assert_array_equal(voice.adapt(engine, "random_forest", ANGRY, at=10.5), ANGRY)


def test_a_session_shows_both_answers_and_how_many_clips_they_rest_on(
    engine: Engine, clip: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "predict", lambda *_, **__: Predictions({"linear": ANGRY[None]}, np.zeros(1), None))
    seconds = iter(np.arange(0.0, 60.0, 0.5))
    session = LiveSession(clock=lambda: float(next(seconds)), voice=LiveVoice())
    assert session.voice is not None
    session.voice.attend(is_on=True, taught=Voice.new(engine).with_neutral("a", {"linear": ANGRY}))
    found: list[Snapshot] = []
    sound = np.tile(clip, 10)[: 12 * HALF]
    for at in range(0, len(sound), HALF):
        found.append(session.hear(sound[at : at + HALF], engine=engine, family="linear", turns=Turns()))
    assert max(found[-1].probabilities, key=found[-1].probabilities.__getitem__) == "neutral"
    assert max(found[-1].alone, key=found[-1].alone.__getitem__) == "angry"
    assert found[-1].n_clips >= 2
    assert f"Rests on {found[-1].n_clips} earlier clips" in render_voice.live(found[-1])


def test_a_new_voice_is_not_learnt_from_the_sound_of_the_old_one(
    engine: Engine, clip: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows, answer = [0], ANGRY

    def predict(samples: list[np.ndarray], **_: object) -> Predictions:
        windows.append(len(samples[0]))
        return Predictions({"linear": answer[None]}, np.zeros(1), None)

    monkeypatch.setattr(engine, "predict", predict)
    session, spoken = LiveSession(clock=stopped_clock, voice=LiveVoice()), clip[HALF : 2 * HALF]
    for _ in range(4):
        session.hear(spoken, engine=engine, family="linear", turns=Turns())
    assert windows[-1] == 4 * HALF
    session.new_voice()
    answer = ANGRY[::-1]
    found = session.hear(spoken, engine=engine, family="linear", turns=Turns())
    assert windows[-1] == HALF
    assert list(found.probabilities.values()) == pytest.approx(answer.tolist())
    assert found.rows[0].start_seconds == 0
