"""What holds for every page in a real Chromium: accessible, within the window, nothing moves, no sound is loaded."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cloning.tests.e2e.pages import expect_accessible, expect_no_sideways_scrolling, needs_chromium
from cloning.tests.live_site import PROJECT, LiveSite, running, wait_until_listening
from cloning.tests.people import PASSWORD

pytestmark = needs_chromium

SETTINGS = {
    "REQUIRE_LOGIN": "true",
    "SIGN_UP": "true",
    "WEBHOOKS": "true",
    "EMAIL_URL": "dummy://",
    "EMBED": "true",
}

ROWS = """
import json
from django.contrib.auth.models import User
from cloning.jobs import keys
from cloning.models import *

ann = User.objects.create_user("ann", "ann@example.com", PASSWORD)
keys.make(ann, "Home Assistant in the living room, beside the window", list(Scope))
voice = Voice.objects.create(name="Grandma", name_key=fold_name("Grandma"), language="en", notes="Kind.", owner=ann)
Voice.objects.create(name="Tom", name_key=fold_name("Tom"), owner=ann)
batch = Batch.objects.create(name="Greetings", total=1, owner=ann)
text = "The old lighthouse keeper counted the ships that passed, and wrote their names into a book. "
common = {"language": "en", "voice": voice, "engine": "preview", "requested_via": "page", "owner": ann}
common["segments_total"] = 2
spoken = {"status": "succeeded", "audio": "generated/a.wav", "duration_seconds": 7.5, "segments_done": 2}
peaks = [0.1 * (each % 10) for each in range(120)]
made = [Generation(text=f"{number}. {text}", peaks=peaks, **spoken, **common) for number in range(60)]
made[0].is_embeddable = True
fault = {"status": "failed", "error_code": "synthesis_failed", "error_message": "No sound came of it."}
failed = Generation(text=text, batch=batch, batch_row=1, **fault, **common)
stopped = Generation(text=text * 3, status="cancelled", segments_done=1, **common)
Generation.objects.bulk_create([*made, failed, stopped])
for found in (made[0], failed, stopped):
    for index in range(2):
        Segment.objects.create(generation=found, index=index, text=text, pause_seconds=0.5)
Pronunciation.objects.create(language="en", word="Nguyen", word_key="nguyen", spelling="win", owner=ann)
url = f"https://hooks.example.com/{'x' * 90}"
webhook = Webhook.objects.create(url=url, events=["generation.succeeded"], owner=ann)
Delivery.objects.create(webhook=webhook, event="generation.succeeded", payload="{}", status="failed", error="503")
book = Book.objects.create(title="The lighthouse", author="Nobody", status="cancelled", owner=ann)
draft = Book.objects.create(title="The storm", status="draft", owner=ann)
for each in (book, draft):
    for index in range(2):
        Chapter.objects.create(book=each, index=index, number=index + 1, title="A chapter of it", text=text)
paths = {"voices": voice, "batches": batch, "books": book, "generations": made[0]}
paths = [f"/{name}/{row.pk}/" for name, row in paths.items()]
paths += [f"/voices/{voice.pk}/revoke/", f"/embed/{made[0].pk}/"]
print(json.dumps([*paths, *(f"/generations/{row.pk}/" for row in (failed, stopped)), f"/books/{draft.pk}/"]))
"""

PATHS = (
    *(
        "/",
        "/voices/",
        "/voices/names/",
        "/history/",
        "/history/?q=nothing",
        "/books/",
        "/batches/",
        "/webhooks/",
    ),
    *("/verify/", "/pronunciations/", "/api/", "/nothing"),
    *("/account/", "/account/keys/", "/account/password/", "/account/delete/"),
)
OF_STRANGERS = (
    "/account/sign-in/",
    "/account/sign-up/",
    "/account/reset/",
    "/account/reset/sent/",
    "/verify/",
)

MOST_SHIFT = 0.02
WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const moved = entry.sources.map((source) => source.node?.outerHTML?.slice(0, 80));
    if (!entry.hadRecentInput) window.shifts.push([entry.value, moved]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""
SHIFTED = """() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifts)));
})"""
SOUNDS = """() => performance.getEntriesByType("resource").map((each) => each.name)
    .filter((name) => /[/](files|segments|stream)[/.]/.test(name))"""


@pytest.fixture(scope="module")
def live_site(tmp_path_factory) -> Iterator[LiveSite]:
    """Without a worker: nothing is spoken."""
    with running("serve", "--only", "web", folder=tmp_path_factory.mktemp("site"), **SETTINGS) as site:
        wait_until_listening(site)
        yield site


@pytest.fixture(scope="module")
def rows(live_site) -> list[str]:
    """Pages of what Ann has."""
    made = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", f"{PASSWORD = }\n{ROWS}"],
        cwd=PROJECT,
        env=os.environ
        | {"STORAGE_ROOT": str(live_site.storage_root), "DATABASE_URL": "", "REQUIRE_LOGIN": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(made.stdout.splitlines()[-1])
    return found


def look_at(page: Page, url: str) -> None:
    page.goto(url, wait_until="load")
    page.evaluate("document.fonts.ready")
    shifts = page.evaluate(SHIFTED)
    assert sum(value for value, _ in shifts) < MOST_SHIFT, (url, shifts)
    assert page.evaluate(SOUNDS) == [], url
    expect_no_sideways_scrolling(page)
    expect_accessible(page)


@pytest.mark.parametrize("width, color_scheme", [(1440, "light"), (360, "dark")])
def test_every_page(width: int, color_scheme: str, open_page, live_site, rows) -> None:
    page = open_page("/account/sign-in/", width=width, color_scheme=color_scheme)
    page.add_init_script(WATCH)
    for path in OF_STRANGERS:
        look_at(page, live_site.url + path)
    page.goto(f"{live_site.url}/account/sign-in/")
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".account-menu")).to_be_visible()
    for path in (*PATHS, *rows):
        look_at(page, live_site.url + path)


def test_history_of_sixty_loads_no_sound(open_page, rows) -> None:
    page = open_page("/account/sign-in/?next=/history/", width=360)
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    seen = set()
    while True:
        expect(page.locator("article.row").first).to_be_visible()
        before = page.url
        seen |= set(page.locator("article.row").evaluate_all("rows => rows.map(row => row.id)"))
        older = page.get_by_role("link", name="Older")
        if not older.count():
            break
        older.click()
        expect(page).not_to_have_url(before)
        page.wait_for_load_state("networkidle")
    assert len(seen) == 62
    assert page.evaluate(SOUNDS) == []
