"""Accounts go with everything that is theirs or was derived of it: results of others that speak with their voices, too.

That may be much, so it is done a row at a time: nobody signs in from the first moment on, what is not deleted then the
sweep deletes, and the account goes last.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from django.contrib.auth.models import User
from django.db import IntegrityError
from django.db.models import CASCADE, ManyToOneRel, Model, Q, QuerySet, Sum
from django.utils import timezone

from cloning.jobs import state
from cloning.jobs.audit import record
from cloning.jobs.books import delete_row as delete_book
from cloning.jobs.cleanup import delete_generation, delete_reference, delete_voice, with_reserve
from cloning.models import (
    ApiKey,
    Batch,
    Book,
    BookStatus,
    Deed,
    Departure,
    Generation,
    Pronunciation,
    Reference,
    Voice,
    VoiceConsent,
    Webhook,
)

AT_ONCE = 100


@dataclass(frozen=True)
class Belongings:
    """What goes with an account."""

    generations: int
    speech_seconds: float
    voices: int
    consents: int
    books: int
    batches: int
    pronunciations: int
    keys: int
    webhooks: int
    generations_of_others: int

    def __str__(self) -> str:
        """For operators, in English."""
        return (
            f"{self.generations} generations ({self.speech_seconds / 60:.0f} min of speech), {self.books} books, "
            f"{self.batches} batches, {self.voices} voices, {self.pronunciations} pronunciations, {self.keys} keys, "
            f"{self.webhooks} webhooks, and {self.generations_of_others} generations of others with these voices"
        )


def count_belongings(user: User) -> Belongings:
    own = Generation.objects.listed().filter(owner=user)
    derived = find_derived(user).filter(deleted_at=None, sample_of=None).exclude(owner=user)
    return Belongings(
        generations=own.count(),
        speech_seconds=own.aggregate(speech=Sum("duration_seconds"))["speech"] or 0.0,
        voices=Voice.objects.kept().filter(owner=user).count(),
        consents=VoiceConsent.objects.filter(owner=user).count(),
        books=Book.objects.kept().filter(owner=user).count(),
        batches=Batch.objects.filter(owner=user).count(),
        pronunciations=Pronunciation.objects.filter(owner=user).count(),
        keys=ApiKey.objects.kept().filter(owner=user).count(),
        webhooks=Webhook.objects.filter(owner=user).count(),
        generations_of_others=derived.count(),
    )


def find_derived(user: User) -> QuerySet[Generation]:
    """What was spoken with their clips, by whomever."""
    links = Generation.references.through.objects.filter(reference__owner=user)
    return Generation.objects.filter(pk__in=links.values("generation"))


def begin(user: User) -> None:
    """From now on nobody can sign in to it or call with its keys; what runs is stopped, and its voices are hidden."""

    def close() -> int:
        row = User.objects.select_for_update().get(pk=user.pk)
        row.is_active = False
        row.set_unusable_password()
        row.save(update_fields=["is_active", "password"])
        if Departure.objects.get_or_create(user=row)[1]:
            record(Deed.ACCOUNT_DELETED, about=row.get_username())
        Webhook.objects.filter(owner=user).delete()  # nobody is told of what goes now
        now = timezone.now()
        Voice.objects.filter(owner=user).update(is_shared=False)
        return Voice.objects.filter(owner=user, deleted_at=None).update(deleted_at=now)

    with_reserve(close)
    Book.objects.filter(owner=user, status=BookStatus.RUNNING).update(status=BookStatus.CANCELLED)
    theirs = Q(owner=user) | Q(pk__in=find_derived(user).values("pk"))
    for running in Generation.objects.active().filter(theirs):
        state.cancel(running)


def finish(user: User, seconds: float | None = None) -> bool:
    """Deletes what is there, for as long as may be. Whether the account is gone.

    Where it is not, somebody added to it in this moment or the time was over, and the next call goes on.
    """
    give_up_at = None if seconds is None else time.monotonic() + seconds
    for delete in list_deletions(user):
        delete()
        if give_up_at is not None and time.monotonic() >= give_up_at:
            return False
    return delete_user(user)


def list_deletions(user: User) -> Iterator[Callable[[], object]]:
    """Each is to be called before the next is asked for: what is deleted is not found again."""
    samples = Generation.objects.filter(sample_of__owner=user)
    one_by_one = (
        (find_derived(user), delete_generation),
        (samples, delete_generation),
        (Generation.objects.filter(owner=user), delete_generation),
        (Book.objects.filter(owner=user), delete_book),
        (Voice.objects.filter(owner=user), delete_voice),
        (Reference.objects.filter(owner=user), delete_reference),
    )
    for rows, delete in one_by_one:
        while ids := list(rows.order_by().values_list("pk", flat=True)[:AT_ONCE]):
            yield from (partial(delete, pk) for pk in ids)
    for model in list_owned():
        if model not in {rows.model for rows, _ in one_by_one}:
            yield partial(delete_all, model, user)


def list_owned() -> list[type[Model]]:
    """Whatever has an owner, and is not deleted by the database with them."""
    relations = User._meta.get_fields(include_hidden=True)
    owned = [each for each in relations if isinstance(each, ManyToOneRel) and each.field.name == "owner"]
    return [each.related_model for each in owned if each.on_delete is not CASCADE]


def delete_all(model: type[Model], user: User) -> int:
    return with_reserve(lambda: model._default_manager.filter(owner=user).delete()[0])


def delete_user(user: User) -> bool:
    """False where something is theirs after all."""

    def delete() -> int:
        User.objects.select_for_update().filter(
            pk=user.pk
        ).first()  # who adds something waits for the end of it
        has_rows = any(model._default_manager.filter(owner=user).exists() for model in list_owned())
        return 0 if has_rows else User.objects.filter(pk=user.pk).delete()[0]

    try:
        return bool(with_reserve(delete)) or not User.objects.filter(pk=user.pk).exists()
    except IntegrityError:  # of which Django's ProtectedError is one
        return False


def finish_all() -> None:
    """Of every account that is to go. Cheap where there is none."""
    for departure in Departure.objects.select_related("user"):
        finish(departure.user)
