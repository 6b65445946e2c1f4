from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from leaderboard.adapted import COLUMNS, CURVE
from leaderboard.references import NOT_REAL
from leaderboard.report import write_report
from leaderboard.robust import COLUMNS as ROBUSTNESS_COLUMNS
from leaderboard.table import build_leaderboard, markdown_table

HEADINGS = (
    "What this is",
    "The leaderboard",
    "Scores and how sure they are",
    "What a random split would have claimed",
    "What is taken for what",
    "Emotion by emotion",
    "Speaker by speaker",
    "Robustness",
    "Knowing the speaker",
    "The search",
    "Which parameters mattered",
    "Does the confidence hold",
    "How to read it",
)
VOID = {"meta", "br", "hr", "img", "input", "link"}
REAL = {"corpus": "ravdess", "is_real": True, "title": "RAVDESS speech", "seed": 7, "versions": {"numpy": "2"}}
SYNTHETIC = {"corpus": "synthetic", "is_real": False, "title": "The embedded corpus", "seed": 7}
MAX_BYTES = 3_000_000


class Page(HTMLParser):
    """Everything a test asks of a page: its elements, their attributes, its text, and what was left open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.text: dict[str, str] = {}
        self.open: list[str] = []
        self.source = text
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.text[tag] = self.text.get(tag, "") + data + "\n"

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


def make_trials() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {
            "family": family,
            "half": half,
            "sampling": sampling,
            "number": number,
            "state": ("COMPLETE", "COMPLETE", "PRUNED", "FAIL")[number % 4],
            "value": rng.uniform(0.4, 0.7) if number % 4 < 2 else None,
            "seconds": 3.0,
            "params": '{"C": 0.5}',
            "error": "ran out of <memory>" if number % 4 == 3 else None,
        }
        for family in ("good", "fair")
        for half in "AB"
        for sampling in ("TPE", "random")
        for number in range(8)
    ]
    return pd.DataFrame(rows)


IMPORTANCES = {("good", "A"): {"C": 0.7, "n_copies": 0.3}, ("good", "B"): {"C": 0.4, "snr_db": 0.6}, ("fair", "A"): {}}


@pytest.fixture(scope="module")
def board(predictions, facts):
    return build_leaderboard(predictions, facts)


@pytest.fixture(scope="module")
def render(tmp_path_factory, predictions, board):
    def rendered(**changes) -> Page:
        path = tmp_path_factory.mktemp("report") / "report.html"
        told = {"board": board, "predictions": predictions, "trials": make_trials(), "importances": IMPORTANCES, "run": REAL}
        write_report(path, **{**told, **changes})
        assert [file.name for file in path.parent.iterdir()] == ["report.html"]
        return Page(path.read_text(encoding="utf-8"))

    return rendered


@pytest.fixture(scope="module")
def page(render):
    return render()


@pytest.fixture(scope="module")
def bare_page(render, predictions):
    """A synthetic run that recorded nothing but predictions."""
    return render(board=build_leaderboard(predictions, {}), trials=make_trials().iloc[:0], importances={}, run=SYNTHETIC)


@pytest.mark.parametrize("kind", ["page", "bare_page"])
def test_every_section_is_there_and_listed(kind, request):
    page = request.getfixturevalue(kind)
    assert page.text["h2"].split("\n")[:-1] == list(HEADINGS)
    assert [line for line in page.text["nav"].split("\n") if line] == list(HEADINGS)
    assert page.open == []


def test_the_page_asks_nothing_of_the_network(page):
    assert not {"script", "link", "iframe", "img", "object", "embed"} & set(page.tags)
    assert all(value.startswith("#") for name in ("href", "src", "xlink:href") for value in page.values(name))
    assert "http" not in page.source
    assert "@import" not in page.source


def test_figures_share_no_identifier_and_find_all_of_theirs(page):
    identifiers = page.values("id")
    assert len(identifiers) == len(set(identifiers))
    asked = {value.removeprefix("#") for value in page.values("href")}
    asked |= {value.removeprefix("url(#").removesuffix(")") for value in page.values("clip-path")}
    assert asked
    assert asked <= set(identifiers)


def test_figures_bring_no_style_that_reaches_the_page(page):
    assert page.tags["style"] == 1
    assert "<metadata" not in page.source


def test_every_family_has_its_confusion_matrix_and_reliability(page):
    titles = page.values("aria-label")
    for family in ("good", "fair", "dummy"):
        assert f"Confusion matrix of {family}" in titles
        assert f"Reliability of {family}" in titles


def test_searched_families_have_their_history_and_importances(page):
    titles = page.values("aria-label")
    assert [title for title in titles if title.startswith("Tuning UAR")] == [
        "Tuning UAR of good by trial",
        "Tuning UAR of fair by trial",
    ]
    assert [title for title in titles if title.startswith("Importance")] == ["Importance of the parameters of good"]
    assert "Failed trials (16)" in page.text["summary"]


def test_the_table_shows_what_the_markdown_shows(page, board):
    family, *figures = markdown_table(board).splitlines()[2].strip("| ").split(" | ")
    assert family in page.text["th"].split("\n")
    assert page.text["td"].split("\n")[: len(figures)] == figures


def test_the_page_stays_small(page):
    assert len(page.source.encode()) < MAX_BYTES


def test_a_real_run_says_nothing_of_synthetic_speech(page):
    assert NOT_REAL not in page.source
    assert "not real" not in page.text["title"]


def test_a_synthetic_run_says_so_in_its_title_and_in_a_banner(bare_page):
    assert "(not real speech)" in bare_page.text["h1"]
    assert NOT_REAL in bare_page.text["p"]
    assert "alert" in bare_page.values("role")


def test_what_was_said_of_the_recordings_stands_above_the_figures(page, render):
    doubt = "Every clip has a speaker of its own: <b>"
    doubted = render(run={**REAL, "notes": [doubt]})
    assert doubt in doubted.text["li"]
    assert doubted.source.index("What was said of the recordings (1)") < doubted.source.index('id="table"')
    assert "What was said" not in page.source


def test_human_listeners_stand_beside_ravdess_only(page, render, bare_page):
    assert "human listeners 62.4" in page.text["text"]
    assert "uman listeners" not in bare_page.source
    assert "uman listeners" not in render(run={**REAL, "corpus": "emodb"}).source


def test_what_was_not_recorded_is_said_to_be_missing(bare_page):
    for words in ("random split.", "perturbed clips.", "was searched.", "Too few trials"):
        assert words in bare_page.text["p"]


def test_a_family_whose_trials_all_failed_still_gets_its_history(render):
    trials = make_trials()
    page = render(trials=trials[trials["state"] == "FAIL"])
    assert "Tuning UAR of good by trial" in page.values("aria-label")


def test_names_from_a_run_are_shown_as_they_are_and_never_obeyed(render, predictions):
    nasty = '<script>alert("$x^2$")</script>'
    renamed = predictions.replace({"family": {"good": nasty}, "speaker": {"01": "<i>&amp;"}})
    trials = make_trials().replace({"family": {"good": nasty}, "error": {"ran out of <memory>": nasty}})
    page = render(
        board=build_leaderboard(renamed, {}),
        predictions=renamed,
        trials=trials,
        importances={(nasty, "A"): {nasty: 1.0}},
        run={**REAL, "title": nasty, nasty: nasty},
    )
    assert not {"script", "i"} & set(page.tags)
    assert nasty in page.text["title"]
    assert nasty in page.text["text"]
    assert nasty in page.text["td"]
    assert nasty in page.text["dt"]
    assert len(page.values("id")) == len(set(page.values("id")))


def test_knowing_the_speaker_is_shown_where_it_was_measured(render, page):
    assert "No family was tried on speakers of whom something is known" in page.source
    known = [*CURVE, "skewed", "one neutral"]
    figures = (0.7, 0.75, 0.72, 0.78, 0.05, 0.01, 0.09)
    rows = [("good", subset, name, *figures) for subset in ("all", "corpus one", "corpus two") for name in known]
    told = render(adaptation=pd.DataFrame(rows, columns=list(COLUMNS)), run={**REAL, "adaptation": {"good": {"spread": 12321}}})
    assert "one neutral clip" in told.source
    assert "+5.0" in told.source
    assert "UAR of good on each corpus" in told.source
    assert "12321" not in told.source


def test_robustness_is_listed_by_perturbation_and_the_objective_is_said(render):
    rows = [("good", name, 0.7, 0.456, 0.4, 0.5, -0.244, -0.3, -0.2) for name in ("babble", "all")]
    told = render(robustness=pd.DataFrame(rows, columns=list(ROBUSTNESS_COLUMNS)), run={**REAL, "objective": "everyday"})
    assert "six voices at 10 dB" in told.source
    assert told.source.count(">46</text>") == 2
    assert "mean UAR of inner clips as they are and disturbed" in told.source
