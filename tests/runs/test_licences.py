"""Licences of several corpora: which one counts."""

from __future__ import annotations

import pytest

from runs.licences import is_non_commercial, strictest


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", "MIT"),
        ("CC BY 4.0 + CC BY-NC-SA 4.0", "CC BY-NC-SA 4.0"),
        ("CC BY-NC-SA 4.0 + CC BY-NC-ND 4.0", "CC BY-NC-ND 4.0"),
        ("not stated + MIT", "not stated"),
        ("not stated + free for non-commercial research", "free for non-commercial research"),
        ("CC BY 4.0 + research use only", "research use only"),
        ("CC BY 4.0 + not stated by its authors", "not stated by its authors"),
        ("CC0 + CC BY-SA 4.0", "CC BY-SA 4.0"),
        (None, "not stated"),
    ],
)
def test_the_strictest_licence_of_several_is_named(licence: str | None, expected: str) -> None:
    assert strictest(licence) == expected


@pytest.mark.parametrize("licence", ["research use only", "free for academic purposes", "CC BY-NC 4.0", "non-commercial use"])
def test_a_licence_for_research_forbids_commercial_use(licence: str) -> None:
    assert is_non_commercial(licence)


def test_one_non_commercial_licence_among_several_forbids_commercial_use() -> None:
    assert is_non_commercial("CC BY 4.0 + CC BY-NC 4.0")
    assert not is_non_commercial("CC BY 4.0 + MIT")
