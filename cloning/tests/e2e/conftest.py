"""A real Chromium."""

from collections.abc import Callable, Iterator

import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from cloning.tests.clips import FEMALE_CLIP
from cloning.tests.e2e.pages import CHROMIUM, WAIT_MS
from cloning.tests.live_site import LiveSite

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

# Chromium and htmx log answers of 4xx and 503 and requests refused or dropped; those are for the tests to look at.
KNOWN_COMPLAINTS = (
    "Failed to load resource",
    "htmx:sendError",
    "htmx:sendAbort",
    "htmx:afterRequest",
    "Response Status Error Code 503",
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

    Clips are checked `with_coach` alone: that takes a second of a core each time.
    At the end: nothing was asked of any other origin, and the console is clean.
    """
    contexts: list[BrowserContext] = []
    foreign: list[str] = []
    complaints: list[str] = []

    def open_path(path: str = "/", width: int = 1280, *, with_coach: bool = False, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("request", lambda request: foreign.append(request.url) if is_foreign(request.url) else None)
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if not with_coach:
            page.route("**/clips/check/", lambda route: route.fulfill(status=503))
        page.goto(live_site.url + path)
        return page

    def is_foreign(url: str) -> bool:
        return not url.startswith((live_site.url + "/", f"blob:{live_site.url}/"))

    yield open_path
    for context in contexts:
        context.close()
    assert not foreign
    assert not [text for text in complaints if not text.startswith(KNOWN_COMPLAINTS)]
