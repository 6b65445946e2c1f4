"""Options with nothing after them are refused: the folder where the command runs is no answer."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from deployment.cli import parser as deploy_parser
from emotune.arguments import given_path
from page.options import parse
from search.options import parser as search_parser


@pytest.mark.parametrize("text", ["", " "])
def test_a_path_that_is_empty_names_nothing(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="must name a file or folder, got '"):
        given_path(text)
    assert given_path(".") == Path()


@pytest.mark.parametrize(
    ("read", "option"),
    [
        *((parse, option) for option in ("--results", "--file", "--csv", "--labels")),
        *((lambda given: search_parser().parse_args(given), option) for option in ("--data", "--out", "--whisper")),
        *((lambda given: deploy_parser().parse_args(given), option) for option in ("--results", "--out")),
    ],
)
def test_an_empty_path_is_refused_by_the_name_of_its_option(read: object, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        read([option, ""])
    assert stopped.value.code == 2
    assert (
        f"argument {option}: must name a file or folder, got ''; give its path, or leave the option out." in capsys.readouterr().err
    )
