"""The sentences of a generation in a real Chromium, while they are spoken and afterwards."""

import re

from playwright.sync_api import Page, expect

from cloning.tests.e2e.pages import (
    LONG_TEXT,
    WAIT_MS,
    expect_accessible,
    expect_finished,
    expect_no_sideways_scrolling,
    generate,
    needs_chromium,
)

pytestmark = needs_chromium

TWO_PARAGRAPHS = "Good morning to everybody.\n\nGood evening to everybody."


def open_generation(page: Page, text: str) -> None:
    generate(page, text).locator(".row-text a").click()
    expect(page.get_by_role("heading", name="Sentences")).to_be_visible()


def play_to_the_end(page: Page) -> None:
    """Of the sentence that plays, but for a moment."""
    page.locator("#sound").evaluate(
        "audio => new Promise(done => { const go = () => { audio.currentTime = audio.duration - 0.3; done(); };"
        " audio.readyState > 0 ? go() : audio.addEventListener('loadedmetadata', go, { once: true }); })"
    )


def test_sentences_play_one_after_the_other_while_the_rest_is_spoken(open_page) -> None:
    page = open_page(width=390)
    open_generation(page, LONG_TEXT)
    expect(page.get_by_role("button", name="Play sentence 1", exact=True)).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Play from the beginning").click()
    voice = page.locator("#sound")
    expect(voice).to_have_attribute("src", re.compile(r"/segments/0\.wav"))
    expect_no_sideways_scrolling(page)
    expect_accessible(page)
    play_to_the_end(page)
    expect(voice).to_have_attribute("src", re.compile(r"/segments/1\.wav"), timeout=WAIT_MS)
    expect(page.locator("#sentence-1")).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("article")).to_contain_text(re.compile(r"Stopped at \d+ of \d+ sentences"))
    expect(page.locator(".sentence.cancelled").first).to_contain_text("Not spoken", timeout=WAIT_MS)


def test_sentence_is_spoken_again_listened_to_and_chosen(open_page) -> None:
    page = open_page()
    open_generation(page, TWO_PARAGRAPHS)
    second = page.locator("#sentence-1")
    expect(page.get_by_role("button", name="Play sentence 2", exact=True)).to_be_visible(timeout=WAIT_MS)
    expect_finished(page.locator("article"))
    second.get_by_text("Say it again").click()
    second.get_by_label("What it says").fill("Good night, this is another one.")
    second.get_by_role("button", name="Speak once more").click()
    choose = second.get_by_role("button", name="Use take 2")
    expect(choose).to_be_visible(timeout=WAIT_MS)
    expect_accessible(page)
    choose.click()
    expect(second.locator(".words")).to_have_text("Good night, this is another one.")
    expect(second).to_contain_text("Take 2 of 2")
    news = page.locator("#sentence-news")
    expect(news).not_to_have_attribute("hx-trigger", "every 1s", timeout=WAIT_MS)  # the file is joined again
    sound, play = page.locator("#sound"), page.get_by_role("button", name="Play from the beginning")
    news.evaluate("news => news.toggleAttribute('data-is-stale', true)")
    play.click()
    expect(sound).to_have_attribute("src", re.compile(r"/segments/0\.wav"))
    page.get_by_role("button", name="Close").click()
    news.evaluate("news => news.toggleAttribute('data-is-stale', false)")
    play.click()
    expect(sound).to_have_attribute("src", re.compile(r"/files/"))
