"""The sentences of a generation on its page: what is new of them, one spoken again, which take is used."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from cloning.jobs import scheduling, state
from cloning.models import Generation, Segment, Status
from cloning.tests.pages import ATTACK, HTMX, Page
from cloning.tests.performing import perform, work_once
from cloning.tests.wrong_requests import UNKNOWN_ID

TWO_PARAGRAPHS = "This is the first of two paragraphs.\n\nAnd this is the second of them."


@pytest.fixture
def two_sentences(make_generation) -> Generation:
    generation: Generation = make_generation(text=TWO_PARAGRAPHS)
    assert generation.segments_total == 2
    return generation


def address(generation: Generation, rest: str = "") -> str:
    return f"{generation.get_absolute_url()}sentences/{rest}"


def since_of(body: str) -> str:
    return re.findall(r'name="since" value="([^"]+)"', body)[0]


def test_page_shows_the_sentences_at_once(browser, two_sentences) -> None:
    page = Page(browser.get(two_sentences.get_absolute_url()))
    assert "This is the first of two paragraphs." in page.texts["sentence-0"]
    assert "Waiting" in page.texts["sentence-1"]
    assert "0 of 2 spoken" in page.texts["sentence-news"]


def test_news_bring_what_was_spoken_and_nothing_else(browser, two_sentences) -> None:
    shown = browser.get(two_sentences.get_absolute_url()).content.decode()
    assert work_once(two_sentences.pk)
    news = browser.get(address(two_sentences), {"since": since_of(shown)}, headers=HTMX)
    body = news.content.decode()
    assert "1 of 2 spoken" in body
    assert 'id="sentence-0"' in body and 'hx-swap-oob="true"' in body
    assert f"/api/v1/generations/{two_sentences.pk}/segments/0.wav?take=1" in body
    Segment.objects.get(generation=two_sentences, index=0).takes.update(
        created_at="2000-01-01T00:00:00Z",
        started_at="2000-01-01T00:00:00Z",
        finished_at="2000-01-01T00:00:00Z",
    )
    later = browser.get(address(two_sentences), {"since": since_of(body)}, headers=HTMX)
    assert 'id="sentence-0"' not in later.content.decode()


def test_news_tell_what_is_not_going_to_be_spoken(browser, two_sentences) -> None:
    assert work_once(two_sentences.pk)
    state.cancel(two_sentences)
    later = timezone.now() + timedelta(minutes=1)
    body = browser.get(address(two_sentences), {"since": later.isoformat()}, headers=HTMX).content.decode()
    assert "Not spoken" in body and 'id="sentence-0"' not in body


def test_who_looks_on_goes_before_others(browser, two_sentences, make_generation) -> None:
    assert not two_sentences.is_awaited
    later = make_generation(text="Another text.")
    browser.get(address(later), headers=HTMX)
    take = scheduling.claim_next()
    assert take is not None and take.segment.generation_id == later.pk


def test_polling_ends_with_the_work(browser, two_sentences) -> None:
    running = browser.get(address(two_sentences), headers=HTMX).content.decode()
    assert "every 1s" in running
    perform(two_sentences)
    ended = browser.get(address(two_sentences), headers=HTMX).content.decode()
    assert "every 1s" not in ended
    assert "2 of 2 spoken" in ended


def test_news_of_what_was_deleted_end_the_polling(browser, db) -> None:
    assert browser.get(f"/generations/{UNKNOWN_ID}/sentences/", headers=HTMX).status_code == 286


@pytest.mark.parametrize("since", ["", "yesterday", "2026-13-45T99:99", "2026-01-01T00:00:00", "9" * 500])
def test_moment_that_is_none_brings_all_sentences(since: str, browser, two_sentences) -> None:
    body = browser.get(address(two_sentences), {"since": since}, headers=HTMX).content.decode()
    assert 'id="sentence-0"' in body and 'id="sentence-1"' in body


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_sentence_is_spoken_once_more_and_chosen(headers: dict[str, str], browser, two_sentences) -> None:
    perform(two_sentences)
    before = two_sentences.audio.name
    response = browser.post(
        address(two_sentences, "1/takes/"), {"text": "And this is quite another one."}, headers=headers
    )
    if headers:
        page = Page(response)
        assert "Speaking…" in page.texts["sentence-1"]
        assert "every 1s" in response.content.decode(), "polling begins again"
    else:
        assert (response.status_code, response.url) == (302, f"{two_sentences.get_absolute_url()}#sentence-1")
    perform(two_sentences)
    assert two_sentences.audio.name == before, "nothing is chosen yet"
    chosen = browser.post(address(two_sentences, "1/choice/"), {"take": "2"}, headers=headers)
    assert chosen.status_code == (200 if headers else 302)
    perform(two_sentences)
    assert two_sentences.audio.name != before
    shown = Page(browser.get(two_sentences.get_absolute_url())).texts["sentence-1"]
    assert "And this is quite another one." in shown
    assert "Take 2 of 2" in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  ", "Write what the voice should say."),
        ("☺", "nothing to speak"),
        ("word " * 4000, "too long for one sentence"),
    ],
)
@pytest.mark.parametrize("headers", [HTMX, {}])
def test_wrong_correction_says_so_and_keeps_it(headers, text, said, browser, two_sentences) -> None:
    perform(two_sentences)
    response = browser.post(address(two_sentences, "0/takes/"), {"text": text}, headers=headers)
    assert response.status_code == 422
    shown = response.content.decode()
    assert said in shown
    if text.strip():
        assert text.strip() in shown
    assert Segment.objects.get(generation=two_sentences, index=0).takes.count() == 1


def test_two_who_speak_the_same_sentence_again(browser, two_sentences) -> None:
    perform(two_sentences)
    assert browser.post(address(two_sentences, "0/takes/"), headers=HTMX).status_code == 200
    second = browser.post(address(two_sentences, "0/takes/"), headers=HTMX)
    assert second.status_code == 422
    assert "being spoken again already" in second.content.decode()


def test_sentence_that_is_not_spoken_yet(browser, two_sentences) -> None:
    response = browser.post(address(two_sentences, "0/takes/"), headers=HTMX)
    assert response.status_code == 422
    assert "has not been spoken yet" in response.content.decode()


@pytest.mark.parametrize("take", ["", "0", "7", "x", "-1", "9" * 40, "１"])
def test_take_that_does_not_exist(take: str, browser, two_sentences) -> None:
    perform(two_sentences)
    assert browser.post(address(two_sentences, "0/choice/"), {"take": take}).status_code == 404
    assert browser.post(address(two_sentences, "99/choice/"), {"take": "1"}).status_code == 404


def test_stopped_in_the_middle_keeps_what_was_spoken(browser, two_sentences) -> None:
    assert work_once(two_sentences.pk)
    assert state.cancel(two_sentences)
    perform(two_sentences)
    assert two_sentences.status == Status.CANCELLED
    page = Page(browser.get(two_sentences.get_absolute_url()))
    assert "1 of 2 spoken" in page.texts["sentence-news"]
    assert "Not spoken" in page.texts["sentence-1"]
    assert any(
        control["tag"] == "audio" and "segments/0" in str(control["src"])
        for control in page.controls
        if "src" in control
    )


def test_text_of_a_sentence_is_no_markup(browser, make_generation) -> None:
    generation = make_generation(text=f"Good morning {ATTACK} everybody.")
    for url in (generation.get_absolute_url(), address(generation)):
        assert ATTACK not in browser.get(url, headers=HTMX if "sentences" in url else {}).content.decode()


def test_file_is_stale_from_the_choice_of_a_take_until_it_is_joined(browser, two_sentences) -> None:
    perform(two_sentences)
    shown = browser.get(two_sentences.get_absolute_url()).content.decode()
    assert "data-is-stale" not in shown and "every 1s" not in shown
    for claimed in ({"is_join_due": True}, {"is_join_due": False, "claim_token": UNKNOWN_ID}):
        Generation.objects.filter(pk=two_sentences.pk).update(**claimed)
        news = browser.get(address(two_sentences), headers=HTMX).content.decode()
        assert "data-is-stale" in news and "every 1s" in news, claimed


def test_take_of_another_engine_says_why_it_is_no_choice(browser, two_sentences) -> None:
    perform(two_sentences)
    browser.post(address(two_sentences, "1/takes/"))
    perform(two_sentences)
    Segment.objects.get(generation=two_sentences, index=1).takes.filter(number=2).update(engine="xtts_v2")
    shown = Page(browser.get(two_sentences.get_absolute_url())).texts["sentence-1"]
    assert "they don't go together" in shown
    assert "Use take 2" not in shown
