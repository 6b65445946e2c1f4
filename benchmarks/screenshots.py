"""Take pictures of every tab: ``python -m benchmarks.screenshots [--results DIR] [--clip FILE] [--out docs/screenshots]``.

Wide (1280) and narrow (360 px), light and dark, in Debian's chromium; prints any request to elsewhere, any error on the page's
console, and any tab that is wider than its window.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from page.examples import FOLDER as EXAMPLES
from page.interface import build, launch_options
from page.results import Results
from runs.layout import choose_run

CHROMIUM = "/usr/bin/chromium"
WIDTHS_PX = (1280, 360)
HEIGHT_PX = 900
TABS = ("Listen", "Live", "Voice", "Long", "Stress", "Leaderboard", "Batch", "About")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SETTLE_MS = 1200
PATIENCE_MS = 120_000


@contextmanager
def served(folder: Path) -> Iterator[str]:
    results = Results(folder)
    results.engine().warm_up().join()
    page = build(results)
    _, url, _ = page.launch(prevent_thread_lock=True, quiet=True, **launch_options())
    try:
        yield url
    finally:
        page.close()


def new_tab(browser: Browser, *, width_px: int = WIDTHS_PX[0], height_px: int = HEIGHT_PX, scheme: str = "light") -> Page:
    tab = browser.new_page(viewport={"width": width_px, "height": height_px}, color_scheme="dark" if scheme == "dark" else "light")
    tab.set_default_timeout(PATIENCE_MS)
    return tab


def open_page(tab: Page, url: str) -> None:
    """Open the page and wait until the champions answer."""
    tab.goto(url)
    tab.locator("#prediction .waiting").wait_for()
    tab.wait_for_timeout(SETTLE_MS)


def visit(tab: Page, clip: Path, name: str) -> None:
    """Put something to see into a tab."""
    if not tab.get_by_role("tab", name=name).is_visible():
        tab.locator(".overflow-menu > button").click()
    tab.get_by_role("tab", name=name).or_(tab.locator(".overflow-dropdown button", has_text=name)).first.click()
    if name == "Listen":
        tab.get_by_label("Upload file").click()
        tab.locator("#clip input[type=file]").set_input_files(clip)
        tab.locator("#prediction .verdict").wait_for()
    if name == "Stress":
        tab.get_by_label("pink").check()
        tab.get_by_label("number input for Signal to noise, dB").fill("10")
        tab.get_by_role("button", name="Draw the curve").click()
        tab.locator("#curve .charts").wait_for()
    if name == "Leaderboard":
        tab.locator("#figures svg").first.wait_for()
    if name == "Batch":
        tab.locator("#files input[type=file]").set_input_files(sorted(EXAMPLES.iterdir()))
        tab.get_by_role("button", name="Judge them all").click()
        tab.locator("#judged .download").wait_for()
    tab.wait_for_timeout(SETTLE_MS)


def picture(browser: Browser, url: str, clip: Path, out: Path, *, width_px: int, scheme: str) -> None:
    tab = new_tab(browser, width_px=width_px, scheme=scheme)

    def tell_of_others(request: Request) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            print("elsewhere:", request.url)

    def tell_of_errors(message: ConsoleMessage) -> None:
        if message.type == "error":
            print("console:", message.text)

    tab.on("request", tell_of_others)
    tab.on("console", tell_of_errors)
    open_page(tab, url)
    tab.screenshot(path=out / f"waiting-{width_px}-{scheme}.png", full_page=True)
    for name in TABS:
        visit(tab, clip, name)
        too_wide = tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if too_wide > 0:
            print(f"{name} at {width_px} px is {too_wide} px too wide")
        tab.screenshot(path=out / f"{name.lower()}-{width_px}-{scheme}.png", full_page=True)
    tab.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, help="a result's folder")
    parser.add_argument("--clip", type=Path, default=EXAMPLES / "synthetic-changing.flac", help="what to listen to")
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with served(choose_run(options.results).path) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for width_px in WIDTHS_PX:
            for scheme in ("light", "dark"):
                picture(browser, url, options.clip, options.out, width_px=width_px, scheme=scheme)
        browser.close()


if __name__ == "__main__":
    main()
