"""Speech-like clips made by code: no files and no network, to try everything on and to test with. Not speech, and not real.

A clip is a source and a filter (Fant, 1960): glottal pulses and breath noise through moving formants, and noise bursts for
the unvoiced sounds, in the rhythm of one of a few syllable sequences that stand for sentences. The emotions shift pitch mean,
range and contour, level, tempo, spectral tilt, jitter and breathiness in the directions that Juslin & Laukka (2003) list for
acted speech. Speakers differ in pitch, vocal tract, voice quality and in how they show an emotion, and takes differ again, so
that emotions overlap as they do in real corpora.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ, Clip
from corpora.corpus import Corpus, Reading
from corpora.emotions import RAVDESS_EMOTIONS
from corpora.labels import relabel
from emotune.errors import CorpusError

FloatArray = NDArray[np.float64]

HOP = 128
FRAME = 512
N_FFT = 1024
FREQUENCIES_HZ = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ)

SYLLABLE_SECONDS = 0.18
FINAL_LENGTHENING = 1.4
ONSET_FRACTION = 0.28
VOICED_RMS_DB = -27.0
FRICATIVE_GAIN = 0.25
ROOM_NOISE_DB = -66.0

VOWEL_FORMANTS_HZ = {
    "i": (270, 2290, 3010, 3700),
    "e": (530, 1840, 2480, 3600),
    "a": (730, 1090, 2440, 3500),
    "o": (570, 840, 2410, 3400),
    "u": (300, 870, 2240, 3300),
}
"""Formants of adult men's vowels, in Hz (Peterson & Barney, 1952; the fourth is typical)."""

FORMANT_BANDWIDTHS_HZ = np.array([70.0, 90.0, 130.0, 200.0])

FRICATIVE_HZ = {"s": 5200.0, "x": 2600.0, "-": 0.0}
"""Centre of the noise that opens a syllable; ``-`` opens voiced."""

SENTENCES = ("si-axo-exusa", "xa-isu-osexi")
"""Syllables of a consonant and a vowel each."""


class Prosody(NamedTuple):
    """What an emotion shifts, relative to a speaker's neutral voice."""

    pitch_semitones: float
    range_semitones: float
    rise_semitones: float
    level_db: float
    tempo_octaves: float
    tilt_db_per_octave: float
    jitter_octaves: float
    breath_db: float


EMOTION_PROSODY = {
    "neutral": Prosody(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "calm": Prosody(-1.0, -0.8, 0.3, -4.0, -0.14, -1.6, -0.6, 4.5),
    "happy": Prosody(4.0, 3.5, 1.0, 4.5, 0.10, 2.0, 0.2, -3.0),
    "sad": Prosody(-1.5, -1.2, -1.5, -7.0, -0.28, -3.2, 0.8, 9.0),
    "angry": Prosody(4.0, 2.0, -1.0, 8.5, 0.12, 4.0, 1.6, -4.5),
    "fearful": Prosody(6.0, 0.6, 0.8, 0.5, 0.26, 0.3, 1.8, 6.5),
    "disgust": Prosody(-1.5, 1.0, -2.5, 1.0, -0.20, 1.2, 2.4, 2.0),
    "surprised": Prosody(5.5, 4.5, 6.0, 3.0, 0.0, 0.6, 0.2, 2.5),
}

MANNER_SPREAD = np.array(Prosody(0.7, 0.5, 0.6, 0.9, 0.05, 0.35, 0.25, 0.9))
"""Standard deviation, over speakers, of how one emotion is shown."""

TAKE_SPREAD = np.array(Prosody(0.5, 0.4, 0.5, 0.8, 0.04, 0.25, 0.2, 0.8))
"""Standard deviation over takes."""


@dataclass(frozen=True)
class Voice:
    """A made-up speaker.

    Attributes
    ----------
    name, gender : str
        As in :class:`audio.clip.Clip`.
    pitch_hz, tract_scale, tilt_db_per_octave, breath_db : float
        Mean pitch, factor on the formants, spectral tilt of the glottal pulses, and noise relative to them.
    manner : ndarray [shape=(n_emotions, n_prosody)]
        What each emotion shifts in this voice, as :class:`Prosody`.
    """

    name: str
    gender: str
    pitch_hz: float
    tract_scale: float
    tilt_db_per_octave: float
    breath_db: float
    manner: FloatArray


class Synthetic(Corpus):
    """The embedded corpus.

    Parameters
    ----------
    n_speakers, n_sentences, n_takes : int
        How many speakers say how many sentences (at most two), how often with each emotion.
    seed : int
        Seed of the speakers and takes.
    """

    key = "synthetic"
    title = "Synthetic speech-like clips, made by code"
    emotions = RAVDESS_EMOTIONS
    is_real = False
    licence = "MIT"
    reference = "Made by corpora/synthetic.py of this project; there are no recordings"
    language = "zxx"  # ISO 639 for what has no linguistic content
    home_page = "corpora/synthetic.py"
    how_to_get = "Nothing to get: it is made by code, with --corpus synthetic."

    def __init__(self, *, n_speakers: int = 12, n_sentences: int = 2, n_takes: int = 1, seed: int = 0) -> None:
        if n_speakers < 1 or n_takes < 1 or not 1 <= n_sentences <= len(SENTENCES):
            raise CorpusError(
                f"The synthetic corpus needs at least one speaker and take, and one to {len(SENTENCES)} sentences, "
                f"got {n_speakers}, {n_takes} and {n_sentences}."
            )
        self.n_speakers = n_speakers
        self.n_sentences = n_sentences
        self.n_takes = n_takes
        self.seed = seed

    def read(
        self,
        root: Path | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
        allow_download: bool = False,
    ) -> Reading:
        """Make every clip; there is nothing to find, so `root` is not used."""
        wanted = [
            (speaker, emotion, sentence, take)
            for speaker in range(self.n_speakers)
            for emotion in type(self).emotions
            for sentence in range(self.n_sentences)
            for take in range(self.n_takes)
        ]
        clips = []
        for speaker, emotion, sentence, take in wanted:
            clip = make_clip(speaker, emotion, sentence=sentence, take=take, seed=self.seed)
            clips.append(replace(clip, emotion=relabel(emotion, given=self.label_map)) if self.label_map else clip)
            if progress:
                progress(len(clips), len(wanted))
        return Reading(tuple(sorted(clips, key=lambda clip: clip.name)))


def make_clip(speaker: int, emotion: str, *, sentence: int = 0, take: int = 0, seed: int = 0) -> Clip:
    """Make one clip; the same arguments always make the same one.

    Parameters
    ----------
    speaker : int
        Number of the speaker, from zero; even ones are female.
    emotion : str
        One of :data:`corpora.emotions.RAVDESS_EMOTIONS`.
    sentence : int
        Number of the sentence, from zero.
    take : int
        Number of the take, from zero.
    seed : int
        Seed of the speakers and takes.
    """
    voice = make_voice(speaker, seed=seed)
    emotion_index = RAVDESS_EMOTIONS.index(emotion)
    rng = np.random.default_rng([seed, 1, speaker, emotion_index, sentence, take])
    prosody = Prosody(*(voice.manner[emotion_index] + TAKE_SPREAD * rng.standard_normal(len(TAKE_SPREAD))))
    return Clip(
        _speak(SENTENCES[sentence], voice=voice, prosody=prosody, rng=rng),
        name=f"{voice.name}/{emotion}-{sentence + 1}-{take + 1}",
        speaker=voice.name,
        emotion=emotion,
        corpus=Synthetic.key,
        language=Synthetic.language,
        source="made by code",
        gender=voice.gender,
    )


def make_voice(speaker: int, *, seed: int = 0) -> Voice:
    """Make up a speaker; even numbers are female."""
    rng = np.random.default_rng([seed, 0, speaker])
    is_female = speaker % 2 == 0
    emotions = np.array([EMOTION_PROSODY[emotion] for emotion in RAVDESS_EMOTIONS])
    manner = rng.uniform(0.7, 1.2) * emotions + MANNER_SPREAD * rng.standard_normal(emotions.shape)
    return Voice(
        name=f"S{speaker + 1:02d}",
        gender="female" if is_female else "male",
        pitch_hz=(195 if is_female else 112) * 2 ** (rng.normal(0, 1.8) / 12),
        tract_scale=(1.16 if is_female else 1.0) * float(np.exp(rng.normal(0, 0.035))),
        tilt_db_per_octave=rng.normal(-9.0, 0.8),
        breath_db=rng.normal(-26.0, 2.0),
        manner=manner,
    )


class Tracks(NamedTuple):
    """What the vocal tract does, at one frame every :data:`HOP` samples; amplitudes are in [0, 1]."""

    pitch_hz: FloatArray
    voicing: FloatArray
    frication: FloatArray
    fricative_hz: FloatArray
    formants_hz: FloatArray


def _speak(sentence: str, *, voice: Voice, prosody: Prosody, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the samples of a sentence."""
    tracks = _move(sentence, voice=voice, prosody=prosody, rng=rng)
    n_samples = len(tracks.pitch_hz) * HOP
    pulses = _to_spectra(_pulses(tracks, jitter=0.012 * 2**prosody.jitter_octaves, rng=rng))
    noise = _to_spectra(rng.standard_normal(n_samples))
    tilt_db_per_octave = voice.tilt_db_per_octave + prosody.tilt_db_per_octave
    tilt = 10 ** (tilt_db_per_octave / 20 * np.log2(np.maximum(FREQUENCIES_HZ, 200) / 200))
    # Pulses of height one carry the power of one sample in a period; breath is measured against that.
    pulse_rms = np.sqrt(tracks.pitch_hz / SAMPLE_RATE_HZ)
    breath = 10 ** ((voice.breath_db + prosody.breath_db) / 20) * (pulse_rms * tracks.voicing)[:, None]
    spectra = _resonances(tracks.formants_hz) * (tilt * pulses + breath * noise) + _frication(tracks) * noise
    samples = _from_spectra(spectra)
    loud = np.repeat(tracks.voicing, HOP) > 0.5
    level_db = VOICED_RMS_DB + prosody.level_db + rng.normal(0, 1.5)
    samples *= 10 ** (level_db / 20) / np.sqrt(np.mean(samples[loud] ** 2))
    samples += 10 ** (ROOM_NOISE_DB / 20) * rng.standard_normal(n_samples)
    return np.asarray(np.tanh(samples), dtype=np.float32)


def _move(sentence: str, *, voice: Voice, prosody: Prosody, rng: np.random.Generator) -> Tracks:
    """Plan the rhythm, pitch and articulation of a sentence."""
    onsets, vowels = sentence[::2], sentence[1::2]
    seconds = SYLLABLE_SECONDS * 2**-prosody.tempo_octaves * rng.lognormal(0, 0.12, len(vowels))
    seconds[-1] *= FINAL_LENGTHENING
    start, end = rng.uniform(0.06, 0.18, 2)
    bounds = start + np.concatenate([[0], np.cumsum(seconds)])
    times = np.arange(0, bounds[-1] + end, HOP / SAMPLE_RATE_HZ)
    syllable = np.clip(np.searchsorted(bounds, times, side="right") - 1, 0, len(vowels) - 1)
    within = (times - bounds[syllable]) / seconds[syllable]
    is_inside = (within >= 0) & (within < 1)
    fricative_hz = np.array([FRICATIVE_HZ[onset] for onset in onsets])[syllable]
    onset_fraction = np.where(fricative_hz > 0, ONSET_FRACTION, 0.0)
    is_vowel = is_inside & (within >= onset_fraction)
    is_fricative = is_inside & ~is_vowel
    opening = np.sin(np.pi * np.clip((within - onset_fraction) / (1 - onset_fraction), 0, 1))
    stress = rng.uniform(0.6, 1.0, len(vowels))

    relative = np.clip((times - start) / (bounds[-1] - start), 0, 1)
    accents = np.maximum(0.3, 2.0 + prosody.range_semitones) * 2 * (stress[syllable] - 0.6) * opening * is_vowel
    drift = -2.0 * relative + prosody.rise_semitones * (relative**2 - 1 / 3) + rng.normal(0, 0.3)
    centres = (bounds[:-1] + bounds[1:]) / 2
    formants = np.array([VOWEL_FORMANTS_HZ[vowel] for vowel in vowels]) * voice.tract_scale
    formants *= rng.lognormal(0, 0.02, formants.shape)
    return Tracks(
        pitch_hz=voice.pitch_hz * 2 ** ((prosody.pitch_semitones + accents + drift) / 12),
        voicing=is_vowel * (0.15 + 0.85 * np.sqrt(opening)) * stress[syllable],
        frication=is_fricative * np.sin(np.pi * np.clip(within / ONSET_FRACTION, 0, 1)),
        fricative_hz=fricative_hz * voice.tract_scale,
        formants_hz=np.stack([np.interp(times, centres, formant) for formant in formants.T], axis=1),
    )


def _pulses(tracks: Tracks, *, jitter: float, rng: np.random.Generator) -> FloatArray:
    """Return glottal pulses whose periods and heights waver by the fraction `jitter`."""
    n_samples = len(tracks.pitch_hz) * HOP
    samples = np.arange(n_samples)
    frames = samples / HOP
    phase = np.cumsum(np.interp(frames, np.arange(len(tracks.pitch_hz)), tracks.pitch_hz)) / SAMPLE_RATE_HZ
    positions = np.interp(np.arange(1, int(phase[-1])), phase, samples)
    period = n_samples / len(positions)
    positions = np.clip(positions + jitter * period * rng.standard_normal(len(positions)), 0, n_samples - 2)
    heights = np.interp(positions / HOP, np.arange(len(tracks.voicing)), tracks.voicing)
    heights *= np.maximum(0, 1 + 4 * jitter * rng.standard_normal(len(positions)))
    # A pulse between two samples is shared by both, so that pitch is not rounded to whole samples.
    left = positions.astype(int)
    share = positions - left
    pulses = np.zeros(n_samples)
    np.add.at(pulses, left, heights * (1 - share))
    np.add.at(pulses, left + 1, heights * share)
    return pulses


def _resonances(formants_hz: FloatArray) -> NDArray[np.complex128]:
    """Return the response of the vocal tract [shape=(n_frames, n_frequencies)]."""
    response = np.ones((len(formants_hz), len(FREQUENCIES_HZ)), dtype=np.complex128)
    for formant_hz, bandwidth_hz in zip(formants_hz.T[:, :, None], FORMANT_BANDWIDTHS_HZ, strict=True):
        response *= formant_hz**2 / (formant_hz**2 - FREQUENCIES_HZ**2 + 1j * bandwidth_hz * FREQUENCIES_HZ)
    return response


def _frication(tracks: Tracks) -> FloatArray:
    """Return the gain of the unvoiced noise [shape=(n_frames, n_frequencies)]: a band an octave wide around its centre."""
    octaves = np.log2(np.maximum(FREQUENCIES_HZ, 50) / np.maximum(tracks.fricative_hz, 50)[:, None])
    return FRICATIVE_GAIN * tracks.frication[:, None] * np.exp(-0.5 * (octaves / 0.4) ** 2)


def _to_spectra(samples: FloatArray) -> NDArray[np.complex128]:
    """Return windowed spectra [shape=(n_frames, n_frequencies)], one every :data:`HOP` samples."""
    padded = np.pad(samples, (0, FRAME - HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    return np.asarray(np.fft.rfft(frames * np.hanning(FRAME + 1)[:-1], N_FFT), dtype=np.complex128)


def _from_spectra(spectra: NDArray[np.complex128]) -> FloatArray:
    """Add up the frames of spectra, ringing included, to samples."""
    n_frames = len(spectra)
    blocks = np.fft.irfft(spectra, N_FFT).reshape(n_frames, N_FFT // HOP, HOP)
    samples = np.zeros((n_frames + N_FFT // HOP, HOP))
    for k in range(N_FFT // HOP):
        samples[k : k + n_frames] += blocks[:, k]
    return samples[:n_frames].reshape(-1)
