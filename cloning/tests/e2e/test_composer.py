"""Writing in a real Chromium: length, language, draft, keys; and what a page weighs."""

import re

import pytest
from playwright.sync_api import Page, Response, expect

from cloning.tests.clips import MALE_CLIP
from cloning.tests.e2e.pages import (
    LONG_TEXT,
    SENTENCE,
    expect_accessible,
    expect_finished,
    expect_no_sideways_scrolling,
    fill_in,
    generate,
    needs_chromium,
    send,
)

pytestmark = needs_chromium

JAPANESE = "おはようございます。電車は九時半に出ます。"


def text_of(page: Page):
    return page.get_by_label("Text", exact=True)


def test_length_follows_text_language_and_speed(open_page) -> None:
    page = open_page()
    text_of(page).fill("a" * 145)
    length = page.locator("#id_text_helptext")
    expect(length).to_have_text("145 characters, about 10 s")
    page.get_by_label("Speed", exact=True).fill("2")
    expect(length).to_have_text("145 characters, about 5 s")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.keyboard.type("[pause 2500ms] a\n\nb")
    expect(length).to_have_text("176 characters, about 9 s")
    text_of(page).fill("a" * 20_001)
    expect(length).to_have_text("20 001 of 20 000 characters")
    expect(length).to_have_class(re.compile("over"))


def test_language_that_does_not_fit_is_switched(open_page) -> None:
    page = open_page(width=360)
    text_of(page).fill(JAPANESE)
    expect(page.get_by_text("Looks Japanese.")).to_be_visible()
    expect_accessible(page)
    page.get_by_role("button", name="Switch to Japanese").click()
    expect(page.get_by_label("Language")).to_have_value("ja")
    expect(page.get_by_text("Looks Japanese.")).to_be_hidden()
    expect(text_of(page)).to_be_focused()
    text_of(page).fill(SENTENCE)
    expect(page.get_by_text("Latin letters")).to_be_visible()
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_text("Latin letters")).to_be_hidden()


def test_draft_options_and_clip_outlive_moving_about_and_reload(open_page) -> None:
    page = open_page()
    fill_in(page, "A draft worth keeping.")
    page.get_by_label("Language").select_option("de")
    page.get_by_label("Speed", exact=True).fill("1.25")
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Studio").click()
    expect(page.locator("#main")).to_be_focused()
    expect(text_of(page)).to_have_value("A draft worth keeping.")
    expect(page.get_by_label("Reference: " + MALE_CLIP.name)).to_be_visible()

    page.reload()
    expect(text_of(page)).to_have_value("A draft worth keeping.")
    expect(page.get_by_label("Language")).to_have_value("de")
    expect(page.get_by_label("Speed", exact=True)).to_have_value("1.25")
    expect(page.get_by_text(f"Choose {MALE_CLIP.name} once more")).to_be_visible()

    page.goto(page.url + "nothing")
    page.go_back()
    expect(text_of(page)).to_have_value("A draft worth keeping.")

    other = page.context.new_page()
    other.goto(page.url)
    expect(text_of(other)).to_have_value("")
    expect(other.get_by_label("Language")).to_have_value("de")


def test_ctrl_and_enter_generate(open_page) -> None:
    page = open_page()
    page.get_by_role("button", name="Try a sentence").click()
    expect(text_of(page)).to_have_value(re.compile("^Good morning"))
    fill_in(page)
    text_of(page).press("Control+Enter")
    expect(page.locator("article")).to_have_count(1)
    text_of(page).press("Control+Enter")
    expect(page.locator("article")).to_have_count(2)


def test_pronunciations_are_kept_and_found_from_the_form(open_page) -> None:
    page = open_page(width=360)
    page.get_by_text("Options", exact=True).click()
    page.get_by_role("link", name="Pronunciations").click()
    page.get_by_label("Word", exact=True).fill("Nguyen")
    page.get_by_label("Say it as").fill("win")
    page.get_by_label("Language").last.select_option("en")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("link", name="Change Nguyen").click()
    expect_accessible(page)
    expect_no_sideways_scrolling(page)
    page.get_by_role("link", name="Leave as it is").click()
    page.get_by_role("button", name="Delete Nguyen").click()
    expect(page.get_by_text("is deleted.")).to_be_visible()


def test_a_dialogue_is_offered_cast_kept_and_spoken(open_page, live_site) -> None:
    page = open_page(width=360)
    clip = {"name": "anna.flac", "mimeType": "audio/flac", "buffer": MALE_CLIP.read_bytes()}
    page.request.post(f"{live_site.url}/api/v1/voices", multipart={"name": "Anna", "reference": clip})
    page.reload()
    text_of(page).fill("Anna: Good morning, Tom.")
    expect(page.get_by_text("Lines begin with names.")).to_be_hidden()
    text_of(page).fill("Anna: Good morning, Tom.\nTom: Is it? [pause 1s] Well.\nNote: it rained.")
    page.get_by_role("button", name="Give each a voice").click()
    expect(page.get_by_label("Anna", exact=True).locator(":checked")).to_have_text("Anna")
    expect(page.get_by_label("Reference", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("Choose a voice for Tom.")).to_be_visible()
    expect_accessible(page)
    expect_no_sideways_scrolling(page)
    page.get_by_label("Tom", exact=True).select_option(label="Anna")
    page.get_by_label("Note", exact=True).select_option("text")

    page.reload()
    expect(page.get_by_label("Dialogue")).to_be_checked()
    expect(page.get_by_label("Tom", exact=True).locator(":checked")).to_have_text("Anna")
    expect(page.get_by_label("Note", exact=True)).to_have_value("text")
    page.set_viewport_size({"width": 1440, "height": 900})
    expect_accessible(page)
    page.get_by_label("Play while it is made").uncheck()
    row = send(page)
    expect_finished(row)
    row.locator(".row-text a").click()
    expect(page.locator(".sentence .speaker")).to_have_text(["Anna", "Tom", "Tom"])
    expect_accessible(page)


def test_progress_is_told_in_the_row_and_in_the_title(open_page) -> None:
    page = open_page()
    long = generate(page, LONG_TEXT)
    expect(page).to_have_title(re.compile(r"^(…|\d+ %) · Voice cloning$"))
    expect(long).to_contain_text(re.compile(r"\d+ of \d+ sentences, (about|a few) .+ left"))
    expect(page).to_have_title(re.compile(r"^\d+ % · Voice cloning$"))
    long.get_by_role("button", name="Cancel").click()
    expect(page).to_have_title("Voice cloning")


def test_time_of_a_row_stays_true(open_page) -> None:
    page = open_page()
    expect_finished(generate(page))
    time = page.locator("article time").first
    time.evaluate("time => time.dateTime = new Date(Date.now() - 125_000).toISOString()")
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    expect(time).to_have_text("2 minutes ago")


def test_page_is_light(open_page, live_site) -> None:
    """100 kB at the first visit, 30 kB afterwards; no sound is loaded before it is played."""
    page = open_page()
    for number in range(5):
        expect_finished(generate(page, f"{SENTENCE} It is number {number}."))
    fresh = page.context.browser.new_context()
    try:
        page = fresh.new_page()
        received: list[Response] = []
        page.on("response", lambda response: received.append(response))
        page.goto(live_site.url, wait_until="networkidle")
        assert weigh(received) <= 100_000
        assert not [each.url for each in received if "/api/" in each.url]
        received.clear()
        page.locator(".row-text a").first.click()
        expect(page.get_by_role("heading", name="Sentences")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert weigh(received) <= 30_000
    finally:
        fresh.close()


@pytest.mark.parametrize(
    ("path", "most_bytes"),
    [
        *((path, 100_000) for path in ("/voices/", "/voices/names/", "/history/", "/pronunciations/")),
        ("/api/", 115_000),  # every call of the API is on it
    ],
)
def test_other_pages_are_light_at_the_first_visit(path: str, most_bytes: int, open_page, live_site) -> None:
    page = open_page("/api/v1/languages")  # which brings no file of the pages
    received: list[Response] = []
    page.on("response", lambda response: received.append(response))
    page.goto(live_site.url + path, wait_until="networkidle")
    assert weigh(received) <= most_bytes
    assert not [each.url for each in received if "latin-ext" in each.url], "nothing that is shown needs it"


def weigh(received: list[Response]) -> int:
    return sum(each.request.sizes()["responseBodySize"] for each in received)


def test_time_until_it_would_be_ready_stands_beside_generate(open_page):
    page = open_page()
    for text in ("One.", "Two.", "Three."):
        expect_finished(generate(page, text))
    page.get_by_label("Text", exact=True).fill("How long does this take?")
    expect(page.locator("#outlook")).to_contain_text("Ready in")
    page.get_by_label("Text", exact=True).fill("")
    expect(page.locator("#outlook")).to_be_empty()


def test_stock_voice_brings_its_language_unless_one_was_chosen(open_page) -> None:
    page = open_page()
    page.evaluate(
        """() => document.getElementById("form").insertAdjacentHTML("afterbegin", ["ja", "fr"].map((code) =>
            `<label><input type="radio" name="voice" value="stock:${code}">
            <span data-language="${code}">${code}</span></label>`
        ).join(""))"""
    )  # this site has none
    language = page.get_by_label("Language")
    page.get_by_role("radio", name="ja").check()
    expect(language).to_have_value("ja")
    page.get_by_role("radio", name="fr").check()
    expect(language).to_have_value("fr")
    language.select_option("de")
    page.get_by_role("radio", name="ja").check()
    expect(language).to_have_value("de")
