"""Codec: what a call, a voice message or a small file leaves of a voice, encoded and decoded in memory through PyAV.

Which encoders a build of PyAV has is asked once (:func:`available_codecs`). One that is missing is never drawn, is named to whoever
runs a search (:func:`missing_codecs`), and is part of the conditions of a run (:func:`codecs_here`): nothing differs silently.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from augment.augmentation import Augmentation, Parameters
from emotune.errors import MissingLibraryError
from emotune.files import short_hash
from emotune.versions import installed_version

FEWEST_SAMPLES = 1600
"""Shorter audio is encoded with silence after it, because encoders work in blocks."""
MAX_INT16 = 32767.0


@dataclass(frozen=True)
class Format:
    """How PyAV writes a codec.

    Attributes
    ----------
    encoder, container : str
        Their names in FFmpeg.
    rate_hz : int
        At which the encoder works.
    drawn_kbit_s : tuple of float
        What an augmentation draws, the mildest first; empty if it never draws the codec.
    """

    encoder: str
    container: str
    rate_hz: int
    drawn_kbit_s: tuple[float, ...]


FORMATS: Mapping[str, Format] = {
    "mp3": Format("libmp3lame", "mp3", 16_000, (64, 48, 32, 24)),
    "opus": Format("libopus", "ogg", 16_000, (40, 32, 24, 20)),
    "amr_nb": Format("libopencore_amrnb", "amr", 8_000, (12.2, 10.2, 7.95, 6.7)),
    "mu_law": Format("pcm_mulaw", "wav", 8_000, ()),
}


class Codec(Augmentation):
    """Encode and decode at a low rate: MP3, Opus, or the AMR of mobile calls."""

    key = "codec"
    title = "Codec"
    uses_codecs = True

    def draw(self, rng: np.random.Generator, *, strength: float) -> Parameters:
        """Draw ``codec`` and ``kbit_s``: the milder half of a codec's rates at half the strength; nothing if there is no encoder."""
        choice, mildness = rng.uniform(size=2)
        possible = [name for name in available_codecs() if FORMATS[name].drawn_kbit_s]
        if not possible:
            return {}
        name = possible[int(choice * len(possible))]
        rates = FORMATS[name].drawn_kbit_s
        return {"codec": name, "kbit_s": float(rates[int(mildness * strength * len(rates))])}

    def apply(self, samples: NDArray[np.float32], parameters: Parameters) -> NDArray[np.float32]:
        """Return the audio after ``codec`` at ``kbit_s``, as long as the original; unchanged without parameters.

        Raises
        ------
        MissingLibraryError
            If this build of PyAV cannot encode it.
        """
        if not parameters:
            return samples
        name = parameters["codec"]
        if name not in available_codecs():
            raise MissingLibraryError(
                f"The codec {name} needs the encoder {FORMATS[name].encoder}, which PyAV has not here ({codecs_here()}); install the "
                f"build of PyAV from PyPI."
            )
        return _through(samples, FORMATS[name], bit_s=round(1000 * parameters["kbit_s"]))


@lru_cache
def available_codecs() -> tuple[str, ...]:
    """Return the codecs that this build of PyAV encodes and decodes, in the order of :data:`FORMATS`."""
    from av.codec import Codec as AvCodec
    from av.codec.codec import UnknownCodecError

    found = []
    for name, made in FORMATS.items():
        try:
            AvCodec(made.encoder, "w")
        except UnknownCodecError:
            continue
        found.append(name)
    return tuple(found)


def missing_codecs() -> tuple[str, ...]:
    """Return the codecs that this build of PyAV lacks."""
    return tuple(name for name in FORMATS if name not in available_codecs())


def codecs_here() -> str:
    """Return what decides how a codec sounds here: those there are, and the first two numbers of PyAV's version."""
    return f"{' '.join(available_codecs()) or 'none'}, av {'.'.join(installed_version('av').split('.')[:2])}"


@lru_cache
def codecs_hash() -> str:
    """Return a short hash of the codecs and the whole version of PyAV, for names of files."""
    return short_hash([available_codecs(), installed_version("av")])[:6]


def _through(samples: NDArray[np.float32], made: Format, *, bit_s: int) -> NDArray[np.float32]:
    import av
    import soxr

    padded = np.pad(samples, (0, max(0, FEWEST_SAMPLES - len(samples))))
    if made.rate_hz != SAMPLE_RATE_HZ:
        padded = soxr.resample(padded, SAMPLE_RATE_HZ, made.rate_hz)
    file = io.BytesIO()
    with av.open(file, "w", format=made.container) as container:
        encoded = container.add_stream(made.encoder, rate=made.rate_hz, layout="mono", bit_rate=bit_s)
        assert isinstance(encoded, av.AudioStream)
        encoded.codec_context.thread_count = 1
        whole = np.round(np.clip(padded, -1, 1) * MAX_INT16).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = made.rate_hz
        container.mux(encoded.encode(frame))
        container.mux(encoded.encode(None))
    file.seek(0)
    with av.open(file, "r", format=made.container) as container:
        stream = container.streams.audio[0]
        stream.codec_context.thread_count = 1
        to_float = av.AudioResampler(format="flt", layout="mono")
        frames = [part for frame in container.decode(stream) for part in to_float.resample(frame)]
    rate_hz = frames[0].sample_rate
    decoded = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    if rate_hz != SAMPLE_RATE_HZ:
        decoded = soxr.resample(decoded, rate_hz, SAMPLE_RATE_HZ)
    return np.pad(decoded, (0, max(0, len(samples) - len(decoded))))[: len(samples)].astype(np.float32)
