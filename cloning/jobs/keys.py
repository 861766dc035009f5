"""Every change of the API keys, and who calls with one."""

import uuid
from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.audit import record
from cloning.jobs.cleanup import with_reserve
from cloning.models import ApiKey, Deed, Scope
from cloning.models.api_key import MARK, PREFIX_CHARS, hash_secret, make_secret
from cloning.storage.space import require_free_space

MAX_KEYS = 50
"""Of one owner, not counting those that were revoked."""
MAX_SECRET_CHARS = 200
USE_INTERVAL = timedelta(minutes=1)


def make(
    owner: User,
    name: str,
    scopes: Collection[Scope],
    expires_in_days: int | None = None,
    maker: ApiKey | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which can't be had again; `maker` is the key that the call was made with.

    Raises GenerationError (TOO_MANY_KEYS, SCOPE_MISSING).
    """
    if maker and (missing := [each for each in scopes if each not in maker.scopes]):
        raise GenerationError(
            ErrorCode.SCOPE_MISSING,
            f"A key can't make one that may do more than itself: it has no “{missing[0]}”.",
        )
    require_free_space()
    secret = make_secret()
    key = ApiKey(
        owner=owner,
        name=name,
        prefix=secret[:PREFIX_CHARS],
        sha256=hash_secret(secret),
        scopes=[scope.value for scope in Scope if scope in scopes],
        expires_at=timezone.now() + timedelta(days=expires_in_days) if expires_in_days else None,
    )
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)  # two at once don't both take the last place
        if ApiKey.objects.kept().filter(owner=owner).count() >= MAX_KEYS:
            raise GenerationError(
                ErrorCode.TOO_MANY_KEYS, f"There are {MAX_KEYS} keys already: revoke one first."
            )
        key.save(force_insert=True)
        record(Deed.KEY_MADE, about=str(key))
    return key, secret


def revoke(owner: User, pk: uuid.UUID) -> bool:
    """Whether there was one of this owner's. It is good for nothing from now on."""
    return revoke_key(ApiKey.objects.filter(owner=owner, pk=pk).first())


def revoke_key(key: ApiKey | None) -> bool:
    if key is None:
        return False

    def mark() -> int:
        count = ApiKey.objects.kept().filter(pk=key.pk).update(revoked_at=timezone.now())
        if count:
            record(Deed.KEY_REVOKED, about=str(key))
        return count

    return bool(with_reserve(mark))


def find_key(secret: str) -> ApiKey | None:
    """The key that calls can be made with, with its owner; None for one that is unknown, revoked or expired."""
    if not secret.startswith(MARK) or len(secret) > MAX_SECRET_CHARS or not secret.isascii():
        return None
    return ApiKey.objects.valid().filter(sha256=hash_secret(secret)).select_related("owner").first()


def note_use(key: ApiKey) -> None:
    """Once a minute at most, so that reading with a key does not write all the time."""
    now = timezone.now()
    if key.last_used_at and key.last_used_at > now - USE_INTERVAL:
        return
    is_old = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_INTERVAL)
    with suppress(DatabaseError):  # what the call asks for can be had all the same
        ApiKey.objects.filter(is_old, pk=key.pk).update(last_used_at=now)
