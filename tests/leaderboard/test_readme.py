"""The README's tables: they are those of the shipped results, and a file without marks is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from leaderboard import readme
from leaderboard.table import SUBSET, columns, markdown_table, read_leaderboard
from runs.layout import PROJECT_ROOT, SHIPPED, RunFolder, shipped_runs

FILE = PROJECT_ROOT / "README.md"
SUBSETS = (
    *(("xgboost", "all", 0.4), ("linear", "all", 0.3)),
    *(("xgboost", "corpus a", 0.41), ("linear", "corpus a", 0.31)),
    *(("linear", "corpus b", 0.32), ("xgboost", "corpus b", 0.42), ("xgboost", "language en", 0.6)),
)


def between(text: str, name: str) -> str:
    begin, end = readme.marks(name)
    return text.split(begin)[1].split(end)[0].strip()


def test_the_readme_shows_the_shipped_results() -> None:
    text, runs = FILE.read_text(encoding="utf-8"), shipped_runs()
    assert readme.with_tables(text, runs) == text
    assert len(between(text, readme.RESULTS).splitlines()) == len(runs) + 2


def test_a_result_is_shown_by_its_best_family_where_its_figures_belong() -> None:
    run = next(run for run in shipped_runs() if run.path.name == "ravdess")
    best = read_leaderboard(run.leaderboard).iloc[0]
    cells = [cell.strip() for cell in readme.results_table([run]).splitlines()[-1].strip("|").split("|")]
    assert cells[:4] == ["ravdess", "24", "8", best["family"]]
    assert cells[4].startswith(f"{100 * best['uar']:.1f} [")
    assert cells[5:7] == [f"{100 * best['uar_robust']:.1f}", f"{100 * best['uar_adapted']:.1f}"]
    assert cells[7] == "–"


def test_the_command_replaces_what_stands_between_the_marks(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    ravdess = next(run for run in shipped_runs() if run.path.name == "ravdess")
    blocks = ["\n".join((begin, "old", end)) for begin, end in map(readme.marks, (readme.RESULTS, "ravdess"))]
    path.write_text("\n".join(["before", *blocks, "after"]))
    subprocess.run([sys.executable, "-m", "leaderboard.readme", SHIPPED, "--readme", path], cwd=PROJECT_ROOT, check=True)
    text = path.read_text(encoding="utf-8")
    assert between(text, "ravdess") == markdown_table(read_leaderboard(ravdess.leaderboard))
    assert between(text, readme.RESULTS) == readme.results_table(shipped_runs())
    assert (text.splitlines()[0], text.splitlines()[-1]) == ("before", "after")


def test_a_result_of_several_corpora_is_shown_corpus_by_corpus(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    rows = pd.DataFrame(SUBSETS, columns=["family", SUBSET, "uar"])
    rows.reindex(columns=[*columns(["angry"]), SUBSET]).to_csv(run.leaderboard, index=False)
    known = "linear,corpus b,all others,0.3,0.5\nlinear,corpus b,random,0.3,0.9\n"
    run.adaptation.write_text(f"family,subset,known,uar_none,uar\n{known}")
    head, _, *rows = readme.corpora_table(run).splitlines()
    assert [cell.strip() for cell in head.strip("|").split("|")] == ["Family", "a", "b"]
    assert [[cell.strip() for cell in row.strip("|").split("|")] for row in rows] == [
        ["xgboost", "41.0", "42.0"],
        ["linear", "31.0", "32.0 → 50.0"],
    ]


@pytest.mark.parametrize("text", ["no marks", "<!-- results:end --> <!-- results:begin -->"])
def test_a_readme_without_its_marks_is_left_alone_with_one_sentence(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "README.md"
    path.write_text(text)
    assert readme.main([str(SHIPPED), "--readme", str(path)]) == 1
    assert path.read_text() == text
    assert "<!-- results:begin -->" in capsys.readouterr().err


def test_a_folder_without_results_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert readme.main([str(tmp_path), "--readme", str(FILE)]) == 1
    assert str(tmp_path) in capsys.readouterr().err
