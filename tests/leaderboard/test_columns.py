"""``docs/results.md`` explains every column, and its code computes the figures again."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from emotune.files import PROJECT_ROOT
from leaderboard import adapted, cross_corpus, robust
from leaderboard.table import SUBSET, build_leaderboard, columns
from metrics.predictions import KEYS, SUBSET_KEYS

TEXT = (PROJECT_ROOT / "docs" / "results.md").read_text(encoding="utf-8")
TABLES = (adapted.COLUMNS, robust.COLUMNS, cross_corpus.COLUMNS, KEYS, SUBSET_KEYS, (SUBSET,))


def test_every_column_is_explained() -> None:
    names = {*columns(["angry"]), *(name for table in TABLES for name in table)}
    base = {re.sub(r"_ci_(low|high)$", "", name).replace("f1_angry", "f1_EMOTION") for name in names}
    assert [name for name in sorted(base) if f"`{name}`" not in TEXT] == []
    ways = [re.sub(r"^\d+ ", "N ", known) for known in adapted.WORDS]
    assert [way for way in ways if f"`{way}`" not in TEXT] == []


def test_its_code_gives_the_leaderboard(predictions: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    predictions.to_csv(path, index=False)
    board = build_leaderboard(predictions, {}).set_index("family")
    code = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0].replace("leaderboard/shipped/ravdess/predictions.csv", str(path))
    found: dict[str, dict[str, float]] = {}
    exec(code, found)
    assert found["overall"] == pytest.approx(board["uar"].to_dict(), abs=1e-4)
    assert found["best"] == board.index[0]
