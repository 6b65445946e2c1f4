"""A small result with one real champion, what a Space of it holds, and a Hub on this machine to send it to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from huggingface_hub import constants

import tests.page.conftest as demo_conftest
from corpora.synthetic import Synthetic
from deployment import hub
from deployment.contents import MANIFEST, Item, collect
from deployment.shipment import Outcome, read_outcome
from runs.manifest import Manifest
from tests.deployment.fake_hub import TOKEN, FakeHub


@pytest.fixture(scope="session")
def small_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results' folder with a linear champion; treat it as read-only."""
    clips = Synthetic(n_speakers=4, n_sentences=1, n_takes=1).read().clips
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_conftest, "OVERRIDES", {"linear": {"n_features": 300}})
        patch.setattr(demo_conftest, "SKILL", {"linear": 2.5, "dummy": 0.0})
        return demo_conftest.make_results(tmp_path_factory.mktemp("deployment") / "synthetic", clips)


@pytest.fixture(scope="session")
def outcome(small_results: Path) -> Outcome:
    return read_outcome(small_results)


@pytest.fixture(scope="session")
def non_commercial(outcome: Outcome) -> Outcome:
    """The same, as if learnt from RAVDESS."""
    champions = {
        key: replace(card, corpus="ravdess", licence="CC BY-NC-SA 4.0", is_real=True) for key, card in outcome.champions.items()
    }
    manifest = Manifest(corpus="ravdess", title="RAVDESS speech", is_real=True, reference="Livingstone & Russo (2018).")
    return replace(outcome, manifest=manifest, champions=champions)


@pytest.fixture(scope="session")
def items(outcome: Outcome) -> tuple[Item, ...]:
    return collect(outcome)


@pytest.fixture(scope="session")
def few(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Some of them, of each kind."""
    wanted = {"README.md", "app.py", ".gitattributes", MANIFEST, "leaderboard/results/synthetic/models/linear/model.skops"}
    return tuple(item for item in items if item.path in wanted)


@pytest.fixture
def fake_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    """The Hub's HTTP API, on this machine, with a valid token in the environment and no waiting."""
    with FakeHub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-login"))
        monkeypatch.setattr(hub, "RETRY_SECONDS", (0.0, 0.0))
        monkeypatch.setattr(hub, "POLL_SECONDS", 0.01)
        monkeypatch.setattr(hub, "BUILD_BEGINS_SECONDS", 0.1)
        yield server
