"""Books, batches and webhooks in a real Chromium, server and worker: wide with a script, and narrow without one."""

import re
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cloning.tests.clips import MALE_CLIP
from cloning.tests.e2e.pages import expect_accessible, expect_no_sideways_scrolling, needs_chromium
from cloning.tests.live_site import LiveSite, serving

pytestmark = needs_chromium

BOTH = pytest.mark.parametrize("width, javascript", [(1440, True), (360, False)])
BOOK = b"# The lighthouse\n\nIt was bright.\n\n# The storm\n\nIt came at night.\n"


@pytest.fixture(scope="module")
def live_site(tmp_path_factory) -> Iterator[LiveSite]:
    """Where a voice is called Ada."""
    with serving(tmp_path_factory.mktemp("site"), WEBHOOKS="true") as site:
        yield site


@pytest.fixture
def open_with_voice(open_page, live_site):
    def open_it(path: str, width: int, javascript: bool) -> Page:
        page = open_page(path, width=width, java_script_enabled=javascript)
        clip = {"name": "ada.flac", "mimeType": "audio/flac", "buffer": MALE_CLIP.read_bytes()}
        made = page.request.post(
            f"{live_site.url}/api/v1/voices", multipart={"name": "Ada", "reference": clip}
        )
        assert made.status in (201, 409), "409: there is one"
        return page

    return open_it


def look_at(page: Page, *, javascript: bool) -> None:
    expect_no_sideways_scrolling(page)
    if javascript:
        expect_accessible(page)


def wait_for(page: Page, text: str | re.Pattern[str], *, javascript: bool) -> None:
    """Without a script one looks again."""
    while not javascript and not page.locator("main").get_by_text(text).count():
        page.wait_for_timeout(300)
        page.reload()
    expect(page.locator("main").get_by_text(text).first).to_be_visible()


def attach(page: Page, label: str, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": "text/plain", "buffer": content}
    page.get_by_label(label, exact=True).set_input_files(file)


@BOTH
def test_table_becomes_a_zip(width: int, javascript: bool, open_with_voice, tmp_path) -> None:
    page = open_with_voice("/batches/", width, javascript)
    attach(page, "Table", "wrong.csv", b"voice,text\nNobody,Good morning.\nAda,\n")
    page.get_by_role("button", name="Have them spoken").click()
    expect(page.get_by_text("Line 2, voice:")).to_be_visible()
    expect(page.get_by_text("Line 3, text:")).to_be_visible()
    look_at(page, javascript=javascript)
    attach(page, "Table", "right.csv", b"voice,text,name\nAda,Good morning.,first\nAda,Good night.,second\n")
    page.get_by_label("Name", exact=True).fill("Greetings")
    page.get_by_role("button", name="Have them spoken").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Greetings")
    look_at(page, javascript=javascript)
    wait_for(page, "2 of 2 texts", javascript=javascript)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as ZIP").click()
    download.value.save_as(tmp_path / "all.zip")
    names = zipfile.ZipFile(tmp_path / "all.zip").namelist()
    assert [name for name in names if "first" in name] and [name for name in names if "second" in name]
    page.get_by_role("button", name="Delete all of it").click()
    expect(page.get_by_text("The batch is deleted, with all that was spoken.")).to_be_visible()
    look_at(page, javascript=javascript)


@BOTH
def test_webhook_from_its_secret_to_its_deletion(width: int, javascript: bool, open_with_voice) -> None:
    page = open_with_voice("/webhooks/", width, javascript)
    page.get_by_label("Address").fill("nowhere")
    page.get_by_role("button", name="Add a webhook").click()
    expect(page.locator("#id_url_error")).to_be_visible()
    look_at(page, javascript=javascript)
    page.get_by_label("Address").fill("https://hooks.invalid/told")
    page.get_by_label("A generation has failed").uncheck()
    page.get_by_role("button", name="Add a webhook").click()
    expect(page.get_by_label("Your program checks the signatures")).to_have_value(re.compile("^whsec_"))
    look_at(page, javascript=javascript)
    page.get_by_role("button", name="Send a test to https://hooks.invalid/told").click()
    expect(page.get_by_text("A test is sent.")).to_be_visible()
    expect(page.get_by_label("Your program checks the signatures")).to_have_count(0)
    page.get_by_text("What was told last").click()
    expect(page.locator("code", has_text="ping")).to_be_visible()
    look_at(page, javascript=javascript)
    page.get_by_role("button", name="Delete https://hooks.invalid/told").click()
    expect(page.get_by_text("The webhook is deleted.")).to_be_visible()


@BOTH
def test_book_is_read_out(width: int, javascript: bool, open_with_voice, tmp_path) -> None:
    page = open_with_voice("/books/", width, javascript)
    attach(page, "File", "lighthouse.md", BOOK)
    page.get_by_role("button", name="Show its chapters").click()
    expect(page.get_by_role("checkbox", name=re.compile("The storm"))).to_be_checked()
    look_at(page, javascript=javascript)
    page.get_by_role("checkbox", name=re.compile("The storm")).uncheck()
    page.get_by_role("button", name="Read it out").click()
    expect(page.get_by_text("Choose a clip of the voice.")).to_be_visible()
    look_at(page, javascript=javascript)
    page.get_by_role("radio", name="Ada").check()
    page.get_by_role("button", name="Read it out").click()
    look_at(page, javascript=javascript)
    wait_for(page, "Succeeded", javascript=javascript)
    expect(page.locator("article.row")).to_have_count(1)
    look_at(page, javascript=javascript)
    with page.expect_download() as download:
        page.get_by_role("link", name="Chapters (ZIP)").click()
    download.value.save_as(tmp_path / "book.zip")
    assert len(zipfile.ZipFile(tmp_path / "book.zip").namelist()) == 1
    page.locator(".delete-book summary").click()
    page.get_by_role("button", name="Delete the book").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Books")
