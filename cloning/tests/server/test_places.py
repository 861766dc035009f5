"""How many may listen, in this process and in all of them."""

import uuid

import pytest
from django.db import DatabaseError
from django.db.models.functions import Now

from cloning.errors import ErrorCode, GenerationError
from cloning.formats import StreamFormat
from cloning.jobs import listening
from cloning.jobs.limits import Allowance, LimitError
from cloning.models import ListeningPlace
from cloning.quantities import Kind, Quantity
from cloning.server import sound
from cloning.server.sound import Places

pytestmark = pytest.mark.django_db


def key() -> tuple[uuid.UUID, StreamFormat]:
    return uuid.uuid4(), StreamFormat.MP3


def limit(most: int, subject: str = "user:1") -> list[Allowance]:
    return [Allowance(subject, Quantity.LISTENERS, Kind.USER, most)]


@pytest.fixture
def places(monkeypatch) -> Places:
    """Whose leases nobody renews: a thread would have a connection of its own."""
    monkeypatch.setattr(sound.threading.Thread, "start", lambda thread: None)
    return Places()


def test_who_has_a_limit_listens_to_no_more_until_one_ends_in_whichever_process(places) -> None:
    mine, other_process = limit(2), Places()
    place = places.take(key(), mine)
    other_process.take(key(), mine)
    for each in (places, other_process):
        with pytest.raises(LimitError, match="As many are listening as may: 2"):
            each.take(key(), mine)
    places.take(key(), limit(2, "user:2"))
    places.give_back(place)
    other_process.take(key(), mine)
    assert ListeningPlace.objects.filter(subject="user:1").count() == 2


def test_nothing_is_stored_without_a_limit(places, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        places.give_back(places.take(key(), []))


def test_what_is_refused_for_another_reason_counts_for_nobody(places, settings) -> None:
    settings.MAX_STREAMS = 1
    first = key()
    places.take(first, limit(2))
    for _ in range(2):
        with pytest.raises(GenerationError) as caught:
            places.take(key(), limit(2))
        assert caught.value.code == ErrorCode.SERVER_BUSY
    places.take(first, limit(2))


def test_one_limit_that_is_reached_takes_no_place_of_another(places) -> None:
    places.take(key(), limit(1, "server"))
    with pytest.raises(LimitError):
        places.take(key(), limit(5) + limit(1, "server"))
    assert not ListeningPlace.objects.filter(subject="user:1").exists()


def test_places_of_a_process_that_was_killed_are_free_when_their_leases_run_out(places) -> None:
    killed = Places()
    killed.take(key(), limit(1))
    ListeningPlace.objects.update(lease_expires_at=Now())
    place = places.take(key(), limit(1))
    assert ListeningPlace.objects.get().hold == place.hold
    ListeningPlace.objects.update(lease_expires_at=Now())
    assert place.hold
    listening.renew([place.hold])
    with pytest.raises(LimitError):
        killed.take(key(), limit(1))
    listening.forget_old()
    assert ListeningPlace.objects.exists()


def test_lower_limit_counts_those_who_listen_already(places) -> None:
    for _ in range(3):
        places.take(key(), limit(3))
    ListeningPlace.objects.filter(number=0).delete()
    with pytest.raises(LimitError):
        places.take(key(), limit(2))


def test_database_that_is_away_does_not_keep_a_listener_from_leaving(places, monkeypatch, caplog) -> None:
    place = places.take(key(), limit(1))

    def fail(hold: uuid.UUID) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(listening, "give_back", fail)
    places.give_back(place)
    assert "A listener's place is free only when its lease has run out: away" in caplog.text
