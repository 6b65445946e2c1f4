"""Judgement: whether a recording can be answered at all, and what else to know before trusting the answers.

Every tab, the command line and the API ask here. A recording with a reason is unsure whatever the probabilities say; a family adds
the reason of a low confidence. Limits were set so that clean acted speech (RAVDESS, EmoDB, EMOVO) stays well on the right side, and
that of the out-of-distribution score was learnt with its detector (:mod:`models.ood`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from audio.faults import bandwidth
from audio.notes import NoteKind
from models.ood import UNLEARNT_SPEECH_LIMIT
from page.measures import ENOUGH_VOICE_SECONDS, Measures, measure

QUIET_DB = -55.0
MAX_FULL_SCALE_SHARE = 5e-4
SHORT_SECONDS = 0.8
MIN_ACTIVE_SHARE = 0.2
NOISY_CONTRAST_DB = 20.0
NOISE_CONTRAST_DB = 6.0
"""Where noise is as strong as a voice on average, the loudest parts of the voice stand about so far above it."""
MAX_HELD_SHARE = 0.12
STRANGE = 1.0


class Reason(StrEnum):
    """Why an answer is unsure."""

    OUT_OF_DISTRIBUTION = "out_of_distribution"
    NOT_COMPARED = "not_compared"
    NO_VOICE = "no_voice"
    MOSTLY_NOISE = "mostly_noise"
    MUSIC = "music"
    TOO_SHORT = "too_short"
    NARROW_BAND = "narrow_band"
    LOW_CONFIDENCE = "low_confidence"


REASON_WORDS: Mapping[Reason, str] = {
    Reason.OUT_OF_DISTRIBUTION: "unlike the training speech",
    Reason.NOT_COMPARED: "not compared with the training speech",
    Reason.NO_VOICE: "no voice",
    Reason.MOSTLY_NOISE: "mostly noise",
    Reason.MUSIC: "music or held notes",
    Reason.TOO_SHORT: "too short",
    Reason.NARROW_BAND: "narrow-band",
    Reason.LOW_CONFIDENCE: "low confidence",
}
"""Each reason for people, as a few words."""


@dataclass(frozen=True)
class Judgement:
    """Whether a recording can be answered.

    Attributes
    ----------
    reasons : tuple of Reason
        Why no answer to it is sure, the weightiest first; empty for speech like that in training.
    advice : tuple of str
        What to know before trusting the answers: a sentence for each reason and for lesser faults; empty for a good recording.
    """

    reasons: tuple[Reason, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def is_voice(self) -> bool:
        """Whether it may tell how its speaker speaks: speech for all that is known, though its band may be narrow."""
        return not {*self.reasons} - {Reason.NARROW_BAND, Reason.NOT_COMPARED}

    def of(self, confidence: float, *, threshold: float | None) -> tuple[Reason, ...]:
        """Return why a family's answer is unsure; nothing if it is sure.

        Parameters
        ----------
        confidence : float
            The largest probability.
        threshold : float, optional
            The family's abstention threshold.
        """
        is_low = threshold is not None and confidence < threshold
        return (*self.reasons, Reason.LOW_CONFIDENCE) if is_low else self.reasons


def judge(
    samples: NDArray[np.float32],
    *,
    held: float,
    ood_score: float | None,
    ood_limit: float = UNLEARNT_SPEECH_LIMIT,
    noted: Collection[NoteKind] = (),
) -> Judgement:
    """Judge a recording.

    Parameters
    ----------
    samples : ndarray [shape=(n,), dtype=float32]
        Mono audio at ``SAMPLE_RATE_HZ``.
    held : float
        As :func:`page.measures.held_share` measures it.
    ood_score : float, optional
        How unlike the training speech it is: about 1 % of the clips of new speakers exceed 1. None where there is no detector.
    ood_limit : float
        The score above which it is out of distribution.
    noted : collection of NoteKind
        What the loader's notes already tell.
    """
    found = measure(samples)
    band = () if NoteKind.NARROW_BAND in noted else bandwidth(samples, source_rate_hz=SAMPLE_RATE_HZ)
    strange = _strange(ood_score, ood_limit)
    reasons = {
        Reason.OUT_OF_DISTRIBUTION: ood_score is not None and ood_score > ood_limit,
        Reason.NOT_COMPARED: ood_score is None,
        Reason.NO_VOICE: found.voiced_seconds < ENOUGH_VOICE_SECONDS,
        Reason.MOSTLY_NOISE: found.contrast_db < NOISE_CONTRAST_DB,
        Reason.MUSIC: held > MAX_HELD_SHARE,
        Reason.TOO_SHORT: found.speech_seconds < SHORT_SECONDS,
        Reason.NARROW_BAND: bool(band) or NoteKind.NARROW_BAND in noted,
    }
    sentences = (*strange, *_sentences(found, held=held, noted=noted), *(note.text for note in band))
    return Judgement(tuple(reason for reason, applies in reasons.items() if applies), sentences)


def in_words(reasons: Collection[str]) -> str:
    """Return reasons for people, by comma."""
    return ", ".join(REASON_WORDS[Reason(reason)] for reason in reasons)


def unsure_sentence(reasons: Collection[str]) -> str:
    """Return why an answer is unsure; empty where it is sure."""
    return f"Unsure: {in_words(reasons)}." if reasons else ""


def _sentences(found: Measures, *, held: float, noted: Collection[NoteKind]) -> tuple[str, ...]:
    is_noise = found.contrast_db < NOISE_CONTRAST_DB
    stand_out = f"the loudest parts stand only {found.contrast_db:.0f} dB above the background."
    rules = (
        (
            found.voiced_seconds < ENOUGH_VOICE_SECONDS,
            f"No voice: {found.voiced_seconds:.2f} s of it sound like one; it may be noise, or whispered.",
        ),
        (
            found.speech_seconds < SHORT_SECONDS,
            f"Too short: {found.speech_seconds:.1f} s of speech; the models learnt from sentences.",
        ),
        (
            found.peak_db < QUIET_DB,
            f"Too quiet: the loudest parts reach {found.peak_db:.0f} dB of full scale. Come closer to the microphone.",
        ),
        (
            found.full_scale_share > MAX_FULL_SCALE_SHARE and NoteKind.CLIPPED not in noted,
            f"Clipped: {found.full_scale_share:.1%} of the samples sit at full scale. Record quieter.",
        ),
        (found.active_share < MIN_ACTIVE_SHARE, f"Mostly silence: there is sound in {found.active_share:.0%} of it. Cut the pauses."),
        (is_noise, f"Mostly noise: {stand_out}"),
        (not is_noise and found.contrast_db < NOISY_CONTRAST_DB, f"Noisy: {stand_out}"),
        (held > MAX_HELD_SHARE, f"May be music or singing: pitch or spectrum is held like notes in {held:.0%} of it."),
    )
    return tuple(words for applies, words in rules if applies)


def _strange(ood_score: float | None, ood_limit: float) -> tuple[str, ...]:
    if ood_score is None:
        return ("Not compared with the training speech: this result has no detector that can be read, so no prediction is sure.",)
    if ood_score <= min(STRANGE, ood_limit):
        return ()
    if ood_score <= ood_limit:
        return ("Unlike the training speech: another language, microphone, room or way of speaking. Expect more mistakes.",)
    return ("Hardly resembles the training speech; it may not be speech at all. Do not trust the predictions.",)
