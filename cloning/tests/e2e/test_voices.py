"""The pages of the voices in a real Chromium, at a desktop's and at a phone's width."""

import re

import pytest
from playwright.sync_api import expect

from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.e2e.pages import (
    expect_accessible,
    expect_no_sideways_scrolling,
    needs_chromium,
)

pytestmark = needs_chromium


@pytest.mark.parametrize("width, javascript", [(1440, True), (360, False)])
def test_voice_from_its_first_clip_to_its_deletion(width: int, javascript: bool, open_page) -> None:
    name = f"Ada {width}"
    page = open_page("/voices/", width=width, java_script_enabled=javascript)
    check = expect_sound if javascript else expect_no_scrolling
    check(page)
    page.get_by_role("button", name="Save voice").click()
    expect(page.get_by_text("Give the voice a name.")).to_be_visible()
    expect(page.get_by_text("Choose a clip.")).to_be_visible()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Clips", exact=True).set_input_files([MALE_CLIP, FEMALE_CLIP])
    page.get_by_role("button", name="Save voice").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    check(page)
    if javascript:
        page.get_by_role("button", name=f"Play: sample of {name}").click()
        page.wait_for_function("() => document.getElementById('sound').currentTime > 0.1")
    else:
        expect(page.get_by_label(f"Sample of {name}", exact=True)).to_be_visible()
    check(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    assert download.value.suggested_filename == f"{name}.zip"
    page.get_by_role("button", name=f"Remove {MALE_CLIP.name}").click()
    expect(page.get_by_text("The voice is learnt anew.")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text(f"The voice “{name}” is deleted.")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("link", name="Voices", exact=True).first.click()
    page.get_by_label("Exported voice").set_input_files(download.value.path())
    page.get_by_role("button", name="Import voice").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} 2")


def test_search_as_one_types(open_page) -> None:
    page = open_page("/voices/")
    for name in ("Grandma", "Tom"):
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("Clips", exact=True).set_input_files(MALE_CLIP)
        page.get_by_role("button", name="Save voice").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        page.get_by_role("main").get_by_role("link", name="Voices").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Voices")
    expect(page.get_by_role("link", name="Grandma", exact=True)).to_be_visible()
    page.get_by_label("Search by name").press_sequentially("TO")
    expect(page.get_by_role("link", name="Grandma", exact=True)).to_be_hidden()
    expect(page.get_by_role("link", name="Tom", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/voices/\?q=TO&language=$"))
    expect(page.get_by_label("Search by name")).to_be_focused()
    page.reload()
    expect(page.get_by_label("Search by name")).to_have_value("TO")
    expect_accessible(page)


def expect_sound(page) -> None:
    expect_accessible(page)
    expect_no_sideways_scrolling(page)


def expect_no_scrolling(page) -> None:
    expect_no_sideways_scrolling(page)


@pytest.mark.parametrize("width, javascript", [(1440, True), (360, False)])
def test_name_for_programs_is_given_to_a_voice(width: int, javascript: bool, open_page) -> None:
    voice = f"Nadia {width}"
    page = open_page("/voices/", width=width, java_script_enabled=javascript)
    page.get_by_label("Name", exact=True).fill(voice)
    page.get_by_label("Clips", exact=True).set_input_files([MALE_CLIP])
    page.get_by_role("button", name="Save voice").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(voice)
    page.get_by_role("link", name="Voices", exact=True).first.click()
    page.get_by_role("link", name="Choose voices").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Names for programs")
    if javascript:
        page.get_by_label("alloy").focus()
        page.keyboard.type(voice)
        expect_accessible(page)
    else:
        page.get_by_label("alloy").select_option(label=voice)
    expect_no_sideways_scrolling(page)
    page.get_by_label("Another name").fill(f"Narrator {width}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(f"Choose a voice for Narrator {width}.")).to_be_visible()
    page.get_by_label("Voice", exact=True).select_option(label=voice)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    for name in ("alloy", f"Narrator {width}"):
        expect(page.get_by_label(name, exact=True).locator("option:checked")).to_have_text(voice)
    expect_no_sideways_scrolling(page)
