from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from page.examples import FOLDER, PREFIX
from page.lessons import LESSONS, explain, lesson_of
from page.listen import ClipPredictions, Prediction


def said(emotion: str, *, is_unsure: bool = False) -> Prediction:
    probabilities = {name: float(name == emotion) for name in ("angry", "sad")}
    return Prediction(
        family=emotion, title=emotion, emotion=emotion, confidence=1.0, is_unsure=is_unsure, probabilities=probabilities, uar=None
    )


def found(*predictions: Prediction, advice: tuple[str, ...] = ()) -> ClipPredictions:
    return ClipPredictions(2.0, ("angry", "sad"), predictions, ("angry", 1), (), (), advice)


def test_every_example_teaches_something_and_its_button_does_not_promise_an_emotion() -> None:
    assert {path.stem.removeprefix(PREFIX) for path in FOLDER.iterdir()} == set(LESSONS)
    assert all(lesson.label not in lesson.meant for lesson in LESSONS.values())


def test_a_copy_of_an_example_is_recognised_and_nothing_else(tmp_path: Path) -> None:
    copy = shutil.copy(FOLDER / f"{PREFIX}angry.flac", tmp_path / "clip.flac")
    assert lesson_of(copy) is LESSONS["angry"]
    Path(copy).write_bytes(Path(copy).read_bytes()[:-1] + b"x")
    assert lesson_of(copy) is None
    assert lesson_of(tmp_path / "nowhere.flac") is None


def test_it_is_said_who_says_what_was_meant_and_why_the_page_warns() -> None:
    shown = explain(LESSONS["angry"], found(said("angry", is_unsure=True), said("sad", is_unsure=True), advice=("Strange.",)))
    assert "1 of 2 families say what was meant" in shown
    assert "2 of 2 unsure" in shown
    assert "no answer is called sure" in shown


@pytest.mark.parametrize(("name", "words"), [("chord", "nobody speaks"), ("fearful-in-noise", "do not know fearful")])
def test_what_was_meant_may_be_nothing_or_unknown_to_the_models(name: str, words: str) -> None:
    assert words in explain(LESSONS[name], found(said("angry")))
