"""The history in a real Chromium against a real server and worker."""

import re
import time
import zipfile

import pytest
from playwright.sync_api import Locator, Page, expect

from cloning.tests.clips import MALE_CLIP
from cloning.tests.e2e.pages import (
    expect_accessible,
    expect_finished,
    expect_no_sideways_scrolling,
    needs_chromium,
    open_menu,
    play,
)
from cloning.tests.live_site import LiveSite

pytestmark = needs_chromium

TEXTS = ["The train leaves at nine.", "Über die Brücke.", "صباح الخير", "A rather long sentence. " * 8]


@pytest.fixture(scope="module")
def spoken_texts(live_site: LiveSite) -> None:
    for text in TEXTS:
        pk = live_site.post(text, MALE_CLIP.read_bytes())["id"]
        while live_site.get(f"/api/v1/generations/{pk}")["status"] != "succeeded":
            time.sleep(0.1)


@pytest.fixture
def open_history(open_page, spoken_texts):
    """The page, and the addresses of what it has loaded so far."""

    def open_it(query: str = "", **options: object) -> Page:
        return open_page(f"/history/{query}", **options)

    return open_it


def rows(page: Page) -> Locator:
    return page.locator("article.row")


def row_of(page: Page, text: str) -> Locator:
    return rows(page).filter(has_text=text)


@pytest.mark.parametrize(("width", "color_scheme"), [(360, "dark"), (1440, "light")])
def test_rows_are_low_accessible_and_load_no_sound(open_history, live_site, width, color_scheme):
    page = open_history(width=width, color_scheme=color_scheme)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    page.reload()
    expect(rows(page)).to_have_count(len(TEXTS))
    heights = rows(page).evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
    assert all(72 <= height <= 74 for height in heights), heights
    assert not [url for url in loaded if "/files/" in url]
    expect_no_sideways_scrolling(page)
    expect_accessible(page)
    open_menu(rows(page).last)
    expect(rows(page).last.get_by_role("link", name="Download MP3")).to_be_visible()
    expect_accessible(page)
    expect_no_sideways_scrolling(page)
    page.keyboard.press("Escape")
    expect(rows(page).last.locator("summary")).to_be_focused()
    too_small = page.evaluate(
        """() => [...document.querySelectorAll(
            "main :is(button, summary, select, input:not([type=checkbox]), .row-select)")]
            .filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 44)
            .map(element => element.outerHTML)"""
    )
    assert too_small == []


def test_searching_as_one_types_goes_into_the_address(open_history):
    page = open_history()
    page.get_by_label("Search in the text").press_sequentially("brücke")
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile("q=br%C3%BCcke"))
    expect(page.get_by_label("Search in the text")).to_be_focused()
    page.reload()
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Language").select_option("de")
    expect(page.get_by_text("Nothing like this was found.")).to_be_visible()
    page.go_back()
    expect(rows(page)).to_have_count(1)
    page.get_by_role("link", name="Clear").click()
    expect(rows(page)).to_have_count(len(TEXTS))


def test_playing_from_a_row(open_history):
    page = open_history()
    play(row_of(page, "The train"))
    page.locator("#sound").evaluate("audio => audio.ended || new Promise(done => audio.onended = done)")


def test_several_are_deleted_and_had_back(open_history):
    page = open_history()
    for text in ("The train", "Über"):
        row_of(page, text).get_by_role("checkbox").check()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Delete selected").click()
    expect(page.get_by_text("2 generations deleted.")).to_be_visible()
    expect(rows(page)).to_have_count(len(TEXTS) - 2)
    expect_accessible(page)
    page.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(len(TEXTS))
    page.get_by_label("All on this page").check()
    expect(page.get_by_text(f"{len(TEXTS)} selected")).to_be_visible()


def test_star_by_keyboard(open_history):
    page = open_history()
    star = row_of(page, "The train").get_by_role("button", name=re.compile("Star"))
    star.focus()
    page.keyboard.press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    page.get_by_label("Starred").check()
    expect(rows(page)).to_have_count(1)
    star.click()
    expect(star).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize("javascript", [True, False])
def test_downloads(open_history, tmp_path, javascript):
    page = open_history(java_script_enabled=javascript)
    row = row_of(page, "The train")
    open_menu(row)
    with page.expect_download() as download:
        row.get_by_role("link", name="Download FLAC").click()
    assert download.value.suggested_filename == "the-train-leaves-at-nine.flac"
    assert download.value.path().read_bytes().startswith(b"ID3")  # the manifest, then FLAC
    for text in ("The train", "Über"):
        row_of(page, text).get_by_role("checkbox").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as ZIP").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["the-train-leaves-at-nine.wav", "über-die-brücke.wav"]


def test_without_javascript(open_history):
    page = open_history(java_script_enabled=False)
    page.get_by_label("Search in the text").fill("train")
    page.get_by_role("button", name="Search").click()
    expect(rows(page)).to_have_count(1)
    row = row_of(page, "The train")
    row.get_by_role("button", name=re.compile("Star")).click()
    expect(row.get_by_role("button", name=re.compile("Star"))).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("q=train"))
    row.get_by_role("button", name=re.compile("Star")).click()
    open_menu(row)
    row.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 generation deleted.")).to_be_visible()
    expect(page).to_have_url(re.compile("q=train"))
    page.get_by_role("button", name="Undo").click()
    expect(rows(page)).to_have_count(1)
    open_menu(row)
    row.get_by_role("link", name="Use text").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value(TEXTS[0])


def test_what_is_going_on_moves_on(open_page, live_site):
    pk = live_site.post("This one is being spoken while somebody looks.", MALE_CLIP.read_bytes())["id"]
    page = open_page("/history/")
    expect_finished(page.locator(f"#generation-{pk}"))
    expect(page.locator(f"#generation-{pk}").get_by_role("checkbox")).to_be_visible()
    page.request.delete(f"{live_site.url}/api/v1/generations/{pk}")


def test_the_page_of_the_api(open_page):
    page = open_page("/api/", width=360, permissions=["clipboard-read", "clipboard-write"])
    expect_accessible(page)
    expect_no_sideways_scrolling(page)
    page.get_by_role("button", name=re.compile("Copy: curl")).first.click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl ")
    page.get_by_role("link", name="Generation", exact=True).first.click()
    expect(page.locator("#object-Generation")).to_have_attribute("open", "")
    expect_accessible(page)
