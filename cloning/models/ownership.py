"""Who may see and change a row. The one place that decides it, for pages, API, files and streams.

Without REQUIRE_LOGIN there are no accounts and everything belongs to everybody. The admin has permissions of its own.
"""

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    AnyUser = User | AnonymousUser

Row = TypeVar("Row", bound=models.Model, covariant=True)

OWNER = Coalesce("owner", 0)
"""In constraints, where rows without an owner have the same: to a database no null equals another."""


def choose_owner(user: "AnyUser | None") -> "User | None":
    """Of what somebody adds."""
    return user if settings.REQUIRE_LOGIN and user and user.is_authenticated else None


def is_owner(user: "AnyUser", row: Any) -> bool:
    """Whether `owned_by` has the row, for one that is at hand."""
    return not settings.REQUIRE_LOGIN or (row.owner_id is not None and row.owner_id == user.pk)


class OwnedQuerySet(models.QuerySet[Row]):
    """Of rows with an `owner`."""

    def owned_by(self, user: "AnyUser | None") -> Self:
        """What somebody may change."""
        return self.where_allowed(user, models.Q(owner=user and user.pk))

    def visible_to(self, user: "AnyUser | None") -> Self:
        """What somebody may read, and use."""
        return self.owned_by(user)

    def where_allowed(self, user: "AnyUser | None", condition: models.Q) -> Self:
        if not settings.REQUIRE_LOGIN:
            return self
        return self.filter(condition) if user and user.is_authenticated else self.none()


def owner_field() -> "models.ForeignKey[Any, Any]":
    """Whoever has rows that need their owner is deleted after them."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT
    )
