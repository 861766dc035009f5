"""Signing in, generating and signing out in a real Chromium, on a site that asks for accounts."""

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cloning.tests.clips import MALE_CLIP
from cloning.tests.e2e.pages import (
    expect_accessible,
    expect_no_sideways_scrolling,
    fill_in,
    needs_chromium,
    send,
)
from cloning.tests.live_site import PROJECT, LiveSite, running
from cloning.tests.people import PASSWORD
from cloning.tests.waiting import wait_until

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def live_site(tmp_path_factory) -> Iterator[LiveSite]:
    """Without a worker: nothing needs to be spoken."""
    folder = tmp_path_factory.mktemp("site")
    with running("serve", "--only", "web", folder=folder, REQUIRE_LOGIN="true") as site:
        wait_until(lambda: is_up(site))
        assert "There is no account yet. Make the first: manage.py invite" in site.log.read_text()
        yield site


def is_up(site: LiveSite) -> bool:
    try:
        urllib.request.urlopen(f"{site.url}/api/v1/health/live").close()
    except OSError:
        assert site.process.poll() is None, site.log.read_text()
        return False
    return True


@pytest.fixture(scope="module")
def link(live_site) -> str:
    """The path that `manage.py invite` prints."""
    invited = subprocess.run(
        [sys.executable, "manage.py", "invite", "ann"],
        cwd=PROJECT,
        env=os.environ
        | {"STORAGE_ROOT": str(live_site.storage_root), "DATABASE_URL": "", "REQUIRE_LOGIN": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    return "/account/set/" + invited.stdout.strip().rpartition("/account/set/")[2]


def look_at(page: Page) -> None:
    expect_no_sideways_scrolling(page)
    expect_accessible(page)


def sign_out(page: Page) -> None:
    page.locator(".account-menu summary").click()
    look_at(page)
    page.locator(".account-menu").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def sign_in(page: Page) -> None:
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_from_the_link_to_a_generation(open_page, live_site, link):
    page = open_page(link, width=1440)
    look_at(page)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The password again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("The password is set, and you are signed in.")).to_be_visible()
    fill_in(page)
    page.get_by_label("Consent of whoever is heard").select_option("own")
    expect(send(page)).to_be_visible()
    page.get_by_label("Text", exact=True).fill("What nobody else is to read.")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.locator("article")).to_have_count(1)
    sign_out(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page)
    expect(page.locator(".account-menu")).to_be_visible()
    page.goto(live_site.url)
    expect(page.get_by_label("Text", exact=True)).to_have_value("")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page)
    expect(page).to_have_url(re.compile("/history/$"))
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Search in the text").press_sequentially("morning")  # a part of the page
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page)
    expect(page.locator("article")).to_have_count(1)


def test_session_that_ends_in_the_middle_takes_nothing_of_a_draft(open_page, live_site, link):
    """Of whoever goes on; somebody else who signs in then sees nothing of it."""
    page = open_page(width=360)
    # Asked in the background, it would find out first that the session has ended, and lead back to where it was asked.
    page.route("**/outlook/*", lambda route: route.fulfill(body=""))
    sign_in(page)
    fill_in(page, "What I have written so far.")
    page.get_by_label("Consent of whoever is heard").select_option("own")
    page.get_by_label("Language").select_option("de")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page)
    expect_draft(page, "What I have written so far.")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("link", name="Voices").click()  # without a new document
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page)
    expect(page).to_have_url(re.compile("/voices/$"))
    page.get_by_role("link", name="Studio").click()
    expect_draft(page, "What I have written so far.")
    expect(send(page)).to_be_visible()

    page.get_by_label("Text", exact=True).fill("What nobody else is to read.")
    page.context.clear_cookies(name="sessionid")
    page.goto(f"{live_site.url}/account/sign-in/")
    page.evaluate("sessionStorage.setItem('account', '0')")  # as if it had been somebody else's
    sign_in(page)
    expect(page.get_by_label("Text", exact=True)).to_have_value("")
    assert page.get_by_label("Reference", exact=True).evaluate("input => input.files.length") == 0


def expect_draft(page: Page, text: str) -> None:
    expect(page.get_by_label("Text", exact=True)).to_have_value(text)
    expect(page.get_by_label("Language")).to_have_value("de")
    expect(page.get_by_label("Consent of whoever is heard")).to_have_value("own")
    expect(page.get_by_label(f"Reference: {MALE_CLIP.name}")).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_on_a_phone_and_without_a_script(open_page, link, javascript):
    page = open_page("/voices/", width=360, color_scheme="dark", java_script_enabled=javascript)
    sign_in_heading = page.get_by_role("heading", name="Sign in")
    expect(sign_in_heading).to_be_visible()
    if javascript:
        look_at(page)
    page.get_by_label("Username").fill("ann")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    sign_in(page)
    expect(page).to_have_url(re.compile("/voices/$"))
    page.goto(page.url.replace("/voices/", "/account/"))
    if javascript:
        look_at(page)
        sign_out(page)
    else:
        page.locator("main").get_by_role("button", name="Sign out").click()
    expect(sign_in_heading).to_be_visible()
