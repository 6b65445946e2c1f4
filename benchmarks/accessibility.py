"""Check every tab with axe-core and by keyboard: ``npm install axe-core && python -m benchmarks.accessibility --axe FILE``.

``FILE`` is ``node_modules/axe-core/axe.min.js``. Each tab is filled as for the pictures (:mod:`benchmarks.screenshots`) and checked
in light and dark; each serious or critical violation is printed with its rule and the elements. Then the tabs are walked through with
the keyboard alone. The command fails if there was a violation or a tab could not be reached.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.screenshots import ARGUMENTS, CHROMIUM, TABS, new_tab, open_page, served, visit
from page.examples import FOLDER as EXAMPLES
from runs.layout import choose_run

GRAVE = ("serious", "critical")
SETTLE_MS = 1500
"""Until what fades in has its colours."""
MOST_STEPS = 60
"""How often Tab is pressed before the tabs count as out of reach."""


def opened(browser: Browser, url: str, *, scheme: str) -> Page:
    tab = new_tab(browser, scheme=scheme)
    open_page(tab, url)
    return tab


def violations(tab: Page, axe: str) -> list[str]:
    """Return axe-core's grave findings on what is shown, a line each."""
    tab.wait_for_timeout(SETTLE_MS)
    tab.evaluate(axe)
    found = tab.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
    return [
        f"{one['impact']} {one['id']}: {one['help']}: {', '.join(str(node['target'][0]) for node in one['nodes'][:3])}"
        for one in found
        if one["impact"] in GRAVE
    ]


def out_of_reach(tab: Page) -> list[str]:
    """Return the tabs that Tab and Enter do not open."""
    opened_tabs = set()
    for _ in range(MOST_STEPS):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.getAttribute('role')") == "tab":
            tab.keyboard.press("Enter")
            chosen = tab.locator("button[role=tab][aria-selected=true]:visible").first
            opened_tabs.add(chosen.inner_text().strip())
    return [name for name in TABS if name not in opened_tabs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--axe", type=Path, required=True, help="axe.min.js")
    parser.add_argument("--results", type=Path, help="a result's folder")
    options = parser.parse_args()
    axe, clip, n_found = options.axe.read_text(encoding="utf-8"), EXAMPLES / "synthetic-changing.flac", 0
    with served(choose_run(options.results).path) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for scheme in ("light", "dark"):
            tab = opened(browser, url, scheme=scheme)
            for name in TABS:
                visit(tab, clip, name)
                for line in violations(tab, axe):
                    print(f"{name}, {scheme}: {line}")
                    n_found += 1
            tab.close()
        missed = out_of_reach(opened(browser, url, scheme="light"))
        browser.close()
    print(f"{n_found} serious or critical violations; tabs out of the keyboard's reach: {', '.join(missed) or 'none'}")
    sys.exit(bool(n_found or missed))


if __name__ == "__main__":
    main()
