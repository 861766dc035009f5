"""Accounts that go, with everything that is theirs."""

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from cloning.jobs import departures, keys, sweeping
from cloning.jobs.conditioning import store_conditioning
from cloning.models import (
    ApiKey,
    Batch,
    Departure,
    Generation,
    Pronunciation,
    Reference,
    Scope,
    Status,
    StoredConditioning,
    Voice,
    Webhook,
)
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.jobs.recording import claim_first, finish

pytestmark = pytest.mark.django_db(transaction=True)


def own(user: User, *rows):
    for row in rows:
        type(row)._default_manager.filter(pk=row.pk).update(owner=user)
        row.refresh_from_db()
    return rows[0] if len(rows) == 1 else rows


@pytest.fixture
def bob(accounts) -> User:
    return User.objects.create_user("bob", password="another good password")


@pytest.fixture
def anns(ann, make_reference) -> Voice:
    """A voice that Ann shares."""
    clip = own(ann, make_reference(MALE_CLIP))
    voice = Voice.objects.create(owner=ann, name="Ann", is_shared=True)
    voice.references.set([clip])
    store_conditioning([clip], "engine-1", b"latents", 1.0)
    return voice


@pytest.fixture
def everything(ann, bob, anns, make_generation, make_reference) -> Generation:
    """Of Ann a voice, something spoken and something that is being spoken, and more; of Bob something in her voice, and
    what stays, which is returned."""
    finish(own(ann, make_generation([anns.references.get()])))
    clip = own(ann, make_reference(FEMALE_CLIP))
    claim_first(own(ann, make_generation([clip])))
    own(ann, make_generation(sample_of=anns, references=[anns.references.get()]))
    finish(own(bob, make_generation([anns.references.get()], voice=anns)))
    kept = own(bob, make_generation([own(bob, make_reference(FEMALE_CLIP))]))
    for user in (ann, bob):
        Pronunciation.objects.create(owner=user, language="en", word="SQL", word_key="sql", spelling="sequel")
    keys.make(ann, "laptop", [Scope.READ])
    Batch.objects.create(owner=ann, total=1)
    Webhook.objects.create(owner=ann, url="https://ann.example/", events=["generation.succeeded"])
    return finish(kept)


def expect_only_bobs(kept: Generation, stored_files) -> None:
    assert [user.username for user in User.objects.all()] == ["bob"]
    assert list(Generation.objects.all()) == [kept]
    assert list(Reference.objects.all()) == list(kept.references.all())
    assert not (Voice.objects.exists() or ApiKey.objects.exists() or StoredConditioning.objects.exists())
    assert Pronunciation.objects.get().owner_id == kept.owner_id
    take = kept.segments.get().takes.get()
    kept_files = {kept.audio.name, take.audio.name, kept.references.get().file.name}
    assert set(stored_files()) == kept_files
    assert not Departure.objects.exists()


def test_what_goes_is_counted(everything, ann, bob):
    goes = departures.count_belongings(ann)
    assert (goes.generations, goes.generations_of_others) == (2, 1)
    assert (goes.voices, goes.pronunciations, goes.keys) == (1, 1, 1)
    assert (goes.batches, goes.webhooks) == (1, 1)
    assert departures.count_belongings(bob).generations_of_others == 0


def test_everything_goes_and_what_is_of_others_stays(everything, ann, stored_files):
    departures.begin(ann)
    assert not Generation.objects.active().exists(), "what runs is stopped"
    ann.refresh_from_db()
    assert not (ann.is_active or ann.has_usable_password())
    assert not ApiKey.objects.valid().exists()
    assert not Voice.objects.kept().exists()
    assert departures.finish(ann)
    expect_only_bobs(everything, stored_files)


def test_what_was_not_done_in_time_the_sweep_does(everything, ann, stored_files):
    departures.begin(ann)
    assert not departures.finish(ann, seconds=0.0), "it begins"
    assert Generation.objects.count() == 4
    sweeping.sweep()
    expect_only_bobs(everything, stored_files)


def test_account_stays_while_something_is_added(ann, make_generation, monkeypatch):
    departures.begin(ann)
    monkeypatch.setattr(departures, "list_deletions", lambda _user: [])
    generation = own(ann, make_generation())
    assert not departures.finish(ann)
    assert User.objects.exists()
    monkeypatch.undo()
    assert departures.finish(ann)
    assert not (User.objects.exists() or Generation.objects.filter(pk=generation.pk).exists())


def test_command(everything, ann, stored_files, capsys, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _asked: "bob")
    with pytest.raises(CommandError, match="Nothing was deleted"):
        call_command("delete_account", "ann")
    assert "2 generations" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no account “eve”"):
        call_command("delete_account", "eve", "--no-input")
    assert Generation.objects.filter(status=Status.RUNNING).exists() and User.objects.count() == 2
    monkeypatch.setattr("builtins.input", lambda _asked: "ann")
    call_command("delete_account", "ann")
    expect_only_bobs(everything, stored_files)
