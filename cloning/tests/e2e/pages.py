"""What a test does on a page, and what it expects of each."""

import os
import re
import shutil
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Locator, Page, expect

from cloning import audio
from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import LiveSite

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

SENTENCE = "Good morning, this is a test."

LONG_TEXT = "This is one sentence of a rather long text, in which the same is said again. " * 120

WAIT_MS = 90_000  # for a machine under heavy load

expect.set_options(timeout=WAIT_MS)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI_FORBID_SKIPS"),
    reason="no Chromium on PATH: the pages are not tried in a browser",
)


def fill_in(page: Page, text: str = SENTENCE) -> None:
    page.get_by_label("Reference", exact=True).set_input_files(MALE_CLIP)
    page.get_by_label("Text", exact=True).fill(text)
    listen = page.get_by_label("Play while it is made")
    if listen.is_visible():  # it takes a script
        listen.uncheck()


def generate(page: Page, text: str = SENTENCE) -> Locator:
    """Sends the form; returns the card of what comes of it."""
    fill_in(page, text)
    return send(page)


def send(page: Page) -> Locator:
    known = page.locator("article").count()
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("article")).to_have_count(known + 1)
    newest = page.locator("article").first.get_attribute("id")
    return page.locator(f"#{newest}")


def expect_playable(card: Locator, live_site: LiveSite) -> None:
    """The browser knows the duration that the stored file has, and gets to any place in it."""
    expect_finished(card)
    play(card)
    player = card.page.locator("#sound")
    player.evaluate("audio => audio.readyState > 0 || new Promise(done => audio.onloadedmetadata = done)")
    pk = (card.get_attribute("id") or "").removeprefix("generation-")
    stored = next(live_site.storage_root.glob(f"generated/{pk}-*"))
    duration_seconds = audio.probe(stored, min_seconds=0, max_seconds=60).duration_seconds
    assert duration_seconds > 1
    assert player.evaluate("audio => audio.duration") == pytest.approx(duration_seconds, abs=0.1)
    player.evaluate("audio => { audio.currentTime = audio.duration - 0.6; return audio.play() }")
    player.evaluate("audio => audio.ended || new Promise(done => audio.onended = done)")
    assert player.evaluate("audio => audio.currentTime") == pytest.approx(duration_seconds, abs=0.1)


def expect_finished(card: Locator) -> None:
    expect(card).to_have_class(re.compile("succeeded"))
    expect(card.get_by_role("button", name=re.compile("^Play"))).to_be_visible()


def play(card: Locator) -> None:
    card.get_by_role("button", name=re.compile("^Play")).click()
    expect(card.page.get_by_role("region", name="Player")).to_be_visible()


def open_menu(card: Locator) -> None:
    card.locator("summary", has=card.page.locator(".icon")).last.click()


LAYOUT = """() => {
  const page = document.documentElement, isTooWide = part => part.getBoundingClientRect().right > page.clientWidth;
  const parts = page.scrollWidth > page.clientWidth ? [...document.body.querySelectorAll("*")].filter(isTooWide) : [];
  return {
    isLoaded: document.readyState === "complete",
    width: page.scrollWidth,
    room: page.clientWidth,
    wide: parts.map(part => part.outerHTML.slice(0, 120)),
  };
}"""


def expect_no_sideways_scrolling(page: Page) -> None:
    """Looks when the style sheets are there: Chromium answers before, as if there were none."""
    while not (layout := measure_layout(page))["isLoaded"]:
        page.wait_for_load_state()
    assert layout["width"] <= layout["room"], layout["wide"]


def measure_layout(page: Page) -> dict[str, Any]:
    """Again where a page without a script loads itself anew in the middle."""
    while True:
        try:
            return page.evaluate(LAYOUT)
        except Error as error:
            if "because of a navigation" not in error.message:
                raise


def expect_accessible(page: Page) -> None:
    """Axe finds nothing, its contrast rule (4.5:1) included. It needs no style sheets of its own making."""
    results = Axe().run(page, options={"preload": False})
    assert results.violations_count == 0, results.generate_report()
