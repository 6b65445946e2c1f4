"""What the tests of the search share."""

import pytest

from tests.fixtures.whole_command import without_pictures


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing but the report of the session's finished run."""
    without_pictures(monkeypatch)
