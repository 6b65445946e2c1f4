"""What a head hears of the encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audio.errors import DownloadError
from features import get_input_kind, whisper_weights
from features.whisper import WhisperLayers
from models import get_family
from models.whisper import LAYERS, PERCENTILES, Hearing

WHISPER = get_family("whisper")
N_COLUMNS = 4 * 16
STEPS = np.random.default_rng(0).normal(size=(9, N_COLUMNS)).astype(np.float16)


@pytest.mark.parametrize(("layers", "columns"), [("lower", [0, 32]), ("middle", [16, 48]), ("all", [0, 64])])
def test_layers_are_chosen_by_their_depth(layers: str, columns: list[int]) -> None:
    config = {**WHISPER.defaults, "layers": layers}
    assert Hearing.of(config, n_columns=N_COLUMNS).columns == columns


@pytest.mark.parametrize("statistics", PERCENTILES)
def test_a_linear_head_hears_statistics_over_the_clip(statistics: str) -> None:
    heard = Hearing.of({**WHISPER.defaults, "layers": "all", "statistics": statistics}, n_columns=N_COLUMNS)(STEPS)
    assert heard.shape == ((2 + len(PERCENTILES[statistics])) * N_COLUMNS,)
    np.testing.assert_allclose(heard[:N_COLUMNS], STEPS.astype(np.float32).mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("layers", LAYERS)
def test_a_network_hears_the_steps_themselves(layers: str) -> None:
    hearing = Hearing.of({**WHISPER.defaults, "head": "network", "layers": layers}, n_columns=N_COLUMNS)
    np.testing.assert_array_equal(hearing(STEPS), STEPS[:, slice(*hearing.columns)].astype(np.float32))


def test_a_results_folder_keeps_the_encoder_and_what_it_computes(tmp_path: Path) -> None:
    kind = get_input_kind("whisper")
    kind.keep(tmp_path)
    kept = kind.kept_in(tmp_path)
    assert isinstance(kept, WhisperLayers)
    assert kept.folder == tmp_path / "whisper"
    assert kept.fingerprint == kind.fingerprint


def test_a_results_folder_without_an_encoder_leaves_the_kind_as_it_is(tmp_path: Path) -> None:
    assert get_input_kind("whisper").kept_in(tmp_path) is get_input_kind("whisper")


def test_the_family_says_that_it_needs_the_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(whisper_weights.ENVIRONMENT_VARIABLE)
    monkeypatch.setattr(whisper_weights, "LOCAL_FOLDER", tmp_path)
    with pytest.raises(DownloadError, match="--whisper DIR"):
        WHISPER.require(may_download=False)
