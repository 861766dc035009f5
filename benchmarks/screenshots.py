"""Every page at a desktop's and a phone's width, light and dark, as images of few colours.

    python -m benchmarks.screenshots [FOLDER]

It serves a site of its own with some generations. The README shows three of the images; the others are for looking at.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from benchmarks.site import CLIP, PROJECT, Site, serving
from cloning.audio.ffmpeg import find_ffmpeg

IMAGES = PROJECT / "docs" / "images"
WIDTHS = {"desktop": (1440, 1150), "phone": (360, 740)}
THEMES = ("light", "dark")
COLOURS = 128
SPOKEN_MS = 300_000

TEXTS = [
    ("Good morning. The train to Edinburgh leaves from platform four at half past nine.", "en"),
    ("Der Zug nach Hamburg hat heute leider zehn Minuten Verspätung.", "de"),
    ("Once upon a time there was a lighthouse at the very end of the world. Nobody had lived in it for years, "
     "and yet its lamp was lit on every evening. The people of the village had long stopped asking why.", "en"),
    ("El museo abre a las diez. Las visitas guiadas empiezan cada media hora.", "es"),
]  # fmt: skip
TALE = (
    "# The lighthouse\n\nOnce upon a time there was a lighthouse at the very end of the world.\n\n"
    "# The storm\n\nIt came at night. Nobody slept.\n"
)
UNDER_WAY = "This is a chapter of a book that takes a while to be read, sentence after sentence. " * 40


def take_screenshots(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as storage,
        serving(Path(storage), WEBHOOKS="true") as site,
        opening() as browser,
    ):
        shoot(browser, site, "studio-empty", "/", folder)
        for name, path in fill(browser, site).items():
            shoot(browser, site, name, path, folder, play=name == "studio")
        shoot(browser, site, "not-found", "/nothing", folder)
    take_screenshots_of_accounts(folder)


def fill(browser: Browser, site: Site) -> dict[str, str]:
    """Of every page that needs no account, its name and path, on a site that has something of everything."""
    page = browser.new_page(base_url=f"http://localhost:{site.port}")
    page.set_default_timeout(SPOKEN_MS)
    spoken = [site.wait_for(site.submit(text, language=language)) for text, language in TEXTS]
    voices = [
        save_voice(page, each["id"], name) for each, name in zip(spoken, ("Grandma", "Tom"), strict=False)
    ]
    batch = add_batch(page)
    book, draft = add_book(page, voices[0]), add_draft(page)
    page.goto("/pronunciations/")
    page.get_by_label("Word", exact=True).fill("Nguyen")
    page.get_by_label("Say it as").fill("win")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.close()
    under_way = site.submit(UNDER_WAY)
    return {
        "studio": "/",
        "generation": f"/generations/{spoken[2]['id']}/",
        "generation-under-way": f"/generations/{under_way['id']}/",
        "voices": "/voices/",
        "voice": f"/voices/{voices[0]}/",
        "names": "/voices/names/",
        "history": "/history/",
        "books": "/books/",
        "book": book,
        "book-draft": draft,
        "batches": "/batches/",
        "batch": batch,
        "webhooks": "/webhooks/",
        "verify": "/verify/",
        "pronunciations": "/pronunciations/",
        "api": "/api/",
    }


def add_batch(page: Page) -> str:
    """The path of its page."""
    rows = "voice,text,name\nGrandma,Good morning.,morning\nTom,Good night.,night\n"
    page.goto("/batches/")
    page.get_by_label("Table", exact=True).set_input_files(
        {"name": "greetings.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.get_by_label("Name", exact=True).fill("Greetings")
    page.get_by_role("button", name="Have them spoken").click()
    page.get_by_role("link", name="Download as ZIP").wait_for()
    return urlsplit(page.url).path


def add_draft(page: Page) -> str:
    page.goto("/books/")
    page.get_by_label("File").set_input_files(
        {"name": "lighthouse.md", "mimeType": "text/markdown", "buffer": TALE.encode()}
    )
    page.get_by_role("button", name="Show its chapters").click()
    page.get_by_role("button", name="Read it out").wait_for()
    return urlsplit(page.url).path


def add_book(page: Page, voice: str) -> str:
    path = add_draft(page)
    page.locator(f"[name=voice][value='{voice}']").check(force=True)
    page.get_by_label("Title").fill("The lighthouse")
    page.get_by_role("button", name="Read it out").click()
    page.get_by_role("link", name="Audiobook").wait_for()
    page.locator(".badge.succeeded").first.wait_for()
    return path


def take_screenshots_of_accounts(folder: Path) -> None:
    """Of another site, on which one has to sign in."""
    settings = {"REQUIRE_LOGIN": "true", "SIGN_UP": "true", "EMAIL_URL": "dummy://"}
    with (
        tempfile.TemporaryDirectory() as storage,
        serving(Path(storage), **settings) as site,
        opening() as browser,
    ):
        shoot(browser, site, "sign-in-first", "/account/sign-in/", folder)
        signed_in = sign_up(browser, site)
        for name in ("sign-in", "sign-up", "reset"):
            shoot(browser, site, name, f"/account/{name}/", folder)
        for name, path in (
            ("account", ""),
            ("password", "password/"),
            ("keys", "keys/"),
            ("delete", "delete/"),
        ):
            shoot(browser, site, name, f"/account/{path}", folder, cookies=signed_in)


def sign_up(browser: Browser, site: Site) -> StorageState:
    page = browser.new_page()
    page.goto(f"http://localhost:{site.port}/account/sign-up/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("The password again").fill("correct horse battery")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("heading", name="Recent").wait_for()
    cookies = page.context.storage_state()
    page.close()
    return cookies


@contextmanager
def opening() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu", "--mute-audio"]
        )
        yield browser
        browser.close()


def save_voice(page: Page, generation: str, name: str) -> str:
    """Its id."""
    page.goto(f"/generations/{generation}/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save voice").click()
    page.get_by_text(name).first.wait_for()
    page.goto("/voices/")
    path = page.get_by_role("link", name=name, exact=True).get_attribute("href") or ""
    return path.strip("/").rpartition("/")[2]


def shoot(
    browser: Browser,
    site: Site,
    name: str,
    path: str,
    folder: Path,
    *,
    play: bool = False,
    cookies: StorageState | None = None,
) -> None:
    for size, (width, height) in WIDTHS.items():
        for theme in THEMES:
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if theme == "dark" else "light",
                storage_state=cookies,
            )
            page.set_default_timeout(SPOKEN_MS)
            answer = page.goto(f"http://localhost:{site.port}{path}")
            if answer is not None and (answer.status == 200 or name == "not-found"):
                page.evaluate("document.fonts.ready")
                if play:
                    fill_in(page)
                save(page, folder / f"{name}-{size}-{theme}.png")
            page.close()


def fill_in(page: Page) -> None:
    if page.get_by_role("radio").count():
        page.get_by_role("radio", name="Grandma").check()
    else:
        page.get_by_label("Reference", exact=True).set_input_files(CLIP)
    page.get_by_label("Text", exact=True).fill(TEXTS[0][0])
    page.locator(".row.succeeded", has_text="lighthouse").locator("[data-play]").click()
    page.wait_for_function("() => document.getElementById('sound').currentTime > 1")
    page.get_by_role("button", name="Play", exact=True).click()
    page.evaluate("() => scrollTo(0, 0)")


def save(page: Page, path: Path) -> None:
    """With a palette: the colours of these pages are few."""
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.png"
        page.screenshot(path=whole)
        palette = f"split[a][b];[a]palettegen={COLOURS}[p];[b][p]paletteuse=dither=none"
        subprocess.run(
            [find_ffmpeg(), "-loglevel", "error", "-y", "-i", whole, "-filter_complex", palette, path],
            check=True,
        )
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    take_screenshots(Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES)
