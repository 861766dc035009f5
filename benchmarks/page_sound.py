"""How soon one hears what one generates on the page: `python -m benchmarks.page_sound [--repeats 7]`.

A Chromium opens a real site with the preview and presses Generate with a voice that is known: with "Play while it is
made", the stream fed to the player piece by piece or fetched by its <audio> (as where a browser takes no MP3 in pieces,
Firefox say), and without, where Play is pressed as soon as the page has something to play. The time goes from the
click to the first sample that the browser plays. In turns with the same text over the API, from the request to 0.3 s
of sound.
"""

import argparse
import re
import tempfile
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page

from benchmarks.screenshots import opening, save_voice
from benchmarks.site import Site, serving
from benchmarks.streaming import time_first_sound, wait_until_idle

TEXT = "The old lighthouse keeper counted the ships that passed the harbour before sunrise. " * 3
WAIT_MS = 60_000

WATCH = """() => {
    window.clickedAt = null; window.soundAt = null;
    document.addEventListener("click", (event) => {
        if (event.target.closest("#generate")) [window.clickedAt, window.soundAt] = [performance.now(), null];
    }, true);
    const sound = document.getElementById("sound");
    sound.addEventListener("timeupdate", () => {
        if (sound.currentTime > 0 && !sound.paused) window.soundAt ??= performance.now() - 1000 * sound.currentTime;
    });
}"""


IN_PIECES, WHOLE, PRESSED = "made, in pieces", "made, fetched by the <audio>", "there, Play pressed"
API = "made, over the API"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as storage, serving(Path(storage)) as site, opening() as browser:
        known = site.wait_for(site.submit("Good morning."))
        save_voice(browser.new_page(base_url=f"http://localhost:{site.port}"), known["id"], "Grandma")
        pages = {way: open_studio(browser, site, way) for way in (IN_PIECES, WHOLE, PRESSED)}
        for way, page in pages.items():
            measure(page, site, way)  # nothing is cached before
        seconds: dict[str, list[float]] = {way: [] for way in (API, *pages)}
        for _ in range(repeats):
            seconds[API].append(time_first_sound(site, TEXT, "mp3"))
            wait_until_idle(site)
            for way, page in pages.items():
                seconds[way].append(measure(page, site, way))
    print("| from Generate to the first sound (s), played when it is | median | slowest |\n|---|---|---|")
    for way, found in seconds.items():
        print(f"| {way} | {median(found):.2f} | {max(found):.2f} |")


def open_studio(browser: Browser, site: Site, way: str) -> Page:
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    if way == WHOLE:
        page.add_init_script("delete window.MediaSource")
    page.goto(f"http://localhost:{site.port}/")
    page.evaluate(WATCH)
    page.locator(".voice-chips label", has_text="Grandma").click()
    page.get_by_label("Text", exact=True).fill(TEXT)
    return page


def measure(page: Page, site: Site, way: str) -> float:
    page.evaluate("document.getElementById('sound').pause()")
    page.get_by_label("Play while it is made").set_checked(way != PRESSED)
    page.get_by_role("button", name="Generate").click()
    if way == PRESSED:
        page.locator(".row").first.get_by_text(re.compile("^Speaking: [1-9]")).wait_for()
        page.locator(".row [data-play]").first.click()
    page.wait_for_function("() => window.soundAt")
    seconds = float(page.evaluate("(window.soundAt - window.clickedAt) / 1000"))
    page.evaluate("document.getElementById('sound').pause()")
    # To its end: cancelled, its sentence would be spoken on.
    site.wait_for(site.get("/api/v1/generations")["results"][0])
    wait_until_idle(site)
    return seconds


if __name__ == "__main__":
    main()
