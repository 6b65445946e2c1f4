"""Sections on a screen and as a page: everything is escaped, long tables are cut on the screen only."""

from __future__ import annotations

import io
from html.parser import HTMLParser

from rich.console import Console

from corpora.sections import MAX_ROWS_ON_SCREEN, Section, html_page, show

HOSTILE = '<script>alert("x")</script>&amp; [bold]\x1b[31m\n\udcff'


def shown(section: Section) -> str:
    text = io.StringIO()
    show([section], Console(file=text, width=140))
    return text.getvalue()


def page(section: Section) -> str:
    return html_page("title", "verdict", [section], is_refused=False)


class Tags(HTMLParser):
    """Collects the names of tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.names.add(tag)


def test_names_of_files_are_shown_as_they_are_and_cannot_change_the_page_or_the_screen() -> None:
    section = Section(HOSTILE, (HOSTILE,), columns=(HOSTILE, "n"), rows=((HOSTILE, "1"),))
    html = html_page(HOSTILE, HOSTILE, [section], is_refused=True)
    assert "script" not in Tags(html).names
    assert "&lt;script&gt;" in html
    html.encode("utf-8")
    screen = shown(section)
    screen.encode("utf-8")
    assert "\x1b" not in html + screen
    assert '<script>alert("x")</script>&amp; [bold]' in screen


def test_a_long_table_is_cut_on_the_screen_and_whole_on_the_page() -> None:
    section = Section("Many", columns=("clip", "n"), rows=tuple((f"clip-{k}", str(k)) for k in range(MAX_ROWS_ON_SCREEN + 5)))
    assert "… and 5 more rows." in shown(section)
    assert f"clip-{MAX_ROWS_ON_SCREEN + 4}" not in shown(section)
    assert f"clip-{MAX_ROWS_ON_SCREEN + 4}" in page(section)


def test_a_section_without_content_is_left_out() -> None:
    assert "Nothing" not in shown(Section("Nothing")) + page(Section("Nothing", columns=("a", "b")))


def test_a_page_needs_nothing_else() -> None:
    html = page(Section("A section", ("A sentence.",)))
    assert not Tags(html).names & {"script", "link", "img", "iframe"}
    assert "http" not in html
    assert "A sentence." in html


def test_details_are_on_the_page_only() -> None:
    details = Section("Details", ("A sentence.",), is_for_page_only=True)
    assert "Details" not in shown(details)
    assert "Details" in page(details)
