"""The list of registered corpora, as ``--list-corpora`` shows it."""

from __future__ import annotations

from corpora import CORPORA
from corpora.corpus import Corpus
from corpora.named_files import NamedFiles
from corpora.sections import Section

UNKNOWN = "–"


def corpora_sections() -> tuple[Section, Section]:
    """Return two tables with one row a corpus: what it is and under which licence; its emotions and how to get it."""
    facts = Section(
        "Corpora",
        (
            "Name one with --corpus KEY and its folder with --data DIR. Several are joined by +, such as ravdess+emodb. A table or a "
            "folder of own recordings is named by its path.",
        ),
        columns=("key", "title", "language", "speakers", "clips", "emotions", "licence"),
        rows=tuple(_facts(corpus) for corpus in CORPORA.values()),
        is_text=(True, True, True, False, False, False, True),
    )
    ways = Section(
        "Emotions, and how to get them",
        columns=("key", "emotions", "how to get it"),
        rows=tuple(
            (corpus.key, ", ".join(corpus.emotions), f"{_sentence(corpus.how_to_get)} {corpus.home_page}")
            for corpus in CORPORA.values()
        ),
        is_text=(True, True, True),
    )
    return facts, ways


def _facts(corpus: Corpus) -> tuple[str, ...]:
    is_checked = not isinstance(corpus, NamedFiles) or corpus.is_checked
    return (
        corpus.key,
        corpus.title if is_checked else f"{corpus.title} (file names not checked)",
        corpus.language,
        str(len(corpus.speakers)) if corpus.speakers and corpus.speakers_known else UNKNOWN,
        UNKNOWN if corpus.n_clips is None else str(corpus.n_clips),
        str(len(corpus.emotions)),
        corpus.licence,
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
