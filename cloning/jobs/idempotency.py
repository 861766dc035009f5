"""A request that is sent twice with one key makes one row (ADR 37).

A key is claimed by a row that only one can insert. What is made is written into that row in the same transaction: there
is no moment in which a process can die and leave the one without the other. A claim whose process died runs out, and
whoever sends the request again takes it over; should the dead one live after all, its transaction fails.
"""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Model
from django.utils import timezone

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.acting import Actor, current_actor
from cloning.models import IdempotencyKey

KEPT = timedelta(days=1)
CLAIMED = timedelta(minutes=2)
"""Longer than any request takes to be checked and stored."""
TRIES = 5
"""Each is made vain only by another request with this key that fails in the same moment."""


@dataclass(frozen=True)
class Claim:
    """The right to do what was asked."""

    digest: str
    token: uuid.UUID


def identify_caller(actor: Actor) -> str:
    """Whose keys are told apart from others': an account, or without accounts an address."""
    if settings.REQUIRE_LOGIN and actor.person:
        return f"user:{actor.person.pk}"
    return f"address:{actor.address}"


def claim(key: str, fingerprint: str) -> Claim | str:
    """The claim, or where it was done before the id of what came of it.

    Raises GenerationError (IDEMPOTENCY_KEY_REUSED, IDEMPOTENCY_KEY_IN_USE).
    """
    actor = current_actor()
    digest = hashlib.sha256(f"{identify_caller(actor)} {key}".encode()).hexdigest()
    owner = actor.person if settings.REQUIRE_LOGIN else None
    for _ in range(TRIES):
        now = timezone.now()
        mine = Claim(digest, uuid.uuid4())
        row = IdempotencyKey(
            digest=digest,
            owner=owner,
            fingerprint=fingerprint,
            claim_token=mine.token,
            claimed_until=now + CLAIMED,
            created_at=now,
        )
        IdempotencyKey.objects.bulk_create([row], ignore_conflicts=True)
        found = IdempotencyKey.objects.filter(pk=digest).first()
        if found is None:
            continue
        if found.claim_token == mine.token:
            return mine
        if found.created_at < now - KEPT:
            IdempotencyKey.objects.filter(pk=digest, claim_token=found.claim_token).delete()
            continue
        if found.fingerprint != fingerprint:
            raise GenerationError(
                ErrorCode.IDEMPOTENCY_KEY_REUSED,
                "Another request was sent with this Idempotency-Key: use a new one for each.",
            )
        if found.result_id:
            return found.result_id
        unclaimed = IdempotencyKey.objects.filter(
            pk=digest, claim_token=found.claim_token, result_id="", claimed_until__lt=now
        )
        if unclaimed.update(claim_token=mine.token, claimed_until=now + CLAIMED):
            return mine
        break
    raise in_use()


def in_use() -> GenerationError:
    return GenerationError(
        ErrorCode.IDEMPOTENCY_KEY_IN_USE, "A request with this Idempotency-Key is being worked on."
    )


_claim: ContextVar[Claim | None] = ContextVar("claim", default=None)


@contextmanager
def claiming(mine: Claim) -> Iterator[None]:
    """What is made in this thread meanwhile is the claim's. Where nothing is, the key is free again."""
    token = _claim.set(mine)
    try:
        yield
    finally:
        _claim.reset(token)
        with suppress(DatabaseError):  # else it runs out
            IdempotencyKey.objects.filter(pk=mine.digest, claim_token=mine.token, result_id="").delete()


def complete(made: Model) -> None:
    """In the transaction that makes it. Raises GenerationError where the claim was taken over, so that none is made."""
    if (mine := _claim.get()) is None:
        return
    rows = IdempotencyKey.objects.filter(pk=mine.digest, claim_token=mine.token, result_id="")
    if not rows.update(result_id=str(made.pk)):
        raise in_use()


def forget_old() -> None:
    IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
