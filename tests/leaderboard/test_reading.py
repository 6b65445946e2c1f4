"""Tables of a result that were cut or saved otherwise are refused: no figure of them is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from emotune.errors import PredictionsError
from leaderboard.adapted import read_adaptation
from leaderboard.cross_corpus import read_cross_corpus
from leaderboard.robust import read_robustness
from leaderboard.table import read_leaderboard
from runs.layout import SHIPPED

READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    "leaderboard.csv": read_leaderboard,
    "cross_corpus.csv": read_cross_corpus,
    "robustness.csv": read_robustness,
    "adaptation.csv": read_adaptation,
}


@pytest.fixture(params=READERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def spoilt(name: str, folder: Path, spoil: Callable[[str], str]) -> Path:
    path = folder / name
    path.write_text(spoil((SHIPPED / "everyday" / name).read_text(encoding="utf-8")), encoding="utf-8")
    return path


def test_a_sound_table_is_read(name: str, tmp_path: Path) -> None:
    assert len(READERS[name](spoilt(name, tmp_path, str)))


@pytest.mark.parametrize("n_left", [1, 3, 20, 70])
def test_a_table_cut_within_a_line_is_refused(name: str, n_left: int, tmp_path: Path) -> None:
    path = spoilt(name, tmp_path, lambda text: text[: text.index("\n", len(text) // 2) + 1 + n_left])
    with pytest.raises(PredictionsError, match=rf"{name}.* again\."):
        READERS[name](path)


def test_a_figure_that_was_cut_is_not_taken_for_the_figure(tmp_path: Path) -> None:
    path = spoilt("leaderboard.csv", tmp_path, lambda text: text[: text.index("whisper,all,") + len("whisper,all,0.5")])
    with pytest.raises(PredictionsError, match=r"cells in every row, but line 4 has 4; restore it"):
        read_leaderboard(path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text.replace(",", ";"), "must have the columns .* separated by commas"),
        (lambda text: "from,to\n", "must have the columns .* separated by commas"),
        (lambda text: text + text.splitlines()[1] + "\n", "must have one row for each"),
        (lambda text: "".join(pd.Series(text.splitlines(keepends=True)).str.replace(r"0\.\d+", "much", regex=True)), "got much"),
    ],
)
def test_a_table_of_something_else_is_refused_with_its_rule(
    name: str, spoil: Callable[[str], str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(PredictionsError, match=said):
        READERS[name](spoilt(name, tmp_path, spoil))


def test_a_word_in_any_column_of_figures_is_refused(tmp_path: Path) -> None:
    path = spoilt("leaderboard.csv", tmp_path, lambda text: text.replace("\n1,", "\nfirst,", 1))
    with pytest.raises(PredictionsError, match=r"a number in every other column, but: .*first"):
        read_leaderboard(path)


def test_a_leaderboard_without_emotions_is_refused(tmp_path: Path) -> None:
    path = spoilt("leaderboard.csv", tmp_path, lambda text: text.replace("f1_", "score_"))
    with pytest.raises(PredictionsError, match="f1_EMOTION"):
        read_leaderboard(path)
