"""What a Space holds, and that it is all that the page needs and nothing more."""

from __future__ import annotations

import json
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest
from huggingface_hub import SpaceCard

from deployment.contents import MANIFEST, PROJECT, Item, collect, listed_in
from deployment.front_matter import PYTHON_VERSION, hub_licence
from deployment.requirements import KERAS, name_of, pinned_version
from deployment.shipment import Outcome, read_outcome
from emotune.errors import ChampionError, DeployError
from emotune.sources import files_behind, imported_names
from runs.layout import SHIPPED

COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
PLACE = "leaderboard/results/synthetic"


def text_of(items: tuple[Item, ...], path: str) -> str:
    return next(item for item in items if item.path == path).content.decode()


def front_matter(items: tuple[Item, ...]) -> dict[str, object]:
    return SpaceCard(text_of(items, "README.md")).data.to_dict()


@pytest.fixture
def copied(small_results: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_results, tmp_path / "synthetic"))


def test_a_space_holds_the_page_its_modules_its_champions_and_its_examples(items: tuple[Item, ...]) -> None:
    paths = {item.path for item in items}
    assert {"app.py", "LICENSE", "page/interface.py", "page/page.css", "page/about.md", "runs/champions.py", "audio/load.py"} <= paths
    assert {f"{PLACE}/{name}" for name in ("leaderboard.csv", "predictions.csv", "run.json", "ood.npz")} <= paths
    assert f"{PLACE}/models/linear/model.skops" in paths
    assert "model-cards/linear.md" in paths
    assert sum(path.startswith("examples/synthetic-") for path in paths) >= 3


def test_a_space_holds_nothing_of_the_search_the_tests_or_the_deployment(items: tuple[Item, ...]) -> None:
    tops = {item.path.partition("/")[0] for item in items}
    assert not tops & {"search", "tests", "deployment", "benchmarks", "deploy.py", "pyproject.toml", "cache", "data"}


def test_what_lies_among_the_results_but_is_not_the_pages_stays_here(copied: Path, items: tuple[Item, ...]) -> None:
    for name in ("study.log", "report.html", "work/inner.npz", "clip.wav", "models/.linear.tmp/card.json", "models/notes.txt"):
        path = copied / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    assert collect(read_outcome(copied)) == items


def test_the_dummy_stays_here_for_the_page_does_not_load_it(copied: Path) -> None:
    shutil.copytree(copied / "models" / "linear", copied / "models" / "dummy")
    assert not [item.path for item in collect(read_outcome(copied)) if "/dummy/" in item.path]


def test_the_front_matter_and_the_pins_agree(items: tuple[Item, ...]) -> None:
    data, requirements = front_matter(items), text_of(items, "requirements.txt")
    assert data["sdk"] == "gradio"
    assert data["sdk_version"] == pinned_version(requirements, "gradio") == metadata.version("gradio")
    assert data["sdk_version"] == pinned_version((PROJECT / "requirements-page.txt").read_text(), "gradio")
    assert data["app_file"] in {item.path for item in items}


def test_the_front_matter_is_what_the_hub_takes(items: tuple[Item, ...]) -> None:
    data = front_matter(items)
    assert {data["colorFrom"], data["colorTo"]} <= COLOURS
    assert len(str(data["short_description"])) <= 60
    assert data["python_version"] == PYTHON_VERSION
    assert re.fullmatch(r"3\.1[123]\.\d+", PYTHON_VERSION)  # the pins exist for these
    assert data["license"] == "mit"


def test_the_front_matter_names_the_licence_and_the_corpus_of_the_models(non_commercial: Outcome) -> None:
    data = front_matter(collect(non_commercial))
    assert data["license"] == "cc-by-nc-sa-4.0"
    assert data["datasets"] == ["narad/ravdess"]
    assert hub_licence("of my own") == "other"


def test_the_readme_says_what_it_shows_and_under_which_licences(items: tuple[Item, ...], non_commercial: Outcome) -> None:
    assert "made by code" in text_of(items, "README.md")
    text = text_of(collect(non_commercial), "README.md")
    assert "made by code" not in text
    assert "The code is MIT" in text
    assert "CC BY-NC-SA 4.0. Commercial use is forbidden." in text
    assert "| linear |" in text.lower()


def test_the_requirements_are_the_pages_pins(items: tuple[Item, ...]) -> None:
    assert text_of(items, "requirements.txt") == (PROJECT / "requirements-page.txt").read_text()


def test_the_page_imports_nothing_that_its_requirements_do_not_bring(items: tuple[Item, ...]) -> None:
    kept = {name_of(line) for line in text_of(items, "requirements.txt").splitlines()} - {""}
    installed = [name for name in kept if is_installed(name)]
    needed = {name_of(line) for name in installed for line in metadata.requires(name) or [] if "extra ==" not in line}
    names = {name.partition(".")[0] for module in files_behind(PROJECT / "app.py") for name in imported_names(module)}
    providers = metadata.packages_distributions()
    foreign = {name for name in names if name in providers and name not in sys.stdlib_module_names}
    assert {"gradio", "sklearn", "tensorflow"} <= foreign
    missing = {name for name in foreign if not {name_of(provider) for provider in providers[name]} & (kept | needed)}
    assert missing == {"keras", "tensorflow"}  # which training imports; another test answers without them
    assert not foreign & {"optuna", "sqlalchemy"}


def is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def test_a_space_has_keras_where_a_network_has_a_layer_that_only_keras_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = read_outcome(SHIPPED / "emodb")
    assert not outcome.needs_keras
    monkeypatch.setattr("models.networks.numpy_network.LAYERS", {})
    needed = {name_of(line) for line in text_of(collect(outcome), "requirements.txt").splitlines()}
    assert needed > {*KERAS, "gradio"}
    assert "optuna" not in needed


def test_a_gradio_without_a_pin_is_refused() -> None:
    with pytest.raises(DeployError, match="must pin gradio to one version"):
        pinned_version("gradio>=6\ngradio_client==1\n", "gradio")


def test_binary_files_are_stored_apart_from_git(items: tuple[Item, ...]) -> None:
    assert {item.path for item in items if not is_text(item.content)} == {item.path for item in items if item.is_stored_apart}
    attributes = text_of(items, ".gitattributes").splitlines()
    assert "*.skops filter=lfs diff=lfs merge=lfs -text" in attributes


def is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


def test_the_manifest_lists_every_file_with_its_hash(items: tuple[Item, ...]) -> None:
    listed = json.loads(text_of(items, MANIFEST))["files"]
    assert listed == {item.path: item.sha256 for item in items if item.path != MANIFEST}
    assert listed_in(text_of(items, MANIFEST).encode()) == {item.path for item in items}


@pytest.mark.parametrize("manifest", [b"", b"[]", b"\xff", b'{"files": 3}'])
def test_a_manifest_that_is_none_lists_nothing(manifest: bytes) -> None:
    assert listed_in(manifest) == frozenset()


def test_without_champions_the_next_step_is_the_search(copied: Path) -> None:
    shutil.rmtree(copied / "models")
    with pytest.raises(DeployError, match=r"needs champions, and .*models has none; run search/run\.py first"):
        read_outcome(copied)


def test_a_run_that_has_not_finished_is_no_outcome(copied: Path) -> None:
    (copied / "run.json").unlink()
    with pytest.raises(DeployError, match=r"run\.json is missing; let search/run\.py finish"):
        read_outcome(copied)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_run_that_is_no_object_is_refused(copied: Path, text: str) -> None:
    (copied / "run.json").write_text(text)
    with pytest.raises(DeployError, match=r"run\.json must"):
        read_outcome(copied)


def test_a_champion_that_lacks_a_file_is_refused(copied: Path) -> None:
    (copied / "models" / "linear" / "model.skops").unlink()
    with pytest.raises(ChampionError, match="the card names this file, and it is missing"):
        read_outcome(copied)


def test_a_champion_that_differs_from_its_card_is_refused(copied: Path) -> None:
    (copied / "models" / "linear" / "model.skops").write_bytes(b"other")
    with pytest.raises(DeployError, match=r"model\.skops: its SHA-256 must be"):
        collect(read_outcome(copied))
