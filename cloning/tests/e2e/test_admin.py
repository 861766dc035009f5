"""The admin in a real Chromium, with rows as long as people make them."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from cloning.tests.e2e.pages import (
    WAIT_MS,
    expect_accessible,
    expect_no_sideways_scrolling,
    needs_chromium,
)
from cloning.tests.live_site import PROJECT, LiveSite, running, wait_until_listening

pytestmark = needs_chromium

ROWS = """
from django.contrib.auth.models import Group, User
from cloning.jobs import keys
from cloning.jobs.audit import record
from cloning.models import *

User.objects.create_superuser("op", "op@example.com", "secret")
name = "margarethe.von-und-zu-lichtenstein@example-company.com"
person = User.objects.create_user(name, name)
long = "The Life and Strange Surprizing Adventures of Robinson Crusoe, of York, Mariner"
url = "https://hooks.example-company.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXX?environment=production"
keys.make(person, "Home Assistant in the living room, beside the window", list(Scope))
webhook = Webhook.objects.create(url=url, owner=person, events=["generation.succeeded"])
Delivery.objects.create(webhook=webhook, event="generation.succeeded", payload="{}", status="failed", error=long)
Book.objects.create(title=long, author=long, owner=person, source_name="crusoe.epub")
voice = Voice.objects.create(name=long[:60], name_key=fold_name(long[:60]), owner=person)
VoiceAlias.objects.create(name="alloy", voice=voice, owner=person)
Pronunciation.objects.create(language="en", word="Nguyen", spelling="win", owner=person)
RoleLimits.objects.create(group=Group.objects.create(name="Readers of many books"))
Worker.objects.create(host="worker-7f9c6d5b8-x2x9k.voices.svc.cluster.local", pid=7)
for status in Status:
    Generation.objects.create(
        text=long * 3, language="pt", voice=voice, owner=person, status=status, audio="generated/a.wav",
        duration_seconds=3725.5, engine="xtts_v2", requested_via="api", error_code="synthesis_failed",
        error_message=long,
    )
record(Deed.EXPORTED, voice, user=person, about=long)
"""


@pytest.fixture(scope="module")
def live_site(tmp_path_factory) -> Iterator[LiveSite]:
    """Without a worker: nothing is spoken."""
    with running("serve", "--only", "web", folder=tmp_path_factory.mktemp("site")) as site:
        wait_until_listening(site)
        subprocess.run(
            [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", ROWS],
            cwd=PROJECT,
            env=os.environ | {"STORAGE_ROOT": str(site.storage_root), "DATABASE_URL": ""},
            check=True,
        )
        yield site


def test_admin_at_a_desktop(open_page) -> None:
    """All that it shows is accessible, and no column is cut off."""
    page = open_page("/admin/", width=1440)
    page.get_by_label("Username").fill("op")
    page.get_by_label("Password").fill("secret")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#content-main")).to_be_visible(timeout=WAIT_MS)
    lists = page.locator("#content-main th a").evaluate_all("links => links.map(link => link.href)")
    seen = 0
    for address in lists:
        page.goto(address)
        expect_accessible(page)
        expect_no_sideways_scrolling(page)
        results = page.locator(".results")
        if results.count():
            seen += 1
            assert results.evaluate("results => results.scrollWidth <= results.clientWidth"), address
            page.locator("#result_list tbody th a").first.click()
            page.wait_for_url("**/change/")
            expect_accessible(page)
    assert seen >= 12, "of lists with rows"
