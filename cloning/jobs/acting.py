"""Who does what is done in this thread: whom limits are counted for, and who stands in the log of deeds."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User

from cloning.models import ApiKey, RoleLimits
from cloning.quantities import Kind, Limits, Quantity


@dataclass(frozen=True)
class Actor:
    """Without a user and an address: a command, or a worker."""

    user: User | AnonymousUser | None = None
    key: ApiKey | None = None
    address: str = ""

    @property
    def person(self) -> User | None:
        return self.user if self.user is not None and isinstance(self.user, User) else None

    @cached_property
    def subjects(self) -> dict[Kind, str]:
        """As what it is counted, always in this order: who counts for several locks their rows in it."""
        subjects = {Kind.ADDRESS: f"address:{self.address}"} if self.address else {}
        if self.key:
            subjects[Kind.KEY] = f"key:{self.key.pk}"
        if settings.REQUIRE_LOGIN and self.person:
            subjects[Kind.USER] = f"user:{self.person.pk}"
        return {**subjects, Kind.SERVER: "server"}

    @cached_property
    def limits(self) -> dict[Kind, Limits]:
        limits: dict[Kind, Limits] = {kind: settings.LIMITS[kind] for kind in self.subjects}
        if Kind.USER in limits and self.person:
            limits[Kind.USER] = {**limits[Kind.USER]}
            for quantity, most in read_role_limits(self.person).items():
                limits[Kind.USER].pop(quantity, None)
                if most:
                    limits[Kind.USER][quantity] = most
        return limits


def read_role_limits(user: User) -> Limits:
    """Of the user's groups; 0 is none."""
    rows = list(RoleLimits.objects.filter(group__user=user.pk))
    found: Limits = {}
    for quantity in Quantity:
        given = [value for row in rows if (value := getattr(row, quantity)) is not None]
        if given:
            found[quantity] = 0 if 0 in given else max(given)
    return found


_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


@contextmanager
def acting(actor: Actor) -> Iterator[None]:
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> Actor:
    """A new one each time where nobody is known: it remembers its limits."""
    return _actor.get() or Actor()
