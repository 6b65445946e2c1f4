"""The list of corpora."""

from __future__ import annotations

from corpora import CORPORA
from corpora.listing import corpora_sections


def test_every_corpus_is_listed_with_what_it_is_and_how_to_get_it() -> None:
    facts, ways = corpora_sections()
    assert [row[0] for row in facts.rows] == [row[0] for row in ways.rows] == list(CORPORA)
    for row, way, corpus in zip(facts.rows, ways.rows, CORPORA.values(), strict=True):
        assert row[1].startswith(corpus.title)
        assert corpus.licence in row
        assert corpus.emotions[0] in way[1]
        assert corpus.home_page in way[2]


def test_corpora_whose_names_were_not_checked_say_so() -> None:
    facts, _ = corpora_sections()
    assert {row[0] for row in facts.rows if "not checked" in row[1]} == {
        key for key, corpus in CORPORA.items() if not getattr(corpus, "is_checked", True)
    }
