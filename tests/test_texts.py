"""The texts: the Python code in them runs."""

from __future__ import annotations

import re

import pytest

from emotune.files import PROJECT_ROOT
from page import batch, live_rows, long
from page.listen import Prediction


def python_in(name: str, *, heading: str = "") -> list[str]:
    """Return the blocks of Python of a text, or of what follows one of its headings."""
    text = (PROJECT_ROOT / name).read_text(encoding="utf-8")
    part = text.partition(f"## {heading}\n")[2].partition("\n## ")[0] if heading else text
    return re.findall(r"```python\n(.*?)```", part, re.DOTALL)


@pytest.mark.parametrize(("number", "name"), [(0, "Mine"), (1, "NaiveBayes"), (2, "MeanMfcc"), (3, "Offset")])
def test_a_recipe_defines_a_class_with_all_that_its_interface_asks_for(number: int, name: str) -> None:
    defined = {"__name__": "recipe"}
    exec(python_in("CONTRIBUTING.md")[number], defined)
    assert defined[name]().key


def test_champions_answer_from_python(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(PROJECT_ROOT)
    blocks = python_in("docs/page.md", heading="From your own Python code")
    answers = [(exec(block, {}), capsys.readouterr().out)[1] for block in blocks]
    assert answers[0].startswith("whisper_base ")
    assert answers[1].startswith("{'neutral': 0.")


def test_every_column_that_the_page_saves_is_explained() -> None:
    answer = Prediction("linear", "Linear", 0.5, "sad", 0.9, False, {"sad": 0.9})
    files = batch.as_csv([batch.Row("a.wav", (answer,), speaker="anna", with_voice=(answer,))])
    tables = (files, long.as_csv(long.LongAnswer(1.0, "linear", ("",), (), ())), live_rows.rows_csv((), started=0.0))
    names = {name.replace("p_sad", "p_EMOTION") for table in tables for name in table.splitlines()[0].split(",")}
    text = (PROJECT_ROOT / "docs/results.md").read_text(encoding="utf-8")
    assert {name for name in names if f"`{name}`" not in text} == set()
