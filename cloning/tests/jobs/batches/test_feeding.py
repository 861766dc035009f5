"""How rows of batches come into the queue, and when a batch is completed."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection

from cloning.jobs import process, state, takes
from cloning.jobs.batches import changes, ending, feeding
from cloning.models import Batch, Channel, Delivery, Generation, Segment, Status, Voice, Webhook, WebhookEvent
from cloning.quantities import Kind, parse_limits


@pytest.fixture
def hand_in(make_reference):
    def make(count: int, owner: User | None = None, text: str = "Good morning.") -> Batch:
        voice = Voice.objects.filter(owner=owner).first() or Voice.objects.create(name="Ada", owner=owner)
        if not voice.references.exists():
            voice.references.add(make_reference(owner=owner))
        rows = [
            Generation(text=text, language="en", voice=voice, owner=owner, requested_via=Channel.BATCH)
            for _ in range(count)
        ]
        batch = Batch(owner=owner)
        changes.hand_in(batch, rows)
        return batch

    return make


def in_queue() -> int:
    return Generation.objects.filter(is_held=False, status=Status.QUEUED).count()


def test_some_at_a_time_come_into_the_queue_in_their_order(hand_in) -> None:
    batch = hand_in(30)
    assert feeding.feed() == feeding.FED_OF_AN_OWNER
    assert feeding.feed() == 0
    fed = changes.rows_of(batch).filter(is_held=False)
    assert [row.batch_row for row in fed] == list(range(1, 21))
    assert Segment.objects.count() == 20
    for row in fed[:5]:
        state.cancel(row)
    assert feeding.feed() == 5


def test_batches_leave_room_for_others_and_each_other(hand_in, settings, django_user_model) -> None:
    settings.MAX_QUEUED = 20
    people = [django_user_model.objects.create_user(name) for name in ("ann", "bo")]
    for person in people:
        hand_in(30, person)
    feeding.feed()
    assert in_queue() == 10
    assert [Generation.objects.filter(owner=each, is_held=False).count() for each in people] == [5, 5]


def test_limit_of_who_handed_it_in_holds_a_row_back(hand_in, settings) -> None:
    settings.LIMITS = {**settings.LIMITS, Kind.SERVER: parse_limits("waiting=2", Kind.SERVER)}
    hand_in(5)
    assert feeding.feed() == 2
    assert feeding.is_due()
    state.cancel(Generation.objects.filter(is_held=False).first())
    assert feeding.feed() == 1


def test_row_that_cannot_be_spoken_fails_by_itself(hand_in) -> None:
    batch = hand_in(2)
    Generation.objects.filter(batch_row=1).update(text="...")  # as if its text could be read then
    feeding.feed()
    first, second = changes.rows_of(batch)
    assert (first.status, first.error_code) == (Status.FAILED, "text_unspeakable")
    assert second.status == Status.QUEUED and second.segments_total


def test_stopped_row_can_be_continued(hand_in) -> None:
    row = changes.rows_of(hand_in(1)).get()
    state.cancel(row)
    assert not feeding.is_due()
    assert state.resume(row)
    assert row.segments.exists()


def test_batch_is_completed_once_and_told(hand_in, settings) -> None:
    settings.WEBHOOKS = True
    Webhook.objects.create(url="https://example.org/", events=[WebhookEvent.BATCH_COMPLETED])
    batch = hand_in(2)
    feeding.feed()
    first, second = changes.rows_of(batch)
    state.cancel(first)
    batch.refresh_from_db()
    assert batch.completed_at is None
    takes.end(second, Status.FAILED)
    batch.refresh_from_db()
    assert batch.completed_at
    assert Delivery.objects.get().event == "batch.completed"
    assert not ending.complete(batch.pk)
    assert Delivery.objects.count() == 1


def test_batch_whose_last_rows_were_deleted_is_completed_by_the_sweep(hand_in) -> None:
    batch = hand_in(1)
    ending.complete_all()
    batch.refresh_from_db()
    assert batch.completed_at is None
    Generation.objects.all().delete()
    ending.complete_all()
    batch.refresh_from_db()
    assert batch.completed_at


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_lets_each_row_in(hand_in) -> None:
    hand_in(12)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: process.feed(), range(3)))
    connection.close()
    process.feed()
    assert in_queue() == 12
    assert Segment.objects.count() == 12


@pytest.mark.django_db(transaction=True)
def test_batch_whose_last_rows_end_at_once_is_completed(hand_in, settings) -> None:
    settings.WEBHOOKS = True
    Webhook.objects.create(url="https://example.org/", events=[WebhookEvent.BATCH_COMPLETED])
    batch = hand_in(6)
    feeding.feed()

    def stop(row: Generation) -> None:
        state.cancel(row)
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(stop, changes.rows_of(batch)))
    batch.refresh_from_db()
    assert batch.completed_at
    assert Delivery.objects.count() == 1
