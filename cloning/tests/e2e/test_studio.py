"""The form in a real Chromium against a real server and worker."""

import re
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Page, expect

from cloning.tests.clips import MALE_CLIP
from cloning.tests.e2e.pages import (
    SENTENCE,
    WAIT_MS,
    expect_accessible,
    expect_finished,
    expect_no_sideways_scrolling,
    expect_playable,
    fill_in,
    generate,
    needs_chromium,
    open_menu,
    play,
    send,
)

pytestmark = needs_chromium


def test_clip_and_text_become_speech(open_page, live_site):
    page = open_page()
    assert page.get_by_text("Nothing yet").is_visible()
    page.locator("summary", has_text="Preview").click()
    expect(page.get_by_text("Preview: this is not a clone.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Preview: this is not a clone.")).to_be_hidden()
    fill_in(page)
    expect(page.get_by_text("29 characters, about 2 s")).to_be_visible()
    expect(page.get_by_label("Reference: " + MALE_CLIP.name)).to_have_js_property("readyState", 4)

    card = send(page)
    expect_finished(card)
    expect(card).to_contain_text("Preview (not a clone)")
    expect(page.locator("#announcer")).to_contain_text("Finished")
    expect(page.get_by_role("button", name="Generate")).to_be_focused()
    expect_playable(card, live_site)

    with page.expect_download() as download:
        card.get_by_role("link", name="Download WAV").first.click()
    assert download.value.suggested_filename.endswith(".wav")
    assert soundfile.info(download.value.path()).samplerate == 24_000


def test_without_javascript(open_page, live_site):
    page = open_page(java_script_enabled=False)
    expect(page.get_by_role("button", name="Record", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("Choose a clip of the voice.")).to_be_visible()
    fill_in(page, "…")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("Choose the clip once more")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value("…")

    fill_in(page)
    page.get_by_role("button", name="Generate").click()
    expect(page).to_have_url(re.compile("/generations/"))
    pk = page.url.rstrip("/").rpartition("/")[2]
    player = page.get_by_label("Speech: Good morning")
    show_more = page.get_by_role("link", name="Show what was spoken since")
    while not player.count():  # the page refreshes itself until there is something that may be playing
        if show_more.count():
            show_more.click()
        page.wait_for_timeout(200)
    expect(page.get_by_label("Sentence 1", exact=True)).to_be_visible()
    source = player.get_attribute("src") or ""
    answer = page.request.get(live_site.url + source, headers={"Range": "bytes=0-3"})
    assert (answer.status, answer.body()) == (206, b"RIFF")
    assert list(live_site.storage_root.glob(f"generated/{pk}-*"))

    page.get_by_label("Name").fill("Someone")
    page.get_by_role("button", name="Save voice").click()
    expect(page.get_by_role("status").first).to_contain_text("Someone")
    page.get_by_role("radio", name="Someone").check()
    page.get_by_label("Text", exact=True).fill("Spoken by a saved voice.")
    page.get_by_role("button", name="Generate").click()
    expect(page).to_have_url(re.compile("/generations/"))
    expect(page.get_by_label("Sentence 1", exact=True)).to_be_visible(timeout=WAIT_MS)
    while not page.locator("article.succeeded").count():
        page.wait_for_timeout(200)
        page.reload()
    open_menu(page.locator("article"))
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 generation deleted.")).to_be_visible()


def test_wrong_input_is_kept_and_can_be_put_right(open_page):
    page = open_page()
    reference, text = page.get_by_label("Reference", exact=True), page.get_by_label("Text", exact=True)
    text.fill("…")
    page.get_by_role("button", name="Generate").click()
    expect(reference).to_be_focused()
    expect(reference).to_have_attribute("aria-invalid", "true")
    expect(reference).to_have_accessible_description(re.compile("Choose a clip of the voice"))
    expect(text).to_have_accessible_description(re.compile("nothing to speak"))
    expect_accessible(page)

    reference.set_input_files(MALE_CLIP)
    page.get_by_role("button", name="Generate").click()
    expect(text).to_be_focused()
    expect(text).to_have_value("…")
    expect(reference).to_have_attribute("aria-invalid", "false")
    assert reference.evaluate("input => input.files[0].name") == MALE_CLIP.name
    expect(page.get_by_label("Reference: " + MALE_CLIP.name)).to_be_visible()

    text.fill(SENTENCE)
    expect_finished(send(page))


def test_file_that_is_no_audio(open_page, tmp_path: Path):
    page = open_page()
    (tmp_path / "notes.wav").write_text("Dear diary")
    fill_in(page)
    page.get_by_label("Reference", exact=True).set_input_files(tmp_path / "notes.wav")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_label("Reference", exact=True)).to_be_focused()
    expect(page.locator("#id_reference_error")).not_to_be_empty()
    page.get_by_role("button", name="Remove notes.wav").click()
    assert page.get_by_label("Reference", exact=True).evaluate("input => input.files.length") == 0


def test_clip_dropped_anywhere_on_the_page(open_page):
    page = open_page()
    page.evaluate(
        """() => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(["…"], "dropped.wav", { type: "audio/wav" }));
            document.querySelector("footer").dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
        }"""
    )
    expect(page.locator(".drop")).to_contain_text("dropped.wav")


def test_keyboard_alone(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    press_tab_to(page, "id_reference")
    page.get_by_label("Reference", exact=True).set_input_files(MALE_CLIP)  # the system's own dialog chooses
    press_tab_to(page, "id_text")
    page.keyboard.type(SENTENCE)
    controls = ["Pause", "Language", "Dialogue", "Speed", "Liveliness", "Seed", "Format", "Spoken notice"]
    for name in (*controls, "Pronunciations", "Generate"):
        page.keyboard.press("Tab")
        assert name in page.evaluate(
            "document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText"
        )
    known = page.locator("article").count()
    page.keyboard.press("Enter")
    expect(page.locator("article")).to_have_count(known + 1)
    expect_finished(page.locator("article").first)
    page.locator("article").first.get_by_role("button", name=re.compile("^Play")).press("Space")
    expect(page.get_by_role("region", name="Player")).to_be_visible()


def press_tab_to(page: Page, id: str) -> None:
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == id:
            return
    raise AssertionError(f"Tab does not lead to {id}.")


@pytest.mark.parametrize(("width", "color_scheme"), [(390, "dark"), (1280, "light")])
def test_accessible_on_phone_and_desktop_in_light_and_dark(open_page, width, color_scheme):
    page = open_page(width=width, color_scheme=color_scheme)
    expect_accessible(page)
    if width < 960:
        page.get_by_text("Options", exact=True).click()
    page.get_by_label("Speed", exact=True).fill("99")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("between 0.5 and 2")).to_be_visible()
    expect_accessible(page)
    expect_no_sideways_scrolling(page)

    page.get_by_label("Speed", exact=True).fill("1")
    card = generate(page, "صباح الخير. " + "a" * 200)
    expect_finished(card)
    play(card)
    open_menu(card)
    expect_accessible(page)
    expect_no_sideways_scrolling(page)
    page.keyboard.press("Escape")
    card.locator(".row-text a").click()
    expect(page.get_by_role("heading", name="Save this voice")).to_be_visible()
    page.get_by_text("Whole text and options").click()
    expect_accessible(page)
    expect_no_sideways_scrolling(page)


def test_address_where_nothing_is(open_page):
    page = open_page("/nothing")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    expect_accessible(page)
    page.get_by_role("link", name="Back to the studio").click()
    expect(page.get_by_role("button", name="Generate")).to_be_visible()


def test_touch_targets_on_a_phone(open_page):
    page = open_page(width=390)
    card = generate(page)
    expect_finished(card)
    play(card)
    open_menu(card)
    too_small = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, summary, select, textarea, input, nav a, .brand")]
            .filter(element => element.checkVisibility())
            .filter(element => (element.closest("label") ?? element).getBoundingClientRect().height < 44)
            .map(element => element.outerHTML)"""
    )
    assert too_small == []


def test_language_of_the_page_by_keyboard(open_page):
    page = open_page("/voices/", width=360, locale="de-DE")
    expect(page.get_by_role("heading", name="Stimmen", exact=True)).to_be_visible()
    menu = page.get_by_label("Anzeige: Deutsch")
    menu.focus()
    page.keyboard.press("Enter")
    expect_accessible(page)
    expect_no_sideways_scrolling(page)
    for _language in range(4):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Voix", exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "fr"
    page.get_by_role("link", name="Studio").click()  # without a new document
    expect(page.get_by_role("button", name="Générer")).to_be_visible()


def test_language_of_the_page_without_javascript(open_page):
    page = open_page("/history/?q=x", locale="fr-FR", java_script_enabled=False)
    page.get_by_label("Affichage : Français").click()
    page.get_by_role("button", name="Español").click()
    expect(page.get_by_role("heading", name="Historial")).to_be_visible()
    assert page.url.endswith("/history/?q=x")


@pytest.mark.parametrize("locale", ["de-DE", "es-ES"])
def test_pages_of_other_languages_fit_a_phone_and_a_small_window(open_page, live_site, locale):
    page = open_page(width=360, locale=locale)
    page.locator("textarea").fill("Das ist ein Satz." * 2)
    expect(page.locator("#id_text_helptext")).to_have_text(
        re.compile(r"^34 (Zeichen, etwa|caracteres, unos|caractères, environ) 2 s$")
    )
    for path in ("/", "/voices/", "/history/", "/api/", "/nothing"):
        page.goto(live_site.url + path)
        for width in (360, 768):
            page.set_viewport_size({"width": width, "height": 800})
            expect_no_sideways_scrolling(page)
