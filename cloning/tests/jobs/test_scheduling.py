"""Whose sentence is spoken next."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from cloning.engines import registry
from cloning.jobs import scheduling, state, takes
from cloning.jobs.scheduling import HEAD_START, REMEMBERED, Candidate, Turns, choose_next
from cloning.models import Generation, Stage, Status, Take, Worker
from cloning.tests.jobs.recording import THREE_SEGMENTS, accept, finish, first_take, takes_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ADA, BEN, NOBODY = 1, 2, None


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def waiting(name: str, user_id: int | None = NOBODY, **fields: object) -> Candidate:
    values = {
        "created_at": NOON,
        "served_at": None,
        "in_hand": 0,
        "is_awaited": False,
        "is_voice_known": True,
        **fields,
    }
    return Candidate(uuid.uuid5(uuid.NAMESPACE_DNS, name), user_id, **values)


@dataclass(frozen=True)
class Case:
    name: str
    candidates: list[Candidate]
    chosen: str | None
    in_hand: dict[int | None, int] | None = None
    served_at: dict[int | None, datetime] | None = None


CASES = [
    Case("nothing waits", [], None),
    Case("one waits", [waiting("a")], "a"),
    Case(
        "of two that are new the older", [waiting("b", created_at=at(2)), waiting("a", created_at=at(1))], "a"
    ),
    Case(
        "who is listened to goes first, though they had more turns",
        [waiting("a"), waiting("b", BEN, is_awaited=True, in_hand=3, served_at=at(9))],
        "b",
        in_hand={BEN: 3},
        served_at={BEN: at(9)},
    ),
    Case(
        "of two that are listened to, users take turns",
        [waiting("a", ADA, is_awaited=True), waiting("b", BEN, is_awaited=True)],
        "b",
        in_hand={ADA: 1},
        served_at={ADA: at(1), BEN: at(2)},
    ),
    Case(
        "users take turns: who had theirs longer ago",
        [waiting("a", ADA, created_at=at(-60)), waiting("b", BEN)],
        "b",
        served_at={ADA: at(10), BEN: at(9)},
    ),
    Case(
        "who has fewer sentences in hand goes first, whenever their turn was",
        [waiting("a", ADA), waiting("b", BEN)],
        "b",
        in_hand={ADA: 2, BEN: 1},
        served_at={ADA: at(1), BEN: at(9)},
    ),
    Case(
        "many generations of a user bring no more turns than one",
        [*(waiting(f"a{number}", ADA) for number in range(9)), waiting("b", BEN, created_at=at(60))],
        "b",
        served_at={ADA: at(61), BEN: at(60)},
    ),
    Case(
        "the generations of a user take turns",
        [waiting("a", ADA, served_at=at(5)), waiting("b", ADA, served_at=at(4))],
        "b",
        served_at={ADA: at(5)},
    ),
    Case(
        "of the generations of a user the one with fewer sentences in hand",
        [waiting("a", ADA, in_hand=1, served_at=at(4)), waiting("b", ADA, served_at=at(5))],
        "b",
        in_hand={ADA: 1},
    ),
    Case(
        "all who are not signed in are one user",
        [waiting("a"), waiting("b", created_at=at(-9)), waiting("c", ADA, created_at=at(9))],
        "c",
        in_hand={NOBODY: 1},
    ),
    Case(
        "a new user goes before one who had a turn since",
        [waiting("book", ADA), waiting("new", BEN, created_at=at(60))],
        "new",
        served_at={ADA: at(60) - HEAD_START + timedelta(seconds=1)},
    ),
    Case(
        "a new user goes behind one who waits for longer than the head start",
        [waiting("book", ADA), waiting("new", BEN, created_at=at(60))],
        "book",
        served_at={ADA: at(60) - HEAD_START - timedelta(seconds=1)},
    ),
    Case(
        "a new generation of a user goes before their book",
        [waiting("book", ADA, served_at=at(58)), waiting("new", ADA, created_at=at(60))],
        "new",
        served_at={ADA: at(58)},
    ),
    Case(
        "a second sentence of a voice that is being learnt waits",
        [waiting("a", in_hand=1, is_voice_known=False)],
        None,
    ),
    Case(
        "others are spoken meanwhile, though they came later",
        [waiting("a", in_hand=1, is_voice_known=False), waiting("b", created_at=at(9))],
        "b",
        in_hand={NOBODY: 1},
    ),
    Case("the first sentence of a voice to be learnt is taken", [waiting("a", is_voice_known=False)], "a"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_next_turn(case: Case) -> None:
    turns = Turns(case.in_hand or {}, case.served_at or {})
    for candidates in (case.candidates, case.candidates[::-1]):
        chosen = choose_next(candidates, turns)
        expected = case.chosen and waiting(case.chosen).generation_id
        assert (chosen and chosen.generation_id) == expected


def test_three_users_with_unlike_loads_have_as_many_turns_each() -> None:
    loads = {1: 1, 2: 3, 3: 10}
    candidates = {
        each.generation_id: each
        for user_id, count in loads.items()
        for number in range(count)
        for each in [waiting(f"{user_id}.{number}", user_id)]
    }
    turns: dict[int | None, int] = dict.fromkeys(loads, 0)
    served_at: dict[int | None, datetime] = {}
    for second in range(90):
        chosen = choose_next(candidates.values(), Turns({}, served_at))
        assert chosen is not None
        turns[chosen.user_id] += 1
        served_at[chosen.user_id] = at(second)
        candidates[chosen.generation_id] = replace(chosen, served_at=at(second))
    assert turns == {1: 30, 2: 30, 3: 30}
    last = [each.served_at for each in candidates.values() if each.user_id == 3 and each.served_at]
    assert len(last) == 10
    assert min(last) >= at(90 - 3 * 10)  # none of the ten waits for more than a round


@pytest.fixture
def user(db):
    return lambda name: get_user_model().objects.create_user(name)


def claim_turns(count: int) -> list[tuple[uuid.UUID, int]]:
    """Claims and speaks one after another: generation and index of each."""
    turns = []
    for _ in range(count):
        take = scheduling.claim_next()
        assert accept(take)
        Generation.objects.filter(pk=take.segment.generation_id).exclude(stage=Stage.JOINING).update(
            stage=Stage.SPEAKING
        )
        turns.append((take.segment.generation_id, take.segment.index))
    return turns


@pytest.mark.django_db(transaction=True)
class TestRows:
    def test_sentences_of_a_text_are_spoken_in_their_order(self, make_generation):
        book = make_generation(text=THREE_SEGMENTS)
        assert claim_turns(3) == [(book.pk, 0), (book.pk, 1), (book.pk, 2)]
        assert scheduling.claim_next() is None

    def test_a_sentence_at_which_workers_die_waits_until_the_others_are_spoken(self, make_generation):
        book = make_generation(text=THREE_SEGMENTS)
        Take.objects.filter(segment__index=0).update(attempts=1)
        assert claim_turns(1) == [(book.pk, 0)]
        Take.objects.filter(segment__index=1).update(attempts=2)
        assert claim_turns(2) == [(book.pk, 2), (book.pk, 1)]

    def test_the_oldest_goes_first(self, make_generation):
        first, second = make_generation(), make_generation()
        assert [pk for pk, _ in claim_turns(2)] == [first.pk, second.pk]
        assert scheduling.claim_next() is None

    def test_a_sentence_is_spoken_between_those_of_a_book(self, make_generation):
        book = make_generation(text=THREE_SEGMENTS)
        claim_turns(1)
        sentence = make_generation()
        assert claim_turns(3) == [(sentence.pk, 0), (book.pk, 1), (book.pk, 2)]

    def test_users_take_turns_however_many_texts_they_have(self, make_generation, user):
        ada, ben = user("ada"), user("ben")
        books = [make_generation(text=THREE_SEGMENTS, owner=ada) for _ in range(3)]
        other = make_generation(text=THREE_SEGMENTS, owner=ben)
        turns = [pk for pk, _ in claim_turns(6)]
        assert turns.count(other.pk) == 3
        assert {turns.count(book.pk) for book in books} == {1}
        assert [pk == other.pk for pk in turns] in ([False, True] * 3, [True, False] * 3)

    def test_turns_count_after_their_generation_has_ended(self, make_generation, user):
        ada, ben = user("ada"), user("ben")
        finish(make_generation(owner=ada))
        mine = make_generation(owner=ada)
        other = make_generation(owner=ben)
        assert [pk for pk, _ in claim_turns(2)] == [other.pk, mine.pk]

    def test_turns_are_forgotten_after_a_while(self, make_generation, user):
        ada, ben = user("ada"), user("ben")
        finish(make_generation(owner=ada))
        Generation.objects.update(served_at=timezone.now() - REMEMBERED)
        mine = make_generation(owner=ada)
        other = make_generation(owner=ben)
        assert [pk for pk, _ in claim_turns(2)] == [mine.pk, other.pk]

    def test_what_is_listened_to_goes_first(self, make_generation):
        make_generation()
        awaited = make_generation(text=THREE_SEGMENTS)
        state.await_generations([awaited.pk])
        assert [pk for pk, _ in claim_turns(3)] == [awaited.pk] * 3

    def test_a_take_of_a_voice_to_be_learnt_is_taken_alone(self, make_generation):
        book = make_generation(text=THREE_SEGMENTS)
        other = make_generation(text=THREE_SEGMENTS)
        first = scheduling.claim_next()
        second = scheduling.claim_next()
        assert (first.segment.generation, second.segment.generation) == (book, other)
        for stage in (Stage.PREPARING, Stage.LOADING, Stage.CONDITIONING):
            Generation.objects.update(stage=stage)
            assert scheduling.claim_next() is None
        Generation.objects.filter(pk=other.pk).update(stage=Stage.SPEAKING)
        assert [scheduling.claim_next().segment.generation for _ in range(2)] == [other] * 2
        assert scheduling.claim_next() is None

    def test_another_take_of_a_finished_text_has_its_turn(self, make_generation):
        generation = finish(make_generation())
        again = takes.add_take(generation.segments.get(), "Again.", 1)
        assert scheduling.claim_next() == again

    def test_only_the_generation_that_was_asked_for(self, make_generation):
        first, second = make_generation(), make_generation(text=THREE_SEGMENTS)
        assert scheduling.claim_next(second.pk).segment.generation == second
        Generation.objects.update(stage=Stage.SPEAKING)
        assert scheduling.claim_next(second.pk).segment.index == 1
        assert takes.claim(takes_of(second)[2])
        assert scheduling.claim_next(second.pk) is None
        assert scheduling.claim_next() == first_take(first)

    def test_a_take_that_another_process_was_faster_to_claim_is_skipped(
        self, make_generation, after_statement
    ):
        first, second = make_generation(), make_generation()
        with after_statement("SELECT", lambda: takes.claim(first_take(first))):
            assert scheduling.claim_next() == first_take(second)

    def test_a_claim_reads_no_more_than_it_needs_to_find_a_row(
        self, make_generation, django_assert_max_num_queries
    ):
        for _ in range(20):
            make_generation(text=THREE_SEGMENTS)
        with django_assert_max_num_queries(10) as queries:
            scheduling.claim_next()
        assert not [query for query in queries if '"cloning_generation"."text"' in query["sql"]][1:]
        assert "text" not in queries[0]["sql"]
        Take.objects.update(status=Status.SUCCEEDED)
        with django_assert_max_num_queries(1):
            assert scheduling.claim_next() is None

    def test_what_another_engine_has_begun_is_left_to_a_living_worker_with_it(self, make_generation):
        begun = make_generation(text=THREE_SEGMENTS)
        Generation.objects.update(engine="xtts_v2", stage=Stage.SPEAKING, served_at=timezone.now())
        other = make_generation()
        worker = Worker.objects.create(host="there", pid=1, engine="xtts_v2")
        Worker.objects.create(host="here", pid=2, engine=registry.selected().name)
        assert scheduling.claim_next() == first_take(other)
        assert scheduling.claim_next() is None
        worker.delete()
        assert scheduling.claim_next() == first_take(begun)
