from __future__ import annotations

import numpy as np
import pytest

from audio.clip import SAMPLE_RATE_HZ, Clip
from augment import EFFECTS
from features import Analysis
from page.advice import advise, held_share


def said(samples: np.ndarray, *, held: float = 0.0, ood_score: float | None = None) -> list[str]:
    """First words of each piece of advice."""
    return [line.split(":")[0] for line in advise(samples.astype(np.float32), held=held, ood_score=ood_score)]


def perturbed(samples: np.ndarray, key: str, **parameters: object) -> np.ndarray:
    return EFFECTS[key].apply(samples, parameters)


def notes() -> np.ndarray:
    frequencies_hz = np.repeat([220, 247, 262, 294], SAMPLE_RATE_HZ // 2)
    phase = 2 * np.pi * np.cumsum(frequencies_hz) / SAMPLE_RATE_HZ
    return (0.2 * sum(np.sin(k * phase) / k for k in (1, 2, 3))).astype(np.float32)


def test_clean_speech_needs_no_advice(synthetic_clips: tuple[Clip, ...]) -> None:
    clips = [clip.samples for clip in synthetic_clips[::7]]
    assert [said(samples, held=held_share(Analysis(samples)), ood_score=0.8) for samples in clips] == [[]] * len(clips)


def test_real_speech_needs_no_advice(shared_data) -> None:
    from audio.load import load

    paths = sorted(shared_data.glob("ravdess/Actor_0*/*"))[::60]
    for path in paths:
        samples = load(path).samples
        assert said(samples, held=held_share(Analysis(samples))) == [], path.name


def test_whispering_far_away_is_too_quiet(clip: np.ndarray) -> None:
    assert said(clip * 0.002) == ["Too quiet"]


def test_an_overdriven_recording_is_clipped(clip: np.ndarray) -> None:
    assert said(np.clip(clip * 20, -1, 1)) == ["Clipped"]


def test_half_a_second_is_too_short(clip: np.ndarray) -> None:
    assert "Too short" in said(clip[8000:14000])


def test_long_pauses_are_mostly_silence(clip: np.ndarray) -> None:
    assert said(np.concatenate([clip, np.zeros(10 * SAMPLE_RATE_HZ)])) == ["Mostly silence"]


def test_speech_in_noise_is_noisy(clip: np.ndarray) -> None:
    assert said(perturbed(clip, "noise", colour="pink", snr_db=5.0, seed=0)) == ["Noisy"]


def test_held_notes_may_be_music_and_speech_is_not(clip: np.ndarray) -> None:
    held = held_share(Analysis(notes()))
    assert "May be music or singing" in said(notes(), held=held)
    assert held_share(Analysis(clip)) < held / 5


def test_less_than_a_quarter_of_a_second_holds_no_note() -> None:
    assert held_share(Analysis(notes()[:3200])) == 0


@pytest.mark.parametrize(("ood_score", "start"), [(None, ""), (0.9, ""), (1.5, "Unlike"), (6.0, "Hardly")])
def test_what_is_unlike_the_training_speech_is_said_first(clip: np.ndarray, ood_score: float | None, start: str) -> None:
    lines = advise(clip * np.float32(0.002), held=0, ood_score=ood_score)
    assert lines[0].startswith(start or "Too quiet")


def test_advice_on_the_shortest_recording_is_possible() -> None:
    assert "Too short" in said(np.linspace(-0.1, 0.1, 3200))
