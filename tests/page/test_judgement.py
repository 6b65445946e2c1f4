from __future__ import annotations

import numpy as np
import pytest

from audio.clip import SAMPLE_RATE_HZ, Clip
from audio.non_speech import HELD_OUT, LEARNT, make
from audio.notes import NoteKind
from augment import AUGMENTATIONS
from features import Analysis
from page.judgement import REASON_WORDS, Judgement, Reason, in_words, judge
from page.measures import held_share


def judged(samples: np.ndarray, *, held: float = 0.0, ood_score: float | None = 0.5, **options: object) -> Judgement:
    return judge(samples.astype(np.float32), held=held, ood_score=ood_score, **options)


def said(samples: np.ndarray, **options: float) -> list[str]:
    """First words of each piece of advice."""
    return [line.split(":")[0] for line in judged(samples, **options).advice]


def perturbed(samples: np.ndarray, key: str, **parameters: object) -> np.ndarray:
    return AUGMENTATIONS[key].apply(samples, parameters)


def notes() -> np.ndarray:
    frequencies_hz = np.repeat([220, 247, 262, 294], SAMPLE_RATE_HZ // 2)
    phase = 2 * np.pi * np.cumsum(frequencies_hz) / SAMPLE_RATE_HZ
    return (0.2 * sum(np.sin(k * phase) / k for k in (1, 2, 3))).astype(np.float32)


def test_clean_speech_needs_no_advice(synthetic_clips: tuple[Clip, ...]) -> None:
    clips = [clip.samples for clip in synthetic_clips[::7]]
    found = [judged(samples, held=held_share(Analysis(samples)), ood_score=0.8) for samples in clips]
    assert found == [Judgement()] * len(clips)


def test_real_speech_needs_no_advice(shared_data) -> None:
    from audio.load import load

    paths = sorted(shared_data.glob("ravdess/Actor_0*/*"))[::60]
    for path in paths:
        samples = load(path).samples
        assert said(samples, held=held_share(Analysis(samples))) == [], path.name


def test_whispering_far_away_is_too_quiet(clip: np.ndarray) -> None:
    assert said(clip * 0.002) == ["Too quiet"]


def test_an_overdriven_recording_is_clipped_and_may_be_sure(clip: np.ndarray) -> None:
    found = judged(np.clip(clip * 20, -1, 1))
    assert [line.split(":")[0] for line in found.advice] == ["Clipped"]
    assert not found.reasons


def test_half_a_second_is_too_short(clip: np.ndarray) -> None:
    assert Reason.TOO_SHORT in judged(clip[8000:14000]).reasons


def test_long_pauses_are_mostly_silence(clip: np.ndarray) -> None:
    assert said(np.concatenate([clip, np.zeros(10 * SAMPLE_RATE_HZ)])) == ["Mostly silence"]


def test_speech_in_noise_is_noisy_and_in_more_noise_mostly_noise(clip: np.ndarray) -> None:
    assert said(perturbed(clip, "noise", colour="pink", snr_db=5.0, seed=0)) == ["Noisy"]
    assert Reason.MOSTLY_NOISE in judged(perturbed(clip, "noise", colour="white", snr_db=-10.0, seed=0)).reasons


def test_held_notes_may_be_music_and_speech_is_not(clip: np.ndarray) -> None:
    held = held_share(Analysis(notes()))
    assert Reason.MUSIC in judged(notes(), held=held).reasons
    assert held_share(Analysis(clip)) < held / 5


@pytest.mark.parametrize("key", ["chords", "tone"])
def test_what_has_no_one_pitch_is_held_by_its_spectrum(key: str) -> None:
    assert held_share(Analysis(make(LEARNT[key], seed=1))) > 0.12


def test_less_than_a_quarter_of_a_second_holds_no_note() -> None:
    assert held_share(Analysis(notes()[:3200])) == 0


@pytest.mark.parametrize("key", ["white noise", "pink noise", "brown noise", "1-bit noise", "speech-shaped noise", "clicks", "hum"])
def test_noise_has_no_voice_whatever_its_score(key: str) -> None:
    assert Reason.NO_VOICE in judged(make(LEARNT[key], seed=0)).reasons


def test_the_band_of_a_telephone_is_a_reason_noted_by_the_loader_or_found_here(clip: np.ndarray) -> None:
    import scipy.signal

    narrow = scipy.signal.sosfilt(scipy.signal.butter(12, 3400, output="sos", fs=SAMPLE_RATE_HZ), clip)
    found, noted = judged(narrow), judged(clip, noted={NoteKind.NARROW_BAND})
    assert found.reasons == noted.reasons == (Reason.NARROW_BAND,)
    assert found.advice[0].startswith("Band-limited")
    assert noted.advice == ()


@pytest.mark.parametrize(("ood_score", "start"), [(None, "Not compared"), (0.9, ""), (1.5, "Unlike"), (6.0, "Hardly")])
def test_what_is_unlike_the_training_speech_is_said_first(clip: np.ndarray, ood_score: float | None, start: str) -> None:
    lines = judged(clip * np.float32(0.002), ood_score=ood_score).advice
    assert lines[0].startswith(start or "Too quiet")


def test_beyond_the_learnt_limit_a_clip_is_out_of_distribution(clip: np.ndarray) -> None:
    assert judged(clip, ood_score=2.1, ood_limit=2.0).reasons == (Reason.OUT_OF_DISTRIBUTION,)
    assert not judged(clip, ood_score=1.9, ood_limit=2.0).reasons


def test_what_was_not_compared_is_never_sure_but_may_be_a_voice(clip: np.ndarray) -> None:
    found = judged(clip, ood_score=None)
    assert found.reasons == (Reason.NOT_COMPARED,)
    assert found.is_voice


def test_a_family_adds_a_low_confidence_of_its_own() -> None:
    assert Judgement().of(0.4, threshold=0.5) == (Reason.LOW_CONFIDENCE,)
    assert Judgement().of(0.6, threshold=0.5) == Judgement().of(0.1, threshold=None) == ()
    assert Judgement((Reason.MUSIC,)).of(0.9, threshold=0.5) == (Reason.MUSIC,)


def test_every_reason_has_words() -> None:
    assert set(REASON_WORDS) == set(Reason)
    assert in_words(["music", Reason.TOO_SHORT]) == "music or held notes, too short"


def test_the_shortest_recording_can_be_judged() -> None:
    assert Reason.TOO_SHORT in judged(np.linspace(-0.1, 0.1, 3200)).reasons


def test_learnt_and_held_out_sounds_are_others() -> None:
    assert not {*LEARNT} & {*HELD_OUT}
    assert not {*LEARNT.values()} & {*HELD_OUT.values()}
