"""What is said of a clip in the browser, and the part of it that is used."""

import sqlite3
from contextlib import closing

from playwright.sync_api import expect

from cloning.tests.e2e.pages import (
    expect_accessible,
    expect_finished,
    expect_no_sideways_scrolling,
    fill_in,
    needs_chromium,
    send,
)

pytestmark = needs_chromium


def test_a_clip_is_told_about_and_its_part_is_chosen_by_keyboard(open_page, live_site) -> None:
    page = open_page(width=360, with_coach=True)
    fill_in(page)
    coach = page.locator(".coach")
    expect(coach.get_by_role("status")).to_contain_text("That is little speech")
    expect(coach.get_by_text("One voice")).to_be_visible()
    start = coach.get_by_label("Start of the part that is used")
    start.focus()
    page.keyboard.press("PageUp")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    chosen = coach.get_by_label("From").input_value()
    assert float(chosen) >= 0.5
    expect(start).to_have_attribute("aria-valuetext", f"{chosen} s")
    coach.get_by_label("to", exact=True).fill("5")
    coach.get_by_label("to", exact=True).blur()
    expect(coach.get_by_label("End of the part that is used")).to_have_value("5")
    expect(coach).not_to_have_attribute("aria-busy", "true")
    expect_accessible(page)
    expect_no_sideways_scrolling(page)
    expect_finished(send(page))
    with closing(sqlite3.connect(live_site.storage_root / "db.sqlite3")) as database:
        rows = database.execute("SELECT start_seconds, end_seconds FROM cloning_reference").fetchall()
    assert (float(chosen), 5.0) in rows
