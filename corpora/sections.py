"""Sections with a table each, shown on a screen or as one HTML page that needs nothing else."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

MAX_ROWS_ON_SCREEN = 30
MAX_SENTENCES_ON_SCREEN = 12
WIDTH_OF_FILES = 140

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1c1c20; --soft: #5a5a64; --line: #d9d9de; --shade: #f4f4f2; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16161a; --ink: #ececf0; --soft: #a6a6b2; --line: #3a3a44; --shade: #222228; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 66rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.5rem 0 1rem; }
h2 { font-size: 1.25rem; margin: 2rem 0 0.6rem; }
.verdict { border: 3px solid #009e73; border-radius: 8px; padding: 0.8rem 1rem; font-size: 1.1rem; white-space: pre-line; }
.verdict.refused { border-color: #d55e00; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; overflow-wrap: normal; }
th, td { padding: 0.35rem 0.7rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
thead th { vertical-align: bottom; background: var(--shade); }
.text { text-align: left; overflow-wrap: anywhere; min-width: 6rem; }
"""


@dataclass(frozen=True)
class Section:
    """Sentences and a table under a title.

    Attributes
    ----------
    title : str
        Its heading.
    sentences : tuple of str
        What is said before the table.
    columns : tuple of str
        Headings of the table; none for a section without a table.
    rows : tuple of tuple of str
        One cell for each column.
    is_text : tuple of bool
        Which columns hold words and not numbers; by default only the first does.
    is_for_page_only : bool
        Whether the screen leaves it out.
    """

    title: str
    sentences: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    is_text: tuple[bool, ...] = ()
    is_for_page_only: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.sentences and not self.rows

    @property
    def holds_text(self) -> tuple[bool, ...]:
        """Which columns hold words."""
        return self.is_text or tuple(k == 0 for k in range(len(self.columns)))


def printable(text: str) -> str:
    """Return text without control characters and broken code points, which names of files may hold."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def screen() -> Console:
    """Return the standard output; what is not a terminal takes lines of :data:`WIDTH_OF_FILES` columns."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # arrows and dashes, where the terminal does not know them
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH_OF_FILES)


def show(sections: Sequence[Section], console: Console) -> None:
    """Show sections on a screen; long ones are cut, which is said.

    Parameters
    ----------
    sections : sequence of Section
        What to show.
    console : Console
        Where.
    """
    for section in sections:
        if section.is_for_page_only or section.is_empty:
            continue
        console.print()
        console.print(Text(printable(section.title), style="bold"))
        shown = section.sentences[:MAX_SENTENCES_ON_SCREEN]
        for sentence in (*shown, *_left(len(section.sentences) - len(shown), "sentences")):
            console.print(Text(printable(sentence)), soft_wrap=not console.is_terminal)
        if section.rows:
            console.print(_table(section))
            for sentence in _left(len(section.rows) - MAX_ROWS_ON_SCREEN, "rows"):
                console.print(Text(sentence))


def html_page(title: str, verdict: str, sections: Sequence[Section], *, is_refused: bool) -> str:
    """Return sections as one HTML page that needs nothing else.

    Parameters
    ----------
    title : str
        Of the page.
    verdict : str
        What stands above the sections.
    sections : sequence of Section
        What to show; every text is escaped.
    is_refused : bool
        Whether the verdict is a refusal.
    """
    refused = " refused" if is_refused else ""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{_html(title)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{_html(title)}</h1>\n"
        f'<p class="verdict{refused}" role="status">{_html(verdict)}</p>\n'
        f"{''.join(_html_section(section) for section in sections if not section.is_empty)}</main>\n</body>\n</html>\n"
    )


def _left(n: int, what: str) -> tuple[str, ...]:
    return (f"… and {n} more {what}.",) if n > 0 else ()


def _table(section: Section) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False, show_edge=False)
    table.show_header = any(section.columns)
    for column, is_text in zip(section.columns, section.holds_text, strict=True):
        table.add_column(Text(printable(column)), justify="left" if is_text else "right", overflow="fold", no_wrap=not is_text)
    for row in section.rows[:MAX_ROWS_ON_SCREEN]:
        table.add_row(*(Text(printable(cell).replace("\n", " ")) for cell in row))
    return table


def _html_section(section: Section) -> str:
    sentences = "".join(f"<p>{_html(sentence)}</p>\n" for sentence in section.sentences)
    if not section.rows:
        return f"<section>\n<h2>{_html(section.title)}</h2>\n{sentences}</section>\n"
    kinds = ['class="text"' if is_text else "" for is_text in section.holds_text]
    headings = "".join(f'<th scope="col" {kind}>{_html(column)}</th>' for column, kind in zip(section.columns, kinds, strict=True))
    rows = "\n".join(
        "<tr>" + "".join(f"<td {kind}>{_html(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in section.rows
    )
    head = f"<thead><tr>{headings}</tr></thead>\n" if any(section.columns) else ""
    return (
        f"<section>\n<h2>{_html(section.title)}</h2>\n{sentences}"
        f'<div class="wide"><table>\n{head}<tbody>\n{rows}\n</tbody>\n</table></div>\n</section>\n'
    )


def _html(text: str) -> str:
    return escape(printable(text))
