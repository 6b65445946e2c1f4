"""A run's manifest: what is none is refused in one sentence, whatever is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emotune.errors import PredictionsError
from runs.layout import SHIPPED
from runs.manifest import read_manifest

SOUND = json.loads((SHIPPED / "ravdess" / "run.json").read_text(encoding="utf-8"))


def written(folder: Path, **fields: object) -> Path:
    (folder / "run.json").write_text(json.dumps({**SOUND, **fields}), encoding="utf-8")
    return folder / "run.json"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"thresholds": [0.5]}, r"thresholds must be an object \(values: a number\), got \[0\.5\]"),
        ({"thresholds": {"linear": "high"}}, "thresholds must be an object"),
        ({"licence": 5}, "licence must be text or null, got 5"),
        ({"title": None}, "title must be text, got null"),
        ({"is_real": "yes"}, 'is_real must be true or false or null, got "yes"'),
        ({"n_clips": True}, "n_clips must be a whole number or null, got true"),
        ({"emotions": "angry"}, r"emotions must be a list \(text\), got \"angry\""),
        ({"protocol": {"tested_on": "the moon"}}, "tested_on must be one of .*, got 'the moon'"),
        ({"schema": "two"}, 'schema must be a whole number, got "two"'),
        ({"schema": 99, "title": 5}, "up to schema 2, got 99; update emotune"),
    ],
)
def test_a_field_of_another_type_is_refused_with_its_rule(fields: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(PredictionsError, match=said):
        read_manifest(written(tmp_path, **fields))


def test_what_was_not_recorded_is_unknown_and_the_rest_is_read(tmp_path: Path) -> None:
    manifest = read_manifest(written(tmp_path, is_real="not recorded", commit=None))
    assert (manifest.is_real, manifest.commit, manifest.title) == (None, None, SOUND["title"])
