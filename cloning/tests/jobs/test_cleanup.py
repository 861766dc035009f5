"""Whoever deletes a row, and however: what belongs to it, and what was derived from it, is gone."""

import threading
import time
from collections.abc import Iterable

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cloning.jobs import joins, takes
from cloning.jobs.cleanup import delete_generation
from cloning.jobs.conditioning import find_conditioning, store_conditioning, store_gain
from cloning.jobs.voices import create_from
from cloning.models import Generation, Reference, Segment, StoredConditioning, Take, Voice, VoiceGain
from cloning.storage.local import AtomicFileSystemStorage
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.jobs.recording import (
    THREE_SEGMENTS,
    accept,
    accept_join,
    at_once,
    claim_first,
    finish,
    speak_all,
)

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "engine-1"


def learn(*references: Reference) -> bool:
    """As the worker does once it has derived the voice of a generation."""
    return store_conditioning(references, KEY, b"latents", 1.0) is not None


def is_learnt(*references: Reference) -> bool:
    return find_conditioning(references, KEY) is not None


@pytest.fixture
def a(make_reference) -> Reference:
    return make_reference(MALE_CLIP)


@pytest.fixture
def b(make_reference) -> Reference:
    return make_reference(FEMALE_CLIP)


def test_deleting_a_generation_deletes_its_files_and_what_nobody_else_uses(
    make_generation, make_reference, stored_files, nothing_kept
) -> None:
    shared, own = make_reference(MALE_CLIP), make_reference(FEMALE_CLIP)
    own.keep_normalized(ContentFile(b"normalised"))
    keeper = make_generation([shared])
    generation = make_generation([shared, own])
    finish(generation)
    assert learn(shared, own)
    assert learn(shared)

    with transaction.atomic():
        generation.delete()

    kept = find_conditioning([shared], KEY)
    assert stored_files() == sorted([shared.file.name, kept.file.name])
    assert list(Reference.objects.all()) == [shared]
    assert list(StoredConditioning.objects.all()) == [kept]
    with transaction.atomic():
        keeper.delete()
    assert nothing_kept()


def test_bulk_delete_removes_files_too(make_generation, nothing_kept) -> None:
    for _ in range(3):
        finish(make_generation())
    Generation.objects.all().delete()
    assert nothing_kept()


def test_a_rolled_back_delete_keeps_the_files(make_generation, stored_files) -> None:
    generation = finish(make_generation())
    before = stored_files()
    with pytest.raises(RuntimeError), transaction.atomic():
        generation.delete()
        raise RuntimeError
    assert stored_files() == before
    assert Generation.objects.exists()


def test_a_voice_keeps_its_references_alive_and_takes_them_along(make_generation, nothing_kept) -> None:
    generation = make_generation()
    voice = create_from(generation, "Ann")
    generation.delete()
    assert voice.references.count() == 1
    voice.delete()
    assert nothing_kept()
    assert not Reference.objects.exists()


def test_deleting_a_voice_keeps_the_generations_that_used_it(make_generation) -> None:
    generation = make_generation()
    voice = create_from(generation, "Ann")
    Generation.objects.update(voice=voice)
    voice.delete()
    generation.refresh_from_db()
    assert generation.voice is None
    assert generation.references.count() == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_sets_that_share_references_leave_nothing_in_any_order(
    order: Iterable[int], a, b, make_generation, nothing_kept
) -> None:
    sets = ([a, b], [a], [b])
    generations = [make_generation(references) for references in sets]
    assert all(learn(*references) for references in sets)
    for index in order:
        generations[index].delete()
        assert not is_learnt(*sets[index])
    assert nothing_kept()


def test_conditioning_stays_while_another_generation_or_voice_has_the_set(a, b, make_generation) -> None:
    first, second = make_generation([a, b]), make_generation([b, a])
    voice = create_from(first, "Ada")
    assert learn(a, b)
    first.delete()
    second.delete()
    assert is_learnt(a, b)
    voice.delete()
    assert not StoredConditioning.objects.exists()


def test_what_was_derived_from_a_deleted_reference_goes_with_it(a, b, make_generation, stored_files) -> None:
    generation = make_generation([a, b])
    assert learn(a, b)
    b.delete()
    assert not is_learnt(a, b)
    assert stored_files() == [a.file.name]
    generation.delete()
    assert stored_files() == []


def test_nothing_is_kept_of_a_set_that_nobody_has(a, b, make_generation, nothing_kept) -> None:
    generation = make_generation([a, b])
    assert not learn(a)
    Generation.objects.all().delete()
    assert not store_conditioning([a, b], KEY, b"derived meanwhile", 1.0)
    assert not store_conditioning(list(generation.references.all()), KEY, b"derived meanwhile", 1.0)
    assert nothing_kept()


def test_of_two_that_learn_the_same_set_one_is_kept(a, b, make_generation, stored_files) -> None:
    make_generation([a, b])
    kept: list[bool] = []
    assert at_once(*[lambda: kept.append(learn(a, b))] * 2) == []
    assert sorted(kept) == [False, True]
    assert len([name for name in stored_files() if name.startswith("conditioning/")]) == 1


def test_references_taken_from_a_voice_are_let_go(a, b, make_generation, stored_files) -> None:
    voice = Voice.objects.create(name="Ada")
    voice.references.set([a, b])
    assert learn(a, b)
    voice.references.set([b])
    assert stored_files() == [b.file.name]
    voice.references.clear()
    assert stored_files() == []


def test_conditioning_goes_when_a_voice_gets_another_reference(a, b, stored_files) -> None:
    voice = Voice.objects.create(name="Ada")
    voice.references.add(a)
    assert learn(a)
    voice.references.add(b)
    assert not is_learnt(a)
    assert stored_files() == sorted([a.file.name, b.file.name])


def test_reference_that_is_gone_is_not_added(a, make_generation) -> None:
    voice = Voice.objects.create(name="Ada")
    Reference.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        voice.references.add(a.pk)
    assert not voice.references.exists()


def test_changing_the_references_of_a_voice_in_the_admin(a, b, admin_client, stored_files) -> None:
    voice = Voice.objects.create(name="Ada")
    voice.references.set([a, b])
    assert learn(a, b)
    url = reverse("admin:cloning_voice_change", args=[voice.pk])
    assert admin_client.post(url, {"name": "Ada", "references": [str(b.pk)]}).status_code == 302
    assert stored_files() == [b.file.name]


def test_deleting_in_the_admin(a, b, make_generation, admin_client, nothing_kept) -> None:
    generation, other = make_generation([a, b]), make_generation([a])
    create_from(generation, "Ada")
    assert learn(a, b)
    delete_in_admin(admin_client, "reference", b)
    assert not StoredConditioning.objects.exists()
    delete_in_admin(admin_client, "generation", generation, other)
    delete_in_admin(admin_client, "voice", Voice.objects.get())
    assert nothing_kept()


def delete_in_admin(admin_client: Client, model: str, *rows: object) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [str(row.pk) for row in rows], "post": "yes"}
    response = admin_client.post(reverse(f"admin:cloning_{model}_changelist"), chosen)
    assert response.status_code == 302


def test_user_who_asked_is_no_owner(make_generation, make_reference, admin_user) -> None:
    generation = make_generation(
        [make_reference()], owner=admin_user
    )  # a clip of nobody: there are no accounts
    admin_user.delete()
    generation.refresh_from_db()
    assert generation.owner is None


def test_success_since_the_row_was_read_leaves_no_audio(make_generation, nothing_kept) -> None:
    generation = make_generation()
    read_before = Generation.objects.get()
    finish(generation)
    read_before.delete()
    assert nothing_kept()


def test_take_that_is_accepted_while_its_generation_is_deleted_leaves_no_file(
    make_generation, nothing_kept
) -> None:
    for _ in range(20):
        generation = make_generation()
        take = claim_first(generation)
        assert at_once(lambda: accept(take), generation.delete) == []  # noqa: B023
        assert nothing_kept()


def test_deletion_takes_every_take_along(make_generation, nothing_kept) -> None:
    generation = finish(make_generation(text=THREE_SEGMENTS))
    takes.add_take(generation.segments.first(), "Again.", 1)
    speak_all(generation)
    assert Take.objects.count() == 4
    assert delete_generation(generation.pk)
    assert nothing_kept()
    assert not Take.objects.exists()
    assert not Segment.objects.exists()


def test_user_who_asked_takes_no_take_along(make_generation, make_reference, admin_user) -> None:
    generation = finish(make_generation([make_reference()], owner=admin_user))
    admin_user.delete()
    generation.refresh_from_db()
    assert Take.objects.get().audio.read() == b"RIFF"


def test_clip_normalised_since_the_row_was_read_is_deleted(a, nothing_kept) -> None:
    read_before = Reference.objects.get()
    a.keep_normalized(ContentFile(b"normalised"))
    read_before.delete()
    assert nothing_kept()


def test_file_that_can_not_be_deleted_does_not_keep_the_rest(
    make_generation, a, b, monkeypatch, caplog, stored_files
) -> None:
    delete = AtomicFileSystemStorage.delete
    generation = make_generation([a, b])

    def fail_for_a(self, name):
        if name == a.file.name:
            raise OSError("Input/output error")
        delete(self, name)

    monkeypatch.setattr(AtomicFileSystemStorage, "delete", fail_for_a)
    assert delete_generation(generation.pk)
    assert stored_files() == [a.file.name]
    assert "Input/output error" in caplog.text


def test_deleting_what_is_gone(make_generation) -> None:
    generation = make_generation()
    assert delete_generation(generation.pk)
    assert not delete_generation(generation.pk)


def test_two_deletions_at_once_that_share_a_reference(a, b, make_generation, nothing_kept) -> None:
    for _ in range(10):
        references = [Reference.objects.filter(pk=each.pk).first() or again(each) for each in (a, b)]
        generations = [make_generation(references), make_generation(references[::-1])]
        assert learn(*references)
        assert at_once(*[lambda pk=each.pk: delete_generation(pk) for each in generations]) == []
        assert nothing_kept()


def again(reference: Reference) -> Reference:
    reference.file.save("", ContentFile(b"a voice"), save=False)
    reference.normalized = ""
    reference.save(force_insert=True)
    return reference


def test_deletions_of_many_at_once_wait_for_each_other_in_one_order(
    a, b, make_generation, nothing_kept
) -> None:
    generations = [make_generation([a, b] if index % 2 else [b, a]) for index in range(12)]
    chosen = ([0, 3, 6, 9], [9, 6, 3, 0], [1, 4, 7, 10], [11, 8, 5, 2, 10])
    deletions = [
        lambda pks=[generations[index].pk for index in indexes]: Generation.objects.filter(
            pk__in=pks
        ).delete()
        for indexes in chosen
    ]
    assert at_once(*deletions) == []
    assert nothing_kept()


def test_deletion_that_meets_the_success_of_the_same_generation(make_generation, a, nothing_kept) -> None:
    for _ in range(10):
        generation = speak_all(make_generation([Reference.objects.first() or again(a)]))
        assert joins.claim(generation)
        pk = generation.pk
        assert at_once(lambda: accept_join(generation), lambda: delete_generation(pk)) == []  # noqa: B023
        assert nothing_kept()


def test_learning_that_meets_the_deletion(make_generation, a, nothing_kept) -> None:
    for _ in range(10):
        reference = Reference.objects.first() or again(a)
        pk = make_generation([reference]).pk
        assert at_once(lambda: learn(reference), lambda: delete_generation(pk)) == []  # noqa: B023
        assert nothing_kept()


def test_gain_that_is_stored_while_its_conditioning_is_deleted(make_generation, a, nothing_kept) -> None:
    pk = make_generation([a]).pk
    assert learn(a)
    conditioning = StoredConditioning.objects.get()
    is_stored = threading.Event()

    def store() -> None:
        with transaction.atomic():
            store_gain(VoiceGain(conditioning=conditioning, language="en", gain_db=1.0, measured_seconds=2.0))
            is_stored.set()
            time.sleep(0.5)  # the deletion has begun

    def delete() -> None:
        assert is_stored.wait(60)
        delete_generation(pk)

    assert at_once(store, delete) == []
    assert nothing_kept() and not VoiceGain.objects.exists()
    store_gain(VoiceGain(conditioning=conditioning, language="en", gain_db=1.0, measured_seconds=2.0))
    assert not VoiceGain.objects.exists()
