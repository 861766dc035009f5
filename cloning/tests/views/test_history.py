"""The history, as a browser with JavaScript (HTMX's headers) and one without sees it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from cloning.errors import ErrorCode
from cloning.jobs import state, takes
from cloning.jobs.voices import create_from
from cloning.models import Generation
from cloning.tests.pages import ATTACK, HTMX, Page
from cloning.tests.speaking import accept_sounds, claim_take
from cloning.tests.wrong_requests import UNKNOWN_ID
from cloning.views import history
from cloning.views.history import PAGE_SIZE

RESULTS = {**HTMX, "HX-Target": "results"}


def shown(response) -> list[str]:
    """The texts on a page, in their order."""
    links = r'<p class="row-text" dir="auto"><a [^>]*>([^<]*)</a>'
    return re.findall(links, response.content.decode())


@pytest.fixture
def look(browser):
    def get(query: str = "", headers=None):
        return browser.get(f"/history/{query}", headers=headers or {})

    return get


@pytest.fixture
def make_rows(db):
    """Rows that were never to be spoken, a minute apart, the first the newest."""

    def make(*texts: str, **fields) -> list[Generation]:
        now = timezone.now()
        return Generation.objects.bulk_create(
            Generation(
                **{"text": text, "language": "en", "status": "failed", "requested_via": "page"}
                | {"error_code": "worker_lost", "created_at": now - timedelta(minutes=number)}
                | fields
            )
            for number, text in enumerate(texts)
        )

    return make


def test_nothing_yet(look, db) -> None:
    response = look()
    assert response.status_code == 200
    assert "Nothing yet" in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_all_states_are_shown_newest_first(look, make_generation, spoken) -> None:
    queued, failed = make_generation(text="It waits."), make_generation(text="It failed.")
    takes.fail(claim_take(failed), ErrorCode.SYNTHESIS_FAILED, "It did not work.")
    response = look()
    assert shown(response) == ["It failed.", "It waits.", "Good morning."]
    body = response.content.decode()
    assert f'src="/api/v1/files/{spoken.pk}.wav"' in body and 'preload="none"' in body
    assert f'hx-get="/generations/{queued.pk}/" hx-trigger="every 1s"' in body, "news of what is going on"
    assert "Failed" in body and "It did not work." in body


def test_it_asks_for_no_sound_and_carries_little(look, make_rows) -> None:
    make_rows(*[f"Text number {number}, which is of a usual length, more or less." for number in range(60)])
    Generation.objects.update(status="succeeded", audio="generated/a.wav", duration_seconds=7)
    body = look().content.decode()
    players = re.findall("<audio[^>]* src=[^>]*>", body)
    assert len(players) == PAGE_SIZE
    assert all('preload="none"' in player for player in players)
    assert len(look(headers={"Accept-Encoding": "gzip"}).content) < 12_000


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=morning", ["Good MORNING, Ada.", "In the morning"]),
        ("?q=ada+morning", ["Good MORNING, Ada."]),
        ("?q=ada%20%20", ["Good MORNING, Ada."]),
        ("?q=%25", ["100 %_of it"]),
        ("?q=_", ["100 %_of it"]),
        ("?q=%C3%BCBER", ["Über die Brücke", "ÜBER ALLES"]),
        ("?q=br%C3%9CCKE", ["Über die Brücke"]),
        ("?q=" + "ada+" * 40, ["Good MORNING, Ada."]),
        ("?q=%5C", []),
        ("?q='%20OR%201=1", []),
        ("?q=", ["Good MORNING, Ada.", "In the morning", "100 %_of it", "Über die Brücke", "ÜBER ALLES"]),
    ],
)
def test_search_in_the_text(query: str, found: list[str], look, make_rows) -> None:
    make_rows("Good MORNING, Ada.", "In the morning", "100 %_of it", "Über die Brücke", "ÜBER ALLES")
    assert shown(look(query)) == found


def test_filters(look, make_generation, spoken) -> None:
    voice = create_from(spoken, "Ada")
    make_generation(text="Guten Tag.", language="de")
    Generation.objects.filter(pk=spoken.pk).update(voice=voice)
    assert shown(look(f"?voice={voice.pk}")) == ["Good morning."]
    assert shown(look("?language=de")) == ["Guten Tag."]
    assert shown(look("?status=succeeded")) == ["Good morning."]
    assert shown(look("?starred=on")) == []
    Generation.objects.filter(text="Guten Tag.").update(is_starred=True)
    assert shown(look("?starred=on")) == ["Guten Tag."]
    assert shown(look("?status=succeeded&language=de")) == []
    assert "Nothing like this" in look("?status=succeeded&language=de").content.decode()
    assert "Ada" in Page(look()).texts[f"generation-{spoken.pk}"]


def test_days_are_included(look, make_rows) -> None:
    make_rows("late", created_at=datetime(2026, 3, 2, 23, 59, 59, 999_999, UTC))
    make_rows("early", created_at=datetime(2026, 3, 1, 0, 0, tzinfo=UTC))
    assert shown(look("?from=2026-03-01&to=2026-03-02")) == ["late", "early"]
    assert shown(look("?to=2026-03-01")) == ["early"]
    assert shown(look("?from=2026-03-02")) == ["late"]
    assert shown(look("?from=0001-01-01&to=9999-12-31")) == ["late", "early"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?from=yesterday", "Give a date as in"),
        ("?to=2026-02-30", "Give a date as in"),
        ("?from=2026-03-02&to=2026-03-01", "before the first day"),
        (f"?voice={UNKNOWN_ID}", "There is no such voice"),
        ("?voice=x", "There is no such voice"),
        ("?language=tlh", "Select a valid choice"),
        ("?status=lost", "Select a valid choice"),
        ("?q=" + "a" * 201, "at most 200 characters"),
        ("?q=%00", "Null characters"),
    ],
)
@pytest.mark.parametrize("headers", [{}, RESULTS])
def test_wrong_filter_is_named(query: str, says: str, headers, look, make_rows) -> None:
    make_rows("A text")
    response = look(query, headers)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert shown(response) == []


def links(response) -> dict[str, str]:
    """Where "Newer" and "Older" lead."""
    found = re.findall(r'rel="(prev|next)" href="([^"]*)"', response.content.decode())
    return {relation: address.replace("&amp;", "&") for relation, address in found}


def test_pages_there_and_back(look, make_rows) -> None:
    texts = [f"Text number {number}." for number in range(60)]
    make_rows(*texts)
    pages = [look("?status=failed&language=en")]
    while "next" in links(pages[-1]):
        pages.append(look(links(pages[-1])["next"]))
    assert [text for page in pages for text in shown(page)] == texts
    assert [len(shown(page)) for page in pages] == [PAGE_SIZE] * 3
    assert "prev" not in links(pages[0])
    assert "status=failed" in links(pages[1])["prev"], "the filters stay"
    back = look(links(pages[2])["prev"])
    assert shown(back) == texts[PAGE_SIZE : 2 * PAGE_SIZE]
    assert shown(look(links(back)["prev"])) == texts[:PAGE_SIZE]


def test_rows_of_one_moment_are_each_shown_once(look, make_rows) -> None:
    texts = [f"Text number {number}." for number in range(60)]
    make_rows(*texts, created_at=timezone.now())
    seen, response = [], look()
    seen += shown(response)
    while "next" in links(response):
        response = look(links(response)["next"])
        seen += shown(response)
    assert sorted(seen) == sorted(texts)


def test_a_page_stays_where_it_is_when_something_new_comes(look, make_rows) -> None:
    make_rows(*[f"Text number {number}." for number in range(30)])
    second = links(look())["next"]
    before = shown(look(second))
    make_rows("The newest")
    assert shown(look(second)) == before
    assert shown(look(links(look(second))["prev"]))[0] == "Text number 0.", "the page before, as it was"


@pytest.mark.parametrize("wild", ["0", "x", "-1", "9" * 40, f"1-{UNKNOWN_ID}x", "%00", "1764500000000000"])
def test_wild_places_are_the_beginning(wild: str, look, make_rows) -> None:
    make_rows("A text")
    assert shown(look(f"?before={wild}")) == shown(look(f"?after={wild}")) == ["A text"]
    assert look(f"?before=0-{UNKNOWN_ID}").status_code == 200
    assert look(f"?before=9999999999999999-{UNKNOWN_ID}").status_code == 200


def test_htmx_gets_the_results_alone(look, make_rows) -> None:
    make_rows("A text")
    body = look("?q=text", RESULTS).content.decode()
    assert body.lstrip().startswith("<section") and "A text" in body
    for other in ({**HTMX, "HX-History-Restore-Request": "true"}, {**HTMX, "HX-Boosted": "true"}):
        assert "<html" in look(headers=other).content.decode(), "the page for everything else"


def test_every_address_for_htmx_is_a_link_too(look, make_rows) -> None:
    make_rows(*[f"Text number {number}." for number in range(60)])
    body = look(links(look())["next"]).content.decode()
    for tag in re.findall(r"<a [^>]*hx-get=[^>]*>", body):
        assert re.findall(r' href="([^"]*)"', tag) == re.findall(r'hx-get="([^"]*)"', tag)


def test_a_row_that_is_finished_can_still_be_selected(browser, make_generation) -> None:
    generation = accept_sounds(make_generation())
    state.cancel(generation)
    url = generation.get_absolute_url()
    for path, is_selectable in (("/history/?q=good", True), ("/", False)):
        headers = {**HTMX, "HX-Current-URL": f"http://testserver{path}"}
        row = browser.get(url, headers=headers).content.decode()
        assert row.lstrip().startswith("<article")
        assert ('form="selection"' in row) == is_selectable


def test_nothing_that_was_typed_becomes_markup(look, make_rows) -> None:
    make_rows(ATTACK)
    for query in (f"?q={ATTACK}", f"?from={ATTACK}", f"?before={ATTACK}", f"?x={ATTACK}"):
        assert ATTACK not in look(query).content.decode()


def test_it_asks_the_database_a_fixed_number_of_times(
    look, make_generation, spoken, django_assert_max_num_queries
) -> None:
    Generation.objects.filter(pk=spoken.pk).update(voice=create_from(spoken, "Ada"))
    for _ in range(10):
        claim_take(make_generation())
    with django_assert_max_num_queries(7):
        look()


def test_how_many_were_found(browser, make_generation, monkeypatch) -> None:
    monkeypatch.setattr(history, "PAGE_SIZE", 2)
    monkeypatch.setattr(history, "MAX_COUNTED", 3)
    for number in range(5):
        make_generation(text="Good morning." if number else "Good night.")
    said = [
        re.findall(r'<p class="count[^>]*>([^<]*)', browser.get(path).content.decode())
        for path in ("/history/?q=night", "/history/?q=nothing", "/history/?q=good")
    ]
    assert said == [["1 result"], [], ["More than 3 results"]]
    monkeypatch.setattr(history, "MAX_COUNTED", 5)
    assert "5 results" in browser.get("/history/").content.decode()


def test_only_looking(browser, db) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert browser.generic(method, "/history/").status_code == 405
