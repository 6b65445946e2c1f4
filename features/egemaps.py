"""eGeMAPS: the 88 functionals that the field compares itself on, computed by openSMILE where that is installed.

Reference: Eyben et al. 2016, IEEE Transactions on Affective Computing 7(2), in the version eGeMAPSv02.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audio.clip import SAMPLE_RATE_HZ
from emotune.errors import MissingLibraryError
from features.analysis import Analysis
from features.frames import FRAMES_SPEC
from features.kind import InputKind, finite

LIBRARY = "opensmile"
LICENCE = "private, research and educational use only"
"""What the licence of openSMILE's open-source edition allows."""
STATISTICS = (
    *("amean", "stddevNorm", "percentile20.0", "percentile50.0", "percentile80.0", "pctlrange0-2"),
    *("meanRisingSlope", "stddevRisingSlope", "meanFallingSlope", "stddevFallingSlope"),
)
MFCC = ("mfcc1", "mfcc2", "mfcc3", "mfcc4")
OF_FORMANTS = tuple(f"F{k}{what}" for k in (1, 2, 3) for what in ("frequency", "bandwidth", "amplitudeLogRelF0"))
SPECTRAL = ("alphaRatio{}", "hammarbergIndex{}", "slope{}0-500", "slope{}500-1500", "spectralFlux{}")
COLUMNS = (
    *(f"{track}_{statistic}" for track in ("F0semitoneFrom27.5Hz_sma3nz", "loudness_sma3") for statistic in STATISTICS),
    *(f"{track}_sma3_{statistic}" for track in ("spectralFlux", *MFCC) for statistic in STATISTICS[:2]),
    *(
        f"{track}_sma3nz_{statistic}"
        for track in (
            *("jitterLocal", "shimmerLocaldB", "HNRdBACF", "logRelF0-H1-H2", "logRelF0-H1-A3"),
            *OF_FORMANTS,
            *(name.format("V") for name in SPECTRAL),
            *(f"{name}V" for name in MFCC),
        )
        for statistic in STATISTICS[:2]
    ),
    *(f"{name.format('UV')}_sma3nz_amean" for name in SPECTRAL),
    *("loudnessPeaksPerSec", "VoicedSegmentsPerSec", "MeanVoicedSegmentLengthSec", "StddevVoicedSegmentLengthSec"),
    *("MeanUnvoicedSegmentLength", "StddevUnvoicedSegmentLength", "equivalentSoundLevel_dBp"),
)
"""openSMILE's own names of the functionals, in its order."""


class EGemaps(InputKind):
    """The vector of eGeMAPSv02's functionals."""

    key = "egemaps"
    title = "eGeMAPSv02 functionals"
    is_handmade = False
    libraries = (LIBRARY,)
    spec = {"frames": FRAMES_SPEC, "feature_set": "eGeMAPSv02", "level": "functionals", "version": 2}
    columns = COLUMNS

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        """Return the vector, (88,), float32.

        Raises
        ------
        MissingLibraryError
            If openSMILE is not installed.
        """
        table = smile().process_signal(analysis.samples, SAMPLE_RATE_HZ)
        return finite(table[list(COLUMNS)].to_numpy(np.float32)[0])


def require_smile() -> None:
    """Check that openSMILE is installed.

    Raises
    ------
    MissingLibraryError
        If it is not; the message says its licence.
    """
    if importlib.util.find_spec(LIBRARY) is None:
        raise MissingLibraryError(
            f"eGeMAPS needs the package {LIBRARY}, which is not installed; install it with: pip install {LIBRARY} "
            f"(its licence: {LICENCE})."
        )


@lru_cache(maxsize=1)
def smile() -> Any:
    """Return openSMILE's extractor of the functionals."""
    require_smile()
    _load_apart()
    import opensmile

    return opensmile.Smile(feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals)


def _load_apart() -> None:
    """Load openSMILE's library so that it prefers its own symbols.

    In a process that has loaded TensorFlow, which exports some of the same names, it would corrupt the memory otherwise. Only on
    Linux do libraries see the symbols of others.
    """
    if hasattr(os, "RTLD_DEEPBIND"):
        package = importlib.util.find_spec(LIBRARY)
        assert package is not None
        assert package.origin is not None
        for library in Path(package.origin).parent.rglob("libSMILEapi.so"):
            ctypes.CDLL(str(library), mode=os.RTLD_NOW | os.RTLD_DEEPBIND)
