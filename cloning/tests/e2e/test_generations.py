"""Generations in a real Chromium against a real server and worker."""

import os
import re
import signal
import subprocess

from playwright.sync_api import Route, expect

from cloning.tests.clips import MALE_CLIP
from cloning.tests.e2e.pages import (
    LONG_TEXT,
    SENTENCE,
    WAIT_MS,
    expect_accessible,
    expect_finished,
    fill_in,
    generate,
    needs_chromium,
    open_menu,
    send,
)
from cloning.tests.live_site import LiveSite

pytestmark = needs_chromium


def test_cancel_and_delete(open_page):
    page = open_page()
    card = generate(page, LONG_TEXT)
    expect(page.locator("#announcer")).to_contain_text("Queued")
    expect(card).to_have_class(re.compile("queued|running"))
    expect(card.get_by_role("progressbar")).to_be_visible()
    expect(card).to_contain_text(re.compile(r"\d+ of \d+ sentences"))
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_have_class(re.compile("cancelled"))
    expect(card.get_by_role("link")).to_be_focused()
    open_menu(card)
    card.get_by_role("button", name="Delete").click()
    expect(card).to_contain_text("Deleted.")
    card.get_by_role("button", name="Undo").click()
    expect(card).to_have_class(re.compile("cancelled"))
    open_menu(card)
    card.get_by_role("button", name="Delete").click()
    expect(card).to_contain_text("Deleted.")
    page.reload()
    expect(card).to_have_count(0)


def test_second_click_of_a_double_click_is_not_for_the_form_that_has_come_since(open_page):
    page = open_page()
    fill_in(page, "Spoken once.")
    button = page.locator("#generate").bounding_box()
    place = button["x"] + 20, button["y"] + 20
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.mouse.click(*place)
    expect(page.locator("article")).to_have_count(1)
    expect(page.locator("#generate")).to_be_visible()
    page.mouse.move(*place)
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)
    expect_finished(page.locator("article"))
    assert len(sent) == 1


def test_voice_is_deleted_while_it_speaks(open_page, live_site):
    """What it speaks is spoken to its end; whoever has the page open is told when they use it next."""
    page = open_page()
    clip = {"name": "ada.flac", "mimeType": "audio/flac", "buffer": MALE_CLIP.read_bytes()}
    voice = page.request.post(
        f"{live_site.url}/api/v1/voices", multipart={"name": "Ada", "reference": clip}
    ).json()
    page.reload()
    page.get_by_role("radio", name="Ada").check()
    page.get_by_label("Text", exact=True).fill(SENTENCE * 40)
    page.get_by_label("Play while it is made").uncheck()
    card = send(page)
    expect(card).to_have_class(re.compile("running"))
    assert page.request.delete(f"{live_site.url}/api/v1/voices/{voice['id']}").status == 204
    expect_finished(card)
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("There is no such voice; it may have been deleted.")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value(SENTENCE * 40)
    expect_accessible(page)


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


def test_what_the_server_can_not_do_now_is_said_until_it_can(open_page):
    """Polling goes on meanwhile and goes well: it does not take the sentence away before it is read."""
    page = open_page()
    polls: list[str] = []
    card = generate(page, LONG_TEXT)
    said = "The server's database is busy. Nothing is lost: try again later."
    page.route("**/cancel/", lambda route: route.fulfill(status=503, body=said, content_type="text/plain"))
    card.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert").filter(has_text=said)).to_be_visible()
    page.on("response", lambda response: polls.append(response.url) if response.status < 300 else None)
    while len(polls) < 2:
        page.wait_for_timeout(100)
    expect(page.get_by_text(said)).to_be_visible()
    page.unroute("**/cancel/")
    card.get_by_role("button", name="Cancel").click()
    expect(card).to_have_class(re.compile("cancelled"))
    expect(page.get_by_text(said)).to_be_hidden()


def test_finished_and_deleted_on_the_page_of_one_generation(open_page, live_site):
    page = open_page()
    generate(page, SENTENCE * 10).locator(".row-text a").click()
    expect(page.get_by_role("button", name="Save voice")).to_be_visible(timeout=WAIT_MS)
    expect_finished(page.locator("article"))
    open_menu(page.locator("article"))
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile("/history/"))
    expect(page.get_by_text("1 generation deleted.")).to_be_visible()


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


def test_what_ends_is_told_in_another_tab(open_page):
    page = open_page()
    other = page.context.new_page()
    other.goto(page.url + "api/")
    expect_finished(generate(page))
    notice = other.get_by_role("complementary", name="Another tab")
    expect(notice).to_contain_text(f"Ready: {SENTENCE}")
    expect(other.locator("#announcer")).to_contain_text(SENTENCE)
    expect(page.locator("#elsewhere")).to_be_hidden()
    expect_accessible(other)
    notice.get_by_role("link", name="Open").click()
    expect(other).to_have_url(re.compile("/generations/"))
    expect(notice).to_be_hidden()
