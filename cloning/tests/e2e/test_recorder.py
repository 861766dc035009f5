"""Recording with Chromium's own microphone, which says the same clip again and again."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from cloning.tests.clips import MALE_CLIP
from cloning.tests.e2e.pages import (
    expect_accessible,
    expect_finished,
    expect_no_sideways_scrolling,
    needs_chromium,
)
from cloning.text.reading_scripts import READING_SCRIPTS

pytestmark = needs_chromium

RECORDED = re.compile(r"The recording is taken: 0:\d\d")


def button(page: Page, name: str) -> Locator:
    return page.locator(".recorder").get_by_role("button", name=name, exact=True)


def record(page: Page, seconds: int = 2) -> None:
    button(page, "Record").click()
    button(page, "Start recording").click()
    expect(page.locator("[data-input=reference] .recorder-time")).to_contain_text(
        re.compile(rf"0:(0[{seconds}-9]|[1-5]\d) / 5:00")
    )


def chosen(page: Page) -> list[str]:
    names: list[str] = page.locator("form:has(.recorder) input[name=reference]").evaluate(
        "input => [...input.files].map(file => file.name)"
    )
    return names


def test_keyboard_alone_from_the_text_to_read_to_another_try(open_page):
    page = open_page(width=360, with_coach=True)
    page.get_by_label("Language", exact=True).select_option("de")
    button(page, "Record").press("Enter")
    start = button(page, "Start recording")
    expect(start).to_be_focused()
    script = page.locator("[data-input=reference] [lang]")
    expect(script).to_have_text(READING_SCRIPTS["de"])
    expect(script).to_have_attribute("lang", "de")
    page.get_by_label("Language", exact=True).select_option("ar")
    expect(script).to_have_attribute("dir", "rtl")
    level = page.get_by_role("meter", name="Level")
    expect(level).to_have_attribute("aria-valuetext", re.compile("dB Good"))
    expect(page.get_by_label("Microphone", exact=True)).to_be_visible()
    expect_accessible(page)

    start.press("Space")
    expect(button(page, "Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(start).to_be_focused()
    page.keyboard.press("Enter")
    expect(button(page, "Stop")).to_be_focused()
    expect_accessible(page)
    expect_no_sideways_scrolling(page)

    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_text("Paused at")).to_be_visible()
    expect(button(page, "Continue")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button(page, "Pause")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # discards
    expect(start).to_be_focused()
    assert chosen(page) == []

    page.keyboard.press("Enter")
    expect(button(page, "Stop")).to_be_focused()
    expect(page.locator("[data-input=reference] .recorder-time")).to_contain_text(re.compile("0:0[1-9]"))
    page.keyboard.press("Enter")
    expect(page.get_by_text(RECORDED)).to_be_visible()
    expect(button(page, "Record again")).to_be_focused()
    expect_accessible(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(button(page, "Record")).to_be_focused()


def test_form_sent_in_the_middle_of_a_recording_takes_it_and_is_sent_once(open_page):
    page = open_page(with_coach=True)
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.get_by_label("Text", exact=True).fill("Spoken from a recording.")
    record(page)
    page.get_by_role("button", name="Generate").dblclick()
    expect_finished(page.locator("article").first)
    expect(page.locator("article").first).to_contain_text("recording.wav")
    assert posts.count(page.url) == 1
    expect(button(page, "Record again")).to_be_visible()


def test_recording_stops_by_itself_and_replaces_the_one_before(open_page):
    page = open_page(with_coach=True)
    page.get_by_label("Reference", exact=True).set_input_files(MALE_CLIP)
    page.clock.install()
    button(page, "Record").click()
    for name in ("Start recording", "Record again"):
        button(page, name).click()
        expect(button(page, "Cancel")).to_be_visible()
        page.clock.run_for(3_100)
        expect(button(page, "Pause")).to_be_visible()
        button(page, "Pause").focus()
        page.clock.run_for(301_000)
        expect(page.get_by_text("The recording is taken")).to_be_visible()
        expect(button(page, "Record again")).to_be_focused()
        assert chosen(page) == [MALE_CLIP.name, "recording.wav"]


def fail_with(name: str) -> str:
    return f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{name}') }}; 0"


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (fail_with("NotAllowedError"), "Allow it by the symbol beside the address"),
        (fail_with("NotFoundError"), "Plug one in"),
        (fail_with("NotReadableError"), "another program is using it"),
        ("Object.defineProperty(window, 'isSecureContext', { value: false })", "http://localhost"),
    ],
)
def test_without_a_microphone_a_sentence_helps(open_page, script: str, sentence: str):
    page = open_page("/voices/", width=360, with_coach=True)
    page.evaluate(script)
    button(page, "Record").press("Enter")
    expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()
    can_try_again = "localhost" not in sentence
    expect(button(page, "Try again" if can_try_again else "Close")).to_be_focused()
    expect(button(page, "Try again")).to_have_count(int(can_try_again))
    expect_accessible(page)
    button(page, "Close").click()
    expect(button(page, "Record")).to_be_focused()


def test_voice_from_recordings(open_page):
    page = open_page("/voices/", with_coach=True, permissions=["microphone"])
    record(page, 4)  # of which a part is silence
    button(page, "Stop").click()
    expect(page.get_by_text(RECORDED)).to_be_visible()
    heard = page.locator("[data-input=reference]").get_by_label("The recording", exact=True)
    expect(heard).to_have_js_property("readyState", 4)
    expect(page.get_by_role("slider", name="Start of the part")).to_be_visible()  # to cut it
    expect_accessible(page)
    page.get_by_role("button", name="Save voice").click()
    expect(page.get_by_text("Give the voice a name.")).to_be_visible()
    assert chosen(page) == ["recording.wav"]  # no page of errors costs a recording
    page.get_by_label("Name", exact=True).fill("Recorded")
    page.get_by_role("button", name="Save voice").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recorded")
    expect(page.get_by_label("Clip recording.wav")).to_have_count(1)
    record(page, 4)
    page.get_by_role("button", name="Add clips").click()
    expect(page.get_by_text("The voice is learnt anew.")).to_be_visible()
    expect(page.get_by_label("Clip recording.wav")).to_have_count(2)
