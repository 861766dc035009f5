"""What is counted for whom, and when it is too much. Time stands still but where a test moves it."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import connection
from django.utils import timezone

from cloning.errors import GenerationError
from cloning.jobs import keys, limits, state, takes
from cloning.jobs.acting import Actor, acting, current_actor
from cloning.jobs.limits import Allowance, LimitError
from cloning.models import Charge, Generation, RoleLimits, Scope, Usage
from cloning.quantities import Kind, Quantity, parse_limits
from cloning.tests.api_client import GENERATE
from cloning.tests.speaking import accept_sounds

NOON = datetime(2026, 5, 4, 12, 0, 10, tzinfo=UTC)


def stranger() -> Actor:
    return Actor(AnonymousUser(), None, "203.0.113.1")


@pytest.fixture
def clock(monkeypatch):
    """The time, to be moved on."""
    now = [NOON]
    monkeypatch.setattr(timezone, "now", lambda: now[0])
    return lambda **more: now.__setitem__(0, now[0] + timedelta(**more))


@pytest.fixture
def limited(settings):
    settings.LIMITS = {kind: {} for kind in Kind}

    def arrange(kind: Kind, value: str) -> None:
        settings.LIMITS[kind] = parse_limits(value, kind)

    return arrange


@pytest.fixture
def ada(settings, db) -> User:
    settings.REQUIRE_LOGIN = True
    return User.objects.create_user("ada")


def test_settings_are_read() -> None:
    assert parse_limits(" requests=60, stored_mb=5,", Kind.USER) == {
        Quantity.REQUESTS: 60,
        Quantity.STORED: 5,
    }
    for wrong in ("requests", "requests=0", "requests=-1", "requests=1.5", "request=1", "requests=²"):
        with pytest.raises(ValueError, match="request"):
            parse_limits(wrong, Kind.USER)
    with pytest.raises(ValueError, match="none of"):
        parse_limits("stored_mb=5", Kind.KEY)


@pytest.mark.django_db
def test_nothing_is_counted_where_there_is_no_limit(
    limited, make_generation, django_assert_num_queries
) -> None:
    with acting(stranger()), django_assert_num_queries(0):
        assert limits.count_request() == []
        limits.count_characters(10)
        limits.require_speech()
        limits.require_place()
        limits.require_storage()
    assert not Usage.objects.exists() and not Charge.objects.exists()


@pytest.mark.django_db
def test_requests_of_a_minute(limited, clock) -> None:
    limited(Kind.ADDRESS, "requests=2")
    with acting(stranger()):
        assert limits.count_request()[0].left == 1
        limits.count_request()
        with pytest.raises(LimitError) as caught:
            limits.count_request()
        assert (caught.value.retry_after_seconds, caught.value.standing.left) == (50, 0)
    with acting(Actor(AnonymousUser(), None, "203.0.113.2")):
        limits.count_request()
    clock(seconds=50)
    with acting(stranger()):
        limits.count_request()


@pytest.mark.django_db
def test_what_one_limit_refuses_counts_for_none(limited, clock) -> None:
    limited(Kind.ADDRESS, "requests=9")
    limited(Kind.SERVER, "requests=1")
    with acting(stranger()):
        limits.count_request()
        for _ in range(3):
            with pytest.raises(LimitError, match="at most 1 a minute"):
                limits.count_request()
    assert dict(Usage.objects.values_list("subject", "used")) == {"address:203.0.113.1": 1, "server": 1}


@pytest.mark.django_db
def test_characters_of_a_day_and_what_is_not_queued(limited, clock, ada, make_voice) -> None:
    limited(Kind.USER, "characters=20")
    with acting(Actor(ada)):
        make_voice("Good morning.")  # 13
        with pytest.raises(LimitError, match="This text has 9 characters; of 20 a day 7 are left") as caught:
            make_voice("Nine long")
        assert caught.value.retry_after_seconds == 12 * 3600 - 10
        assert Generation.objects.count() == 1
        make_voice("Seven!!")
    clock(days=1)
    with acting(Actor(ada)):
        make_voice("Nine long")


@pytest.fixture
def make_voice(make_reference, settings):
    """Has a stock voice say something, by the one way that all channels take."""
    from cloning.jobs.submission import submit
    from cloning.models import Channel, Voice, choose_owner

    voice = Voice.objects.create(name="Ada", is_shared=True)
    voice.references.add(make_reference())

    def say(text: str, **fields) -> Generation:
        owner = choose_owner(current_actor().person)
        generation = Generation(
            text=text, language="en", voice=voice, owner=owner, requested_via=Channel.API, **fields
        )
        submit(generation)
        return generation

    return say


@pytest.mark.django_db
def test_generations_that_wait(limited, ada, make_voice) -> None:
    limited(Kind.USER, "waiting=2")
    with acting(Actor(ada)):
        first, _ = make_voice("One."), make_voice("Two.")
        with pytest.raises(LimitError, match="As many are waiting as may: 2"):
            make_voice("Three.")
        state.cancel(first)
        make_voice("Three.")
        with pytest.raises(LimitError):
            state.resume(first)
    with acting(Actor(User.objects.create_user("bob"))):
        make_voice("Four.")


@pytest.mark.django_db
def test_speech_is_counted_when_it_is_spoken_for_who_asked_for_it(limited, ada, make_voice, clock) -> None:
    limited(Kind.USER, "speech_seconds=2")
    limited(Kind.SERVER, "speech_seconds=1000")
    key, _ = keys.make(ada, "a", [Scope.SPEAK])
    with acting(Actor(ada, key, "203.0.113.1")):
        generation = make_voice("Good morning.")
    limits.forget_old()
    assert set(Charge.objects.values_list("subject", flat=True)) == {f"user:{ada.pk}", "server"}
    while not Usage.objects.filter(used__gte=2).exists():
        accept_sounds(generation)
        if not Usage.objects.filter(used__gte=2).exists():
            with acting(Actor(ada, key)):
                generation = make_voice("Good morning.")
    with acting(Actor(ada)), pytest.raises(LimitError, match="2 seconds of speech"):
        make_voice("More.")
    segment = generation.segments.get()
    with acting(Actor(ada)), pytest.raises(LimitError):
        takes.add_take(segment, "More.", 7)
    Generation.objects.update(status="succeeded")
    limits.forget_old()
    assert not Charge.objects.exists()
    clock(days=3)
    limits.forget_old()
    assert not Usage.objects.exists()


@pytest.mark.django_db
def test_stored_bytes(limited, ada, make_generation, make_reference) -> None:
    limited(Kind.USER, "stored_mb=1")
    clip = make_reference()
    generation = make_generation([clip], owner=ada)
    with acting(Actor(ada)):
        limits.require_storage()
        Generation.objects.filter(pk=generation.pk).update(duration_seconds=21.0)
        with pytest.raises(LimitError, match="The 1 MB that may be stored are full"):
            limits.require_storage()
    with acting(Actor(User.objects.create_user("bob"))):
        limits.require_storage()
    limited(Kind.SERVER, "stored_mb=1")
    with acting(stranger()), pytest.raises(LimitError):
        limits.require_storage()


@pytest.mark.django_db
def test_groups_have_others_and_the_most_generous_counts(limited, ada) -> None:
    limited(Kind.USER, "requests=1,characters=10,waiting=1")
    for name, values in {
        "few": {"requests": 5, "characters": 5},
        "many": {"requests": 9, "characters": 0},
    }.items():
        group = Group.objects.create(name=name)
        RoleLimits.objects.create(group=group, **values)
        ada.groups.add(group)
    assert Actor(ada).limits[Kind.USER] == {Quantity.REQUESTS: 9, Quantity.WAITING: 1}
    assert Actor(User.objects.create_user("bob")).limits[Kind.USER][Quantity.REQUESTS] == 1


@pytest.mark.django_db(transaction=True)
def test_two_web_processes_count_together() -> None:
    """As many get through as may, whichever thread, process or machine they come by."""
    allowance = Allowance("server", Quantity.CHARACTERS, Kind.SERVER, 40)
    start, taken = threading.Barrier(8, timeout=60), []

    def take() -> None:
        start.wait()
        for _ in range(5):
            taken.append(allowance.take(2))
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(taken), len(taken), allowance.read_used()) == (20, 40, 40)


@pytest.mark.django_db
def test_over_the_api(limited, ada, api, monkeypatch) -> None:
    limited(Kind.KEY, "requests=2")
    _, secret = keys.make(ada, "a", [Scope.READ])
    headers = {"Authorization": f"Bearer {secret}"}
    first = api.get("/api/v1/generations", headers=headers)
    assert first["RateLimit-Policy"] == '"key-requests";q=2;w=60'
    assert first["RateLimit"].startswith('"key-requests";r=1;t=')
    api.get("/api/v1/voices", headers=headers)
    refused = api.get("/api/v1/voices", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "limit_reached")
    assert refused["RateLimit"] == f'"key-requests";r=0;t={refused["Retry-After"]}'
    assert "RateLimit" not in api.get("/api/v1/languages", headers=headers)


@pytest.mark.django_db
def test_on_the_page(limited, client, settings) -> None:
    settings.PREVIEW_VOICE = "kokoro"  # which has stock voices
    limited(Kind.ADDRESS, "characters=20000,requests=3")
    assert "0 of 20 000 characters today" in client.get("/").content.decode()
    form = {"text": "Good morning.", "language": "en", "voice": "stock:af_heart"}
    assert client.post("/", form).status_code == 302
    assert "13 of 20 000 characters today" in client.get("/").content.decode()
    limited(Kind.ADDRESS, "characters=20,requests=3")
    refused = client.post("/", form)
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 86_400
    assert (
        'id="id_text_error">This text has 13 characters; of 20 a day 7 are left.' in refused.content.decode()
    )
    client.post("/language/", {"language": "de"})
    too_many = client.post("/", form)
    assert (too_many.status_code, "zu viele" in too_many.content.decode()) == (429, True)
    assert int(too_many["Retry-After"]) <= 60
    assert Generation.objects.count() == 1


@pytest.mark.django_db
def test_an_error_over_the_api_stands_at_its_field(limited, api, settings) -> None:
    settings.PREVIEW_VOICE = "kokoro"
    limited(Kind.SERVER, "characters=5")
    refused = api.post(GENERATE, {"text": "Good morning.", "voice": "stock:af_heart"})
    error = refused.json()["error"]
    assert (refused.status_code, error["code"], error["field"]) == (429, "limit_reached", "text")
    assert refused["RateLimit-Policy"] == '"server-characters";q=5;qu="characters";w=86400'
    assert isinstance(LimitError("", retry_after_seconds=1), GenerationError)
