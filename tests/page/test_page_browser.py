"""The page in a real browser, as a person sees it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import Clip
from page import board
from page.examples import FOLDER as EXAMPLES
from page.interface import build, launch_options
from page.live_tab import STREAM_EVERY_SECONDS
from page.live_turns import MAX_LISTENERS, Pace
from page.results import Results

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = Path("/usr/bin/chromium")
MICROPHONE_RATE_HZ = 48_000
PATIENCE_MS = 15_000
LIVE_TIMEOUT_MS = 25_000
"""The page first measures which family answers in time."""
LIVE_ATTEMPTS = 6

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs a browser in {CHROMIUM}")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, synthetic_clips: tuple[Clip, ...]) -> Iterator[playwright.Browser]:
    """Chromium, with a microphone that hears an angry clip."""
    import soxr

    samples = next(clip.samples for clip in synthetic_clips if clip.emotion == "angry")
    heard = tmp_path_factory.mktemp("microphone") / "angry.wav"
    soundfile.write(heard, soxr.resample(np.tile(samples, 4), 16_000, MICROPHONE_RATE_HZ), MICROPHONE_RATE_HZ)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    microphone = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={heard}",
    ]
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=str(CHROMIUM), args=[*arguments, *microphone])
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: playwright.Browser, page_url: str) -> Iterator[playwright.Page]:
    """The page in a new tab; fails if anything is asked of another server."""
    elsewhere: list[str] = []
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(PATIENCE_MS)
    tab.on("request", lambda request: request.url.startswith((page_url, "data:", "blob:")) or elsewhere.append(request.url))
    tab.goto(page_url)
    tab.locator("#prediction .waiting").wait_for()
    yield tab
    tab.close()
    assert elsewhere == []


def upload(tab: playwright.Page, path: Path) -> None:
    tab.get_by_label("Upload file").click()
    tab.locator("#clip input[type=file]").set_input_files(path)


def give(files: playwright.Locator, paths: Path | list[Path]) -> None:
    """Choose files, and wait until the page has them."""
    files.locator("input[type=file]").set_input_files(paths)
    files.get_by_label("Clear").wait_for()


def open_tab(tab: playwright.Page, name: str) -> None:
    tab.get_by_role("tab", name=name).click()


def test_without_a_clip_the_page_says_who_will_answer(tab: playwright.Page) -> None:
    waiting = tab.locator("#prediction").inner_text()
    assert "Waiting for a clip" in waiting
    assert [name in waiting for name in ("Linear", "Random forest", "1D CNN", "Dummy")] == [True, True, True, False]
    assert "Synthetic models." in tab.locator(".banner").inner_text()


def test_an_upload_shows_every_emotion_of_every_family(tab: playwright.Page) -> None:
    upload(tab, EXAMPLES / "synthetic-angry.flac")
    tab.locator("#prediction .verdict").wait_for()
    rows = tab.locator("#prediction .matrix tbody tr")
    assert rows.locator("th").all_inner_texts() != []
    assert [row.locator("td").count() for row in rows.all()] == [8, 8, 8]
    assert tab.locator("#prediction svg.wave").is_visible()
    assert tab.locator("#prediction img.mel").evaluate("image => image.naturalWidth") > 100


def test_one_click_on_an_example_is_answered_and_a_cleared_clip_waits_again(tab: playwright.Page) -> None:
    tab.get_by_role("button", name="changing").click()
    tab.locator("#prediction .timeline .lane").first.wait_for()
    tab.get_by_label("Clear").click()
    tab.locator("#prediction .waiting").wait_for()


def test_a_recording_from_the_microphone_is_answered(tab: playwright.Page) -> None:
    tab.get_by_role("button", name="Record", exact=True).click()
    tab.wait_for_timeout(1800)
    tab.get_by_role("button", name="Stop").first.click()
    tab.locator("#prediction .verdict").wait_for()
    assert "angry" in tab.locator("#prediction .verdict").inner_text()


HEARD = "Number(document.querySelector('#live .live')?.dataset.seconds) > 1 && document.querySelector('#live .segment')"


def record_until(tab: playwright.Page, answered: str) -> None:
    """Record, and again if nothing comes: on a busy machine the browser may not give its microphone to the first presses."""
    for _ in range(LIVE_ATTEMPTS):
        tab.locator("#microphone").get_by_role("button", name="Record").click()
        with contextlib.suppress(playwright.TimeoutError):
            tab.wait_for_function(answered, timeout=LIVE_TIMEOUT_MS)
            return
        tab.reload()
        open_tab(tab, "Live")
    pytest.fail(f"Live heard nothing after {LIVE_ATTEMPTS} presses of Record")


def test_live_answers_what_the_microphone_hears_and_goes_on(tab: playwright.Page, monkeypatch: pytest.MonkeyPatch) -> None:
    heard_seconds: list[float] = []
    missing_seconds = Pace.missing_seconds
    monkeypatch.setattr(Pace, "missing_seconds", lambda self, n: heard_seconds.append(n) or missing_seconds(self, n))
    open_tab(tab, "Live")
    record_until(tab, HEARD)
    before = tab.locator("#live .live").get_attribute("data-seconds")
    tab.wait_for_function(
        "before => document.querySelector('#live .live').dataset.seconds > Number(before) + 0.4", arg=before, timeout=LIVE_TIMEOUT_MS
    )
    tab.get_by_role("button", name="CSV so far").click()
    tab.locator("#live-csv a").wait_for()
    tab.locator("#microphone").get_by_role("button", name="Stop").click()
    assert np.median(heard_seconds) == pytest.approx(STREAM_EVERY_SECONDS, abs=0.05)


def test_what_another_tab_taught_stands_in_listen(tab: playwright.Page) -> None:
    open_tab(tab, "Voice")
    tab.locator("#own-clip").get_by_label("Upload file").click()
    tab.locator("#own-clip input[type=file]").set_input_files(EXAMPLES / "synthetic-angry.flac")
    tab.locator("#teach").click()
    tab.wait_for_function("document.querySelector('#known').innerText.includes('1 clip of this voice')")
    open_tab(tab, "Listen")
    tab.wait_for_function("document.querySelector('#told').innerText.includes('1 clip of this voice')")


def test_who_is_not_heard_reads_why_and_stops_recording_each_time(tab: playwright.Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("page.live_turns.Listeners._others", lambda *_: MAX_LISTENERS)
    open_tab(tab, "Live")
    record_until(tab, "document.querySelector('#live [data-refused]')")
    record = tab.locator("#microphone").get_by_role("button", name="Record")
    first = tab.locator("#live [data-refused]").get_attribute("data-refused")
    record.click()
    tab.wait_for_function("first => document.querySelector('#live [data-refused]').dataset.refused !== first", arg=first)
    record.wait_for()
    assert "At most 8 people can be heard" in tab.locator("#live").inner_text()


def test_a_bad_upload_shows_its_reason_and_the_page_goes_on(tab: playwright.Page, tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"<img src=x onerror=alert(1)>")
    upload(tab, tmp_path / "noise.wav")
    toast = tab.get_by_test_id("toast-body")
    toast.wait_for()
    assert "must be WAV, FLAC, Ogg, MP3" in toast.inner_text()
    tab.get_by_role("button", name="angry").click()
    tab.locator("#prediction .verdict").wait_for()


def test_no_answer_to_another_clip_stays_beside_a_bad_one(tab: playwright.Page, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_bytes(b"no sound")
    tab.get_by_role("button", name="angry").click()
    tab.locator("#prediction .verdict").wait_for()
    open_tab(tab, "Stress")
    tab.locator("#moved .moves").wait_for()
    tab.get_by_role("button", name="Draw the curve").click()
    tab.locator("#curve svg.chart").first.wait_for()
    open_tab(tab, "Listen")
    with tab.expect_file_chooser() as chooser:
        tab.get_by_role("button", name="any other file with sound").click()
    chooser.value.set_files(tmp_path / "text.wav")
    tab.locator("#prediction").get_by_text("There is no answer to this clip").wait_for()
    assert tab.locator("#prediction .verdict").count() == 0
    open_tab(tab, "Stress")
    tab.locator("#moved").get_by_text("There is no answer to this clip").wait_for()
    assert tab.locator("#curve svg.chart").count() == 0


@pytest.mark.parametrize(("name", "button", "shown"), [("Long", "Read it", "#long"), ("Batch", "Judge them all", "#judged")])
def test_no_answer_to_other_files_stays_beside_refused_ones(
    tab: playwright.Page, tmp_path: Path, name: str, button: str, shown: str
) -> None:
    bad = tmp_path / ("text.wav" if name == "Long" else "who.csv")
    bad.write_text("no sound")
    open_tab(tab, name)
    files = tab.locator("#recording, #files").locator("visible=true")
    give(files, EXAMPLES / "synthetic-changing.flac")
    tab.get_by_role("button", name=button).click()
    tab.locator(f"{shown} .download").first.wait_for()
    files.get_by_label("Clear").click()
    give(files, bad)
    tab.get_by_role("button", name=button).click()
    tab.get_by_test_id("toast-body").wait_for()
    tab.locator(f"{shown} .download").first.wait_for(state="detached")


@pytest.mark.parametrize("kind", ["aiff", "wav"])
def test_a_stretch_that_is_chosen_is_played_or_the_browser_cannot_and_says_so(
    tab: playwright.Page, tmp_path: Path, synthetic_clips: tuple[Clip, ...], kind: str
) -> None:
    faults: list[object] = []
    tab.on("pageerror", lambda fault: faults.append(fault))
    soundfile.write(tmp_path / f"talk.{kind}", synthetic_clips[0].samples, 16_000)
    open_tab(tab, "Long")
    give(tab.locator("#recording"), tmp_path / f"talk.{kind}")
    tab.get_by_role("button", name="Read it").click()
    tab.locator("#long .stretches button").first.click()
    assert tab.locator("#long .stretches button[aria-current]").count() == 1
    cannot = tab.get_by_text("This browser cannot play this kind of file")
    if kind == "wav":
        tab.wait_for_function("document.querySelector('#long audio').currentTime > 0.1")
        assert not cannot.is_visible()
    else:
        cannot.wait_for()
    assert faults == []


def test_stress_moves_the_answers_and_draws_the_curve(tab: playwright.Page) -> None:
    tab.get_by_role("button", name="angry").click()
    tab.locator("#prediction .verdict").wait_for()
    open_tab(tab, "Stress")
    table = tab.locator("#moved .moves tbody")
    table.wait_for()
    before = table.inner_text()
    assert "■ 0 points" in before
    tab.get_by_label("white").check()
    tab.get_by_label("number input for Signal to noise, dB").fill("0")
    tab.wait_for_function("before => document.querySelector('#moved .moves tbody').innerText !== before", arg=before)
    tab.locator("#perturbed audio, #perturbed [data-testid=waveform-Perturbed]").first.wait_for(state="attached")
    tab.get_by_role("button", name="Draw the curve").click()
    tab.locator("#curve svg.chart").first.wait_for()
    assert tab.locator("#curve svg.chart").count() == 3
    tab.get_by_role("button", name="Undo all").click()
    tab.wait_for_function("before => document.querySelector('#moved .moves tbody').innerText === before", arg=before)


def test_the_leaderboard_sorts_and_shows_the_family_chosen(tab: playwright.Page) -> None:
    open_tab(tab, "Leaderboard")
    names = tab.locator("#board tbody th")
    assert names.all_inner_texts() == ["Linear", "Random forest", "1D CNN", "Dummy"]
    heading = tab.locator("#board th", has_text="UAR, %").first
    for expected, order in (("descending", 1), ("ascending", -1)):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == expected
        assert names.all_inner_texts() == ["Linear", "Random forest", "1D CNN", "Dummy"][::order]
    tab.locator("#figures svg").first.wait_for()
    tab.get_by_label("Look closer at").click()
    tab.get_by_role("option", name="1D CNN").click()
    tab.get_by_text("What 1D CNN takes for what").wait_for()


def test_of_two_families_chosen_in_a_hurry_the_last_is_shown(tab: playwright.Page, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = board.draw
    monkeypatch.setattr(board, "draw", lambda *args: time.sleep(1.5) or draw(*args))
    open_tab(tab, "Leaderboard")
    tab.get_by_text("What Linear takes for what").wait_for()
    for name in ("Random forest", "1D CNN"):
        tab.get_by_label("Look closer at").click()
        tab.get_by_role("option", name=name).click()
    tab.get_by_text("What 1D CNN takes for what").wait_for()


def test_a_batch_becomes_a_table_and_a_download(tab: playwright.Page, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    open_tab(tab, "Batch")
    give(tab.locator("#files"), [EXAMPLES / "synthetic-sad.flac", tmp_path / "bad.wav"])
    tab.get_by_role("button", name="Judge them all").click()
    tab.get_by_text("1 of 2 judged").wait_for()
    assert "must be WAV" in tab.locator("#judged .problem").inner_text()
    with tab.expect_download() as download:
        tab.locator("#judged .download").click()
    assert download.value.suggested_filename == "emotune.csv"
    assert "synthetic-sad.flac,linear" in Path(download.value.path()).read_text()


@pytest.fixture
def two_results_url(results: Path, copied_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a page that has a second result, whose speakers are unknown."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))  # a page deletes its uploads, and the examples, as it closes
    (copied_results / "run.json").write_text('{"corpus": "other", "title": "Another corpus", "speakers_known": false}')
    page = build(Results(results, own=copied_results.parent, shipped=tmp_path / "none"))
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    yield url
    page.close()


def test_another_result_is_shown_without_a_restart_keeps_the_clip_and_leaves_other_visitors_alone(
    browser: playwright.Browser, two_results_url: str
) -> None:
    tabs = [browser.new_page(viewport={"width": 1280, "height": 900}) for _ in range(2)]
    for tab in tabs:
        tab.set_default_timeout(PATIENCE_MS)
        tab.goto(two_results_url)
        tab.get_by_role("button", name="angry").click()
        tab.locator("#prediction .verdict").wait_for()
    first, second = tabs
    open_tab(first, "Batch")
    give(first.locator("#files"), EXAMPLES / "synthetic-sad.flac")
    first.get_by_role("button", name="Judge them all").click()
    first.get_by_text("1 of 1 judged").wait_for()
    first.locator("#result input").click()
    first.get_by_role("option", name="Another corpus").click()
    first.locator(".masthead", has_text="Another corpus").wait_for()
    first.get_by_text("Speakers unknown.").wait_for()
    first.locator("#judged .files").wait_for(state="detached")
    open_tab(first, "Listen")
    first.locator("#prediction .verdict").wait_for()
    open_tab(first, "Leaderboard")
    first.get_by_text("no figure is for unseen speakers. Choose").wait_for()
    assert "Synthetic clips" in second.locator(".masthead").inner_text()
    for tab in tabs:
        tab.close()


def test_one_result_alone_has_no_list(tab: playwright.Page) -> None:
    assert not tab.locator("#result").is_visible()


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_film_can_be_given_beside_the_players_own_upload(tab: playwright.Page, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"clip.{kind}"
    write_film(path, codec={"mp4": "aac", "webm": "libopus"}[kind])
    with tab.expect_file_chooser() as chooser:
        tab.get_by_role("button", name="any other file with sound").click()
    chooser.value.set_files(path)
    tab.locator("#prediction .verdict").wait_for()


def write_film(path: Path, *, codec: str) -> None:
    """Write two seconds of sound into a container that also takes pictures."""
    av = pytest.importorskip("av")
    samples = (0.2 * np.iinfo(np.int16).max * np.sin(np.arange(2 * MICROPHONE_RATE_HZ) * 0.05)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=MICROPHONE_RATE_HZ)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = MICROPHONE_RATE_HZ
        size = stream.frame_size or 960
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=MICROPHONE_RATE_HZ, frame_size=size)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))


def test_about_says_what_it_must_not_be_used_for(tab: playwright.Page) -> None:
    open_tab(tab, "About")
    assert "Article 5(1)(f)" in tab.get_by_test_id("markdown").inner_text()


def test_no_tab_needs_sideways_scrolling_on_a_phone(browser: playwright.Browser, page_url: str) -> None:
    phone = browser.new_page(viewport={"width": 360, "height": 740})
    phone.goto(page_url)
    phone.locator("#prediction .waiting").wait_for()
    phone.get_by_role("button", name="changing").click()
    phone.locator("#prediction .verdict").wait_for()
    for name in ("Listen", "Live", "Voice", "Long", "Stress", "Leaderboard", "Batch", "About"):
        if not phone.get_by_role("tab", name=name).is_visible():
            phone.locator(".overflow-menu > button").click()
        phone.get_by_role("tab", name=name).or_(phone.locator(".overflow-dropdown button", has_text=name)).first.click()
        phone.wait_for_timeout(300)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360, name
    phone.close()
