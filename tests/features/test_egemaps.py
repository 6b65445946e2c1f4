"""The functionals of openSMILE, where it is installed and where it is not."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from audio.clip import Clip
from emotune.errors import MissingLibraryError
from emotune.files import PROJECT_ROOT
from features import INPUT_KINDS, Analysis
from features.egemaps import COLUMNS, require_smile
from leaderboard.best import REFERENCES
from models import FAMILIES


def test_there_are_88_names_in_openSMILEs_words() -> None:  # noqa: N802
    assert len(set(COLUMNS)) == len(COLUMNS) == 88
    assert COLUMNS[0] == "F0semitoneFrom27.5Hz_sma3nz_amean"
    assert {"slopeV500-1500_sma3nz_stddevNorm", "spectralFluxUV_sma3nz_amean", "mfcc4_sma3_stddevNorm"} <= set(COLUMNS)
    assert COLUMNS[-1] == "equivalentSoundLevel_dBp"


def test_numbers_are_taken_by_name(synthetic_clips: tuple[Clip, ...]) -> None:
    from tests.stand_in_smile import StandInSmile

    analysis = Analysis(synthetic_clips[0].samples)
    row = StandInSmile().process_signal(analysis.samples, 16_000).iloc[0]
    np.testing.assert_allclose(INPUT_KINDS["egemaps"].extract(analysis), [row[name] for name in COLUMNS], rtol=1e-6)


def test_without_openSMILE_the_family_says_what_to_install_and_its_licence(monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: N802
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingLibraryError, match=r"pip install opensmile .*research and educational use only"):
        FAMILIES["egemaps"].require(may_download=True)


@pytest.mark.skipif(importlib.util.find_spec("opensmile") is None, reason="openSMILE is not installed")
def test_openSMILE_knows_every_name() -> None:  # noqa: N802
    import opensmile

    require_smile()
    smile = opensmile.Smile(feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals)
    assert tuple(smile.feature_names) == COLUMNS


EXTRACTION = """
import tensorflow
import numpy as np
from features import INPUT_KINDS, Analysis

noise = np.random.default_rng(0).normal(scale=0.1, size=(40, 40_000)).astype(np.float32)
vectors = [INPUT_KINDS["egemaps"].extract(Analysis(samples)) for samples in noise]
assert np.isfinite(vectors).all()
"""


@pytest.mark.skipif(importlib.util.find_spec("opensmile") is None, reason="openSMILE is not installed")
def test_openSMILE_computes_in_a_process_that_has_loaded_TensorFlow() -> None:  # noqa: N802
    subprocess.run([sys.executable, "-c", EXTRACTION], check=True, cwd=PROJECT_ROOT)


def test_the_row_is_a_reference_that_no_page_or_space_offers() -> None:
    assert "egemaps" in REFERENCES
