"""The feature store: computed once, kept whole, never stale."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.clip import Clip
from augment import ORIGINAL, Variant, make_variant
from features import INPUT_KINDS, Analysis, InputKind
from features.functionals import Functionals
from features.log_mel import LogMel
from features.mfcc import MfccSequence
from features.store import FeatureStore, compute

IMAGE, SEQUENCE = INPUT_KINDS["image"], INPUT_KINDS["sequence"]
CLIPPED = Variant("clipping", "strong", 0)


@pytest.fixture
def clip(synthetic_clips: tuple[Clip, ...]) -> Clip:
    return synthetic_clips[0]


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    return FeatureStore(tmp_path / "features")


class Counted(LogMel):
    """Images that count how often they are made."""

    key = "counted"

    def __init__(self) -> None:
        self.n = 0

    def extract(self, analysis: Analysis) -> NDArray[Any]:
        self.n += 1
        return super().extract(analysis)

    def sources(self) -> list[Path]:
        return []


def test_an_array_is_computed_once_and_then_read(store: FeatureStore, clip: Clip) -> None:
    kind = Counted()
    first = store.fetch(kind, clip)
    assert store.fetch(kind, clip) is first
    np.testing.assert_array_equal(FeatureStore(store.root).fetch(kind, clip), first)
    assert kind.n == 1


def test_what_is_fetched_is_what_the_kind_extracts_from_the_variant(store: FeatureStore, clip: Clip) -> None:
    for variant in (ORIGINAL, CLIPPED):
        expected = SEQUENCE.extract(Analysis(make_variant(clip, variant)))
        for place in (store, FeatureStore(store.root)):
            np.testing.assert_array_equal(place.fetch(SEQUENCE, clip, variant), expected)


def test_memory_is_bounded_and_what_was_forgotten_is_read_again(
    store: FeatureStore, synthetic_clips: tuple[Clip, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = Counted()
    first = store.fetch(kind, synthetic_clips[0])
    monkeypatch.setattr("features.store.MEMORY_BYTES", first.nbytes)
    for clip in synthetic_clips[1:4]:
        store.fetch(kind, clip)
    again = store.fetch(kind, synthetic_clips[0])
    assert again is not first
    np.testing.assert_array_equal(again, first)
    assert kind.n == 4


def test_a_fetched_array_cannot_be_written_to(store: FeatureStore, clip: Clip) -> None:
    for place in (store, FeatureStore(store.root)):
        with pytest.raises(ValueError, match="read-only"):
            place.fetch(IMAGE, clip)[0] = 1


def test_every_kind_clip_and_variant_has_a_path_of_its_own(store: FeatureStore, synthetic_clips: tuple[Clip, ...]) -> None:
    variants = (ORIGINAL, CLIPPED, Variant("clipping", "gentle", 0), Variant("clipping", "strong", 1), Variant("noise", "strong", 0))
    paths = [store.path(kind, clip, v) for kind in INPUT_KINDS.values() for clip in synthetic_clips[:5] for v in variants]
    assert len(set(paths)) == len(paths)
    assert all(store.root in path.parents for path in paths)


def test_a_changed_spec_meets_no_old_array(store: FeatureStore, clip: Clip) -> None:
    class Respecified(Counted):
        spec = {**LogMel.spec, "version": "next"}

    store.fetch(Counted(), clip)
    changed = Respecified()
    store.fetch(changed, clip)
    assert changed.n == 1


def test_changed_samples_meet_no_old_array(store: FeatureStore, clip: Clip) -> None:
    kind = Counted()
    changed = dataclasses.replace(clip, samples=clip.samples * np.float32(0.5))
    store.fetch(kind, clip)
    np.testing.assert_array_equal(store.fetch(kind, changed), compute([kind], changed)[kind.key])
    assert store.path(kind, clip) != store.path(kind, changed)


def test_a_renamed_clip_of_the_same_samples_meets_its_array(store: FeatureStore, clip: Clip) -> None:
    assert store.path(IMAGE, dataclasses.replace(clip, name="other", speaker="X")) == store.path(IMAGE, clip)


@pytest.mark.parametrize(
    ("edit", "moves"),
    [
        (lambda code: code.replace("return 1", "return 2"), True),
        (lambda code: code + "\nEXTRA = 1\n", True),
        (lambda code: code.replace("return 1", "return 1  # a comment"), False),
        (lambda code: code.replace("Old words.", "New words."), False),
        (lambda code: "\n\n" + code.replace("    return", "\n    return"), False),
    ],
    ids=["other value", "other line", "comment", "docstring", "layout"],
)
def test_changed_code_meets_no_old_array_but_changed_words_do(
    edit: Callable[[str], str], moves: bool, tmp_path: Path, store: FeatureStore, clip: Clip
) -> None:
    source = tmp_path / "module.py"
    source.write_text('"""Old words."""\n\n\ndef answer():\n    """Old words."""\n    return 1\n', encoding="utf-8")

    class FromFile(LogMel):
        def sources(self) -> list[Path]:
            return [source]

    before = store.path(FromFile(), clip)
    source.write_text(edit(source.read_text(encoding="utf-8")), encoding="utf-8")
    assert (store.path(FromFile(), clip) != before) == moves


@pytest.mark.parametrize("kind_type", [Functionals, MfccSequence, LogMel])
def test_the_sources_of_a_kind_are_its_module_and_all_it_imports(kind_type: type[InputKind]) -> None:
    names = {path.name for path in kind_type().sources()}
    own = {
        "Functionals": {"functionals.py", "descriptors.py", "statistics.py"},
        "MfccSequence": {"mfcc.py"},
        "LogMel": {"log_mel.py"},
    }
    assert own[kind_type.__name__] | {"kind.py", "analysis.py", "frames.py", "voice.py"} <= names
    assert "encoder.py" not in names
    assert all(path.is_file() for path in kind_type().sources())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_computed_anew(share: float, store: FeatureStore, clip: Clip) -> None:
    expected = store.fetch(IMAGE, clip)
    path = store.path(IMAGE, clip)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    np.testing.assert_array_equal(FeatureStore(store.root).fetch(IMAGE, clip), expected)
    assert path.read_bytes() == whole


def test_a_pickle_in_the_cache_is_never_read(store: FeatureStore, clip: Clip) -> None:
    expected = store.fetch(IMAGE, clip)
    with store.path(IMAGE, clip).open("wb") as file:
        np.save(file, np.array([{"not": "an array"}], dtype=object), allow_pickle=True)
    np.testing.assert_array_equal(FeatureStore(store.root).fetch(IMAGE, clip), expected)


def test_files_are_written_whole_and_leave_no_litter(store: FeatureStore, clip: Clip) -> None:
    store.prepare([IMAGE, SEQUENCE], [clip], [ORIGINAL, CLIPPED])
    assert {path.suffix for path in store.root.rglob("*") if path.is_file()} == {".npy"}


def test_preparing_in_parallel_equals_computing_one_by_one(tmp_path: Path, synthetic_clips: tuple[Clip, ...]) -> None:
    kinds, clips, variants = [IMAGE, SEQUENCE], synthetic_clips[:14], (ORIGINAL, CLIPPED)
    reported: list[tuple[int, int]] = []
    store = FeatureStore(tmp_path)
    assert store.prepare(kinds, clips, variants, n_jobs=2, progress=lambda done, total: reported.append((done, total))) == 28
    assert sorted(reported) == reported
    assert reported[-1] == (28, 28)
    for clip in clips:
        for variant in variants:
            expected = compute(kinds, clip, variant)
            for kind in kinds:
                np.testing.assert_array_equal(np.load(store.path(kind, clip, variant)), expected[kind.key])


def test_what_is_there_is_not_prepared_again(store: FeatureStore, synthetic_clips: tuple[Clip, ...]) -> None:
    kind = Counted()
    assert store.prepare([kind], synthetic_clips[:3]) == 3
    assert store.prepare([kind], synthetic_clips[:4]) == 1
    assert store.prepare([kind], synthetic_clips[:4]) == 0
    assert kind.n == 4


def test_a_missing_kind_alone_is_added(store: FeatureStore, clip: Clip) -> None:
    first, second = Counted(), Counted()
    second.key = "second"  # type: ignore[misc]
    store.prepare([first], [clip])
    store.prepare([first, second], [clip])
    assert (first.n, second.n) == (1, 1)


def test_kinds_that_share_an_analysis_are_computed_together(tmp_path: Path, clip: Clip) -> None:
    store = FeatureStore(tmp_path, [IMAGE, SEQUENCE])
    found = store.fetch(IMAGE, clip, CLIPPED)
    expected = compute([IMAGE, SEQUENCE], clip, CLIPPED)
    np.testing.assert_array_equal(found, expected["image"])
    np.testing.assert_array_equal(np.load(store.path(SEQUENCE, clip, CLIPPED)), expected["sequence"])


def test_completing_computes_each_missing_array_once(store: FeatureStore, synthetic_clips: tuple[Clip, ...]) -> None:
    kind = Counted()
    store.fetch(kind, synthetic_clips[0])
    store.complete(kind, synthetic_clips[:3], [ORIGINAL, CLIPPED])
    assert kind.n == 6
    store.complete(kind, synthetic_clips[:3], [ORIGINAL, CLIPPED])
    assert kind.n == 6


def test_another_process_gets_the_store_without_its_arrays(tmp_path: Path, synthetic_clips: tuple[Clip, ...]) -> None:
    store = FeatureStore(tmp_path, [IMAGE])
    n_bytes = sum(store.fetch(IMAGE, clip).nbytes for clip in synthetic_clips[:5])
    pickled = pickle.dumps(store)
    assert len(pickled) < n_bytes / 5
    assert pickle.loads(pickled).path(IMAGE, synthetic_clips[0]) == store.path(IMAGE, synthetic_clips[0])
