"""The docked player in a real Chromium."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from cloning.tests.e2e.pages import (
    LONG_TEXT,
    expect_accessible,
    expect_finished,
    expect_no_sideways_scrolling,
    fill_in,
    generate,
    needs_chromium,
    open_menu,
    play,
    send,
)

pytestmark = needs_chromium

TEN_SECONDS = "The train to Edinburgh leaves from platform four. " * 4

SOUND_PLAYS = (
    "() => { const sound = document.getElementById('sound'); return !sound.paused && sound.currentTime > 0 }"
)


@pytest.fixture
def finished(open_page) -> Locator:
    """The row of something that can be played."""
    card = generate(open_page(), TEN_SECONDS)
    expect_finished(card)
    return card


def place_seconds(page: Page) -> float:
    return page.evaluate("document.getElementById('sound').currentTime")


def test_goes_on_while_one_moves_about(finished: Locator, live_site) -> None:
    page = finished.page
    play(finished)
    page.get_by_label("Playback speed").select_option("0.75")  # time enough to move about
    page.wait_for_function(SOUND_PLAYS)
    page.evaluate("window.sameDocument = true")
    before = place_seconds(page)
    finished.locator(".row-text a").click()
    expect(page.get_by_role("heading", name="Sentences")).to_be_visible()
    expect(page.locator("#main")).to_be_focused()
    expect(page).to_have_title(re.compile("^The train to Edinburgh"))
    assert page.evaluate("window.sameDocument") and page.evaluate(SOUND_PLAYS)
    assert place_seconds(page) > before
    expect(page.locator("#sentence-0")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page).to_have_url(live_site.url + "/")
    expect(page.get_by_role("button", name="Generate")).to_be_visible()
    expect(page.get_by_role("region", name="Player")).to_be_visible()
    assert page.evaluate("window.sameDocument")
    page.get_by_role("button", name="Close the player").click()
    expect(page.get_by_role("region", name="Player")).to_be_hidden()
    assert not page.evaluate(SOUND_PLAYS)


def test_goes_on_after_a_deletion_on_a_page_of_its_own(finished: Locator) -> None:
    page = finished.page
    other = generate(page, "Another.")
    expect_finished(other)
    play(finished)
    page.get_by_label("Playback speed").select_option("0.75")
    other.locator(".row-text a").click()
    expect(page.get_by_role("heading", name="Sentences")).to_be_visible()
    page.evaluate("window.sameDocument = true")
    open_menu(page.locator("article"))
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 generation deleted.")).to_be_visible()
    expect(page).to_have_url(re.compile("/history/"))
    expect(page).to_have_title(re.compile("^History"))
    expect(page.locator("#main")).to_be_focused()
    assert page.evaluate("window.sameDocument") and page.evaluate(SOUND_PLAYS)


def test_slider_with_keys_and_sentence(finished: Locator) -> None:
    page = finished.page
    play(finished)
    page.wait_for_function(SOUND_PLAYS)
    slider = page.get_by_role("slider", name="Position")
    expect(page.locator("[data-sentence]")).to_contain_text("The train to Edinburgh")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.getElementById('sound').paused")
    slider.press("End")
    length = int(slider.get_attribute("aria-valuemax") or "0")
    assert length >= 8
    expect(slider).to_have_attribute("aria-valuenow", str(length))
    slider.press("Home")
    expect(slider).to_have_attribute("aria-valuenow", "0")
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuenow", "5")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^5 s of \d+ s$"))
    slider.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuenow", "0")
    box = slider.bounding_box() or pytest.fail("It is not shown.")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert place_seconds(page) == pytest.approx(length / 2, abs=1)


def test_waveform_of_the_row_takes_clicks_and_follows(finished: Locator) -> None:
    finished.locator(".waveform").click()  # in its middle
    expect(finished.locator(".waveform")).to_have_attribute("style", re.compile(r"--played: [4-9]\d"))
    expect(finished.get_by_role("button", name=re.compile("^Play"))).to_have_attribute("aria-pressed", "true")


def test_one_sound_at_a_time(finished: Locator) -> None:
    page = finished.page
    chosen = page.locator(".drop [data-chosen] audio")
    chosen.evaluate("audio => audio.play()")
    play(finished)
    page.wait_for_function(SOUND_PLAYS)
    assert chosen.evaluate("audio => audio.paused")
    chosen.evaluate("audio => audio.play()")
    page.wait_for_function("() => document.getElementById('sound').paused")


def test_is_heard_while_it_is_made(open_page) -> None:
    page = open_page()
    fill_in(page, LONG_TEXT)
    page.get_by_label("Play while it is made").check()
    card = send(page)
    expect(page.locator("#sound")).to_have_attribute("src", re.compile("^blob:"))  # fed piece by piece
    page.wait_for_function(SOUND_PLAYS)
    assert "succeeded" not in (card.get_attribute("class") or "")
    expect(page.locator("[data-sentence]")).to_contain_text("This is one sentence")
    expect(card.get_by_role("button", name=re.compile("^Play"))).to_have_attribute("aria-pressed", "true")
    expect_accessible(page)
    page.get_by_role("slider", name="Position").press("Home")
    page.wait_for_function(SOUND_PLAYS)
    card.get_by_role("button", name="Cancel").click()
    page.reload()
    expect(page.get_by_label("Play while it is made")).to_be_checked()


@pytest.mark.parametrize("feeds_pieces", [True, False])
def test_without_a_place_for_a_listener_the_sentences_are_heard(feeds_pieces: bool, open_page) -> None:
    page = open_page("/pronunciations/")
    if not feeds_pieces:  # as Firefox, which takes no MP3 in pieces
        page.add_init_script("delete window.MediaSource")
    asked: list[str] = []
    page.route("**/stream.mp3", lambda route: (asked.append(route.request.url), route.fulfill(status=503))[1])
    page.goto(page.url.replace("/pronunciations/", "/"))
    fill_in(page)
    page.get_by_label("Play while it is made").check()
    send(page)
    expect(page.locator("#sound")).to_have_attribute(
        "src", re.compile(r"/segments/0\.wav\?take=1|/api/v1/files/")
    )
    page.wait_for_function(SOUND_PLAYS)
    assert len(asked) == 1


def test_what_was_heard_while_it_was_made_plays_again_as_a_file(open_page) -> None:
    page = open_page()
    fill_in(page)
    page.get_by_label("Play while it is made").check()
    card = send(page)
    page.wait_for_function("() => document.getElementById('sound').ended")
    expect_finished(card)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("#sound")).to_have_attribute("src", re.compile("^/api/v1/files/"))
    page.wait_for_function(SOUND_PLAYS)


def test_what_is_still_being_spoken_is_heard_from_its_row(open_page) -> None:
    page = open_page(width=360)
    card = generate(page, LONG_TEXT)
    expect(card.get_by_text(re.compile("^Speaking: [1-9]"))).to_be_visible()
    expect(card).to_have_class("row running")
    play(card)
    expect(page.locator("#sound")).to_have_attribute("src", re.compile(r"/segments/0\.wav\?take=1"))
    page.wait_for_function(SOUND_PLAYS)
    expect(page.locator("[data-sentence]")).to_contain_text("This is one sentence")
    expect_accessible(page)
    expect_no_sideways_scrolling(page)
    card.get_by_role("button", name="Cancel").click()


def test_tabs_and_generate_are_within_reach_on_a_phone(open_page) -> None:
    page = open_page(width=360)
    bottom = page.evaluate("innerHeight")
    tabs = page.get_by_role("navigation", name="Site").bounding_box()
    assert tabs["y"] + tabs["height"] == pytest.approx(bottom, abs=1) and tabs["height"] >= 56
    button = page.get_by_role("button", name="Generate").bounding_box()
    assert button["y"] + button["height"] <= tabs["y"]
    expect(page.get_by_role("link", name="Studio")).to_have_attribute("aria-current", "page")
    expect_no_sideways_scrolling(page)
    page.set_viewport_size({"width": 320, "height": 568})
    expect_no_sideways_scrolling(page)
    page.set_viewport_size({"width": 2560, "height": 1200})
    expect_no_sideways_scrolling(page)
