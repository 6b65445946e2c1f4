"""Make the animated picture of Live: ``python -m benchmarks.live_picture --clip FILE [--results DIR] [--out FILE]``.

A browser without a screen listens through a microphone that plays the file again and again. The shipped picture heard six clips of
one RAVDESS speaker after each other: angry, sad and happy ones.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.screenshots import ARGUMENTS, CHROMIUM, new_tab, open_page, served
from runs.layout import choose_run

MICROPHONE_RATE_HZ = 48_000
WIDTH_PX, TALL_PX = 1000, 800
N_FRAMES = 32
FRAME_MS = 500
N_COLOURS = 64


def microphone(folder: Path, clip: Path) -> list[str]:
    """Return chromium's arguments for a microphone that plays a clip again and again."""
    samples, rate_hz = soundfile.read(clip, dtype="float32")
    pause = np.zeros(rate_hz, np.float32)
    heard = folder / "heard.wav"
    soundfile.write(heard, soxr.resample(np.concatenate([samples, pause]), rate_hz, MICROPHONE_RATE_HZ), MICROPHONE_RATE_HZ)
    return ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={heard}"]


def frames_of(tab: Page) -> list[Image.Image]:
    """Return pictures of Live while it listens."""
    tab.get_by_role("tab", name="Live").click()
    tab.locator("#microphone").get_by_role("button", name="Record").click()
    tab.locator("#live .live").wait_for()
    tab.get_by_role("tab", name="Live").evaluate("it => it.scrollIntoView({block: 'start'})")
    frames = []
    for _ in range(N_FRAMES):
        frames.append(Image.open(io.BytesIO(tab.screenshot())).convert("RGB"))
        tab.wait_for_timeout(FRAME_MS)
    return frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, help="a result's folder")
    parser.add_argument("--clip", type=Path, required=True, help="what the microphone hears")
    parser.add_argument("--out", type=Path, default=Path("docs/screenshots/live.gif"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(choose_run(options.results).path) as url, sync_playwright() as playwright:
        arguments = [*ARGUMENTS, *microphone(Path(folder), options.clip)]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        tab = new_tab(browser, width_px=WIDTH_PX, height_px=TALL_PX)
        open_page(tab, url)
        frames = [frame.quantize(N_COLOURS) for frame in frames_of(tab)]
        browser.close()
    frames[0].save(options.out, save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0, optimize=True)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
