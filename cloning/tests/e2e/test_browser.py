"""The pages in a real Chromium against a real server and worker."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import soundfile
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect, sync_playwright

from cloning import audio
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.live_site import LiveSite

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
SENTENCE = "Good morning, this is a test."
LONG_TEXT = "This is one sentence of a rather long text, in which the same is said again. " * 120
WAIT_MS = 90_000  # for a machine under heavy load
expect.set_options(timeout=WAIT_MS)

# Chromium and htmx log every answer of 4xx and every request refused or dropped; those are for the tests to look at.
KNOWN_COMPLAINTS = ("Failed to load resource", "htmx:sendError", "htmx:sendAbort", "htmx:afterRequest")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI_FORBID_SKIPS"),
    reason="no Chromium on PATH: the pages are not tried in a browser",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    assert CHROMIUM, "CI has to bring a Chromium"
    microphone = tmp_path_factory.mktemp("microphone") / "speech.wav"
    samples, sample_rate_hz = soundfile.read(FEMALE_CLIP)
    soundfile.write(microphone, samples, sample_rate_hz, subtype="PCM_16")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, live_site: LiveSite) -> Iterator[Callable[..., Page]]:
    """Opens a path of the site in a context of its own, at a desktop's width unless told.

    At the end: nothing was asked of any other origin, and the console is clean.
    """
    contexts: list[BrowserContext] = []
    foreign: list[str] = []
    complaints: list[str] = []

    def open_path(path: str = "/", width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: foreign.append(request.url) if is_foreign(request.url) else None)
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(live_site.url + path)
        return page

    def is_foreign(url: str) -> bool:
        return not url.startswith((live_site.url + "/", f"blob:{live_site.url}/"))

    yield open_path
    for context in contexts:
        context.close()
    assert not foreign
    assert not [text for text in complaints if not text.startswith(KNOWN_COMPLAINTS)]


def fill_in(page: Page, text: str = SENTENCE) -> None:
    page.get_by_label("Reference", exact=True).set_input_files(MALE_CLIP)
    page.get_by_label("Text", exact=True).fill(text)


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
    player = card.locator("audio")
    expect(player).to_be_visible(timeout=WAIT_MS)
    player.evaluate("audio => audio.readyState > 0 || new Promise(done => audio.onloadedmetadata = done)")
    pk = (card.get_attribute("id") or "").removeprefix("generation-")
    stored = next(live_site.storage_root.glob(f"generated/{pk}-*"))
    duration_seconds = audio.probe(stored, min_seconds=0, max_seconds=60).duration_seconds
    assert duration_seconds > 1
    assert player.evaluate("audio => audio.duration") == pytest.approx(duration_seconds, abs=0.1)
    player.evaluate("audio => { audio.currentTime = audio.duration - 0.6; return audio.play() }")
    player.evaluate("audio => audio.ended || new Promise(done => audio.onended = done)")
    assert player.evaluate("audio => audio.currentTime") == pytest.approx(duration_seconds, abs=0.1)


def expect_no_sideways_scrolling(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def expect_accessible(page: Page) -> None:
    """Axe finds nothing, its contrast rule (4.5:1) included."""
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_clip_and_text_become_speech(open_page, live_site):
    page = open_page()
    assert page.get_by_text("Nothing yet").is_visible()
    expect(page.get_by_text("Preview engine: this is not a clone.")).to_be_visible()
    fill_in(page)
    expect(page.get_by_text("29 of 20 000 characters")).to_be_visible()
    expect(page.get_by_label("Reference: " + MALE_CLIP.name)).to_have_js_property("readyState", 4)

    card = send(page)
    expect_playable(card, live_site)
    expect(card).to_contain_text("Preview (not a clone)")
    expect(page.locator("#announcer")).to_contain_text("Finished")
    expect(page.get_by_role("button", name="Generate")).to_be_focused()

    with page.expect_download() as download:
        card.get_by_role("link", name="Download WAV").click()
    assert download.value.suggested_filename.endswith(".wav")
    assert soundfile.info(download.value.path()).samplerate == 24_000


def test_waveform_follows_the_player_and_takes_clicks(open_page):
    page = open_page()
    card = generate(page)
    expect(card.locator("audio")).to_have_js_property("readyState", 4)
    card.locator("audio").evaluate(
        "audio => { audio.onplaying = () => audio.pause() }"
    )  # holds it where it begins
    card.locator(".waveform").click()  # in its middle
    expect(card.locator(".waveform")).to_have_attribute("style", re.compile(r"--played: [456]\d"))
    where = "audio => audio.currentTime / audio.duration"
    assert card.locator("audio").evaluate(where) == pytest.approx(0.5, abs=0.2)


def test_without_javascript(open_page, live_site):
    page = open_page(java_script_enabled=False)
    expect(page.get_by_role("button", name="Record")).to_be_hidden()
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
    expect(page.locator("audio")).to_be_visible(timeout=WAIT_MS)  # by the page's own refreshing
    source = page.locator("audio").get_attribute("src") or ""
    answer = page.request.get(live_site.url + source, headers={"Range": "bytes=0-3"})
    assert (answer.status, answer.body()) == (206, b"RIFF")
    assert list(live_site.storage_root.glob(f"generated/{pk}-*"))

    page.get_by_label("Name").fill("Someone")
    page.get_by_role("button", name="Save voice").click()
    expect(page.get_by_role("status").first).to_contain_text("Someone")
    page.get_by_label("Saved voice").select_option("Someone")
    page.get_by_label("Text", exact=True).fill("Spoken by a saved voice.")
    page.get_by_role("button", name="Generate").click()
    expect(page).to_have_url(re.compile("/generations/"))
    expect(page.locator("audio")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(live_site.url + "/")


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
    expect(send(page).locator("audio")).to_be_visible(timeout=WAIT_MS)


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


def test_recording_with_the_microphone(open_page, live_site):
    page = open_page(permissions=["microphone"])
    page.get_by_role("button", name="Record").click()
    stop = page.get_by_role("button", name="Stop")
    expect(stop).to_contain_text(re.compile(r"0:(0[2-9]|[1-5]\d)"))
    stop.click()
    expect(page.get_by_role("button", name="Record again")).to_be_visible()
    expect(page.locator(".drop")).to_contain_text("recording.webm")
    page.get_by_label("Text", exact=True).fill("Spoken from a recording.")
    expect_playable(send(page), live_site)


def test_recording_stops_by_itself_after_a_minute(open_page):
    page = open_page(permissions=["microphone"])
    page.clock.install()
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("button", name="Stop")).to_contain_text(re.compile(r"0:\d\d"))
    page.clock.run_for(61_000)
    expect(page.get_by_role("button", name="Record again")).to_be_visible()


def test_keyboard_alone(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Reference", exact=True)).to_be_focused()
    page.get_by_label("Reference", exact=True).set_input_files(MALE_CLIP)  # the system's own dialog chooses
    for _ in range(30):
        if page.evaluate("document.activeElement.id") == "id_text":
            break
        page.keyboard.press("Tab")
    page.keyboard.type(SENTENCE)
    for name in ("Language", "Advanced options", "Generate"):
        page.keyboard.press("Tab")
        assert name in page.evaluate(
            "document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText"
        )
    known = page.locator("article").count()
    page.keyboard.press("Enter")
    expect(page.locator("article")).to_have_count(known + 1)
    expect(page.locator("article").first.locator("audio")).to_be_visible(timeout=WAIT_MS)


@pytest.mark.parametrize(("width", "color_scheme"), [(390, "dark"), (1280, "light")])
def test_accessible_on_phone_and_desktop_in_light_and_dark(open_page, width, color_scheme):
    page = open_page(width=width, color_scheme=color_scheme)
    expect_accessible(page)
    page.get_by_text("Advanced options").click()
    page.get_by_label("Speed").fill("99")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("between 0.5 and 2")).to_be_visible()
    expect_accessible(page)
    expect_no_sideways_scrolling(page)

    page.get_by_label("Speed").fill("1")
    card = generate(page, "صباح الخير. " + "a" * 200)
    expect(card.locator("audio")).to_be_visible(timeout=WAIT_MS)
    expect_accessible(page)
    expect_no_sideways_scrolling(page)
    card.locator(".spoken a").click()
    expect(page.get_by_role("heading", name="Save this voice")).to_be_visible()
    page.get_by_text("Whole text and options").click()
    expect_accessible(page)
    expect_no_sideways_scrolling(page)


def test_address_where_nothing_is(open_page):
    page = open_page("/nothing")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    expect_accessible(page)
    page.get_by_role("link", name="Back to the form").click()
    expect(page.get_by_role("button", name="Generate")).to_be_visible()


def test_touch_targets_on_a_phone(open_page):
    page = open_page(width=390)
    expect(generate(page).locator("audio")).to_be_visible(timeout=WAIT_MS)
    too_small = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, summary, select, textarea, input, nav a, .brand")]
            .filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 44)
            .map(element => element.outerHTML)"""
    )
    assert too_small == []


def test_cancel_and_delete(open_page):
    page = open_page()
    page.on("dialog", lambda dialog: dialog.accept())
    card = generate(page, LONG_TEXT)
    expect(page.locator("#announcer")).to_contain_text("Queued")
    expect(card).to_have_class(re.compile("queued|running"))
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card).to_contain_text(re.compile(r"\d+ of \d\d segments"))
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_have_class(re.compile("cancelled"))
    expect(card.get_by_role("link")).to_be_focused()
    card.get_by_role("button", name="Delete").click()
    expect(card).to_have_count(0)
    page.reload()
    expect(card).to_have_count(0)


def test_cancel_while_the_card_asks_for_news(open_page):
    """An answer that came for a card no longer there had htmx complain."""
    page = open_page()
    held: list[Route] = []
    page.route(re.compile(r"/generations/[0-9a-f-]+/\?"), lambda route: held.append(route))
    card = generate(page, LONG_TEXT)
    while not held:
        page.wait_for_timeout(100)
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_have_class(re.compile("cancelled"))
    for route in held:
        route.continue_()
    page.wait_for_timeout(500)


def test_finished_and_deleted_on_the_page_of_one_generation(open_page, live_site):
    page = open_page()
    page.on("dialog", lambda dialog: dialog.accept())
    generate(page, SENTENCE * 10).locator(".spoken a").click()
    expect(page.get_by_role("button", name="Save voice")).to_be_visible(timeout=WAIT_MS)
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(live_site.url + "/")


def test_generation_deleted_elsewhere_leaves_the_page(open_page, live_site):
    page = open_page()
    card = generate(page, LONG_TEXT)
    pk = (card.get_attribute("id") or "").removeprefix("generation-")
    assert page.request.delete(f"{live_site.url}/api/v1/generations/{pk}").status == 204
    expect(card).to_have_count(0)


def test_server_that_goes_away_and_comes_back(open_page, live_site):
    page = open_page()
    card = generate(page, LONG_TEXT)
    trouble = page.get_by_text("The server can't be reached")
    live_site.process.send_signal(signal.SIGSTOP)  # else the supervisor starts the web server again at once
    try:
        os.kill(web_server_pid(live_site), signal.SIGTERM)
        expect(trouble).to_be_visible()
    finally:
        live_site.process.send_signal(signal.SIGCONT)
    expect(trouble).to_be_hidden()
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_have_class(re.compile("cancelled"))


def web_server_pid(site: LiveSite) -> int:
    listing = subprocess.run(
        ["ps", "--ppid", str(site.process.pid), "-o", "pid=,args="],
        capture_output=True,
        text=True,
        check=True,
    )
    return next(int(line.split()[0]) for line in listing.stdout.splitlines() if "gunicorn" in line)
