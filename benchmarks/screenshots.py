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

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from benchmarks.site import CLIP, PROJECT, Site, serving
from cloning.audio.ffmpeg import find_ffmpeg

IMAGES = PROJECT / "docs" / "images"
WIDTHS = {"desktop": (1440, 900), "phone": (360, 740)}
THEMES = ("light", "dark")
COLOURS = 128

TEXTS = [
    ("Good morning. The train to Edinburgh leaves from platform four at half past nine.", "en"),
    ("Der Zug nach Hamburg hat heute leider zehn Minuten Verspätung.", "de"),
    ("Once upon a time there was a lighthouse at the very end of the world. Nobody had lived in it for years, "
     "and yet its lamp was lit on every evening. The people of the village had long stopped asking why.", "en"),
    ("El museo abre a las diez. Las visitas guiadas empiezan cada media hora.", "es"),
]  # fmt: skip
UNDER_WAY = "This is a chapter of a book that takes a while to be read, sentence after sentence. " * 40


def take_screenshots(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as storage, serving(Path(storage)) as site, opening() as browser:
        shoot(browser, site, "studio-empty", "/", folder)
        spoken = [site.wait_for(site.submit(text, language=language)) for text, language in TEXTS]
        save_voice(browser, site, spoken[0]["id"], "Grandma")
        save_voice(browser, site, spoken[1]["id"], "Tom")
        under_way = site.submit(UNDER_WAY)
        shoot(browser, site, "studio", "/", folder, play=True)
        pages = {
            "generation": f"/generations/{spoken[2]['id']}/",
            "generation-under-way": f"/generations/{under_way['id']}/",
            "voices": "/voices/",
            "names": "/voices/names/",
            "history": "/history/",
            "books": "/books/",
            "pronunciations": "/pronunciations/",
            "api": "/api/",
            "not-found": "/nothing",
        }
        for name, path in pages.items():
            shoot(browser, site, name, path, folder)
    take_screenshots_of_accounts(folder)


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


def save_voice(browser: Browser, site: Site, id: str, name: str) -> None:
    page = browser.new_page()
    page.goto(f"http://localhost:{site.port}/generations/{id}/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save voice").click()
    page.get_by_text(name).first.wait_for()
    page.close()


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
    page.locator(".row.succeeded [data-play]").first.click()
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
