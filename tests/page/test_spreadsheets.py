from __future__ import annotations

import pandas as pd
import pytest

from page.live_rows import Kind, Row, rows_csv
from page.spreadsheets import harmless


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1"])
def test_no_text_of_the_named_columns_is_a_formula(text: str) -> None:
    found = harmless(pd.DataFrame({"emotion": [text, "sad"], "p": [-1.0, 0.5]}), "emotion", "speaker")
    assert found["emotion"].tolist() == [f"'{text}", "sad"]
    assert found["p"].tolist() == [-1.0, 0.5]


def test_what_was_said_when_holds_no_formula() -> None:
    assert ",'=1+1," in rows_csv((Row(0, 1, Kind.EMOTION, "=1+1", 0.5),), started=0)
