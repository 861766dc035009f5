"""Accounts: Django's own page of them, from which a link can be had, and an account deleted with everything in it."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from cloning.accounts.invitations import find_link
from cloning.jobs import departures

MAX_DELETING_SECONDS = 10.0
"""Of an account, while an operator waits; the sweep deletes the rest."""

admin.site.unregister([Group, User])


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    filter_horizontal = []  # Django's widget names itself to no screen reader


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # generic to mypy alone
    list_display = ["username", "email", "is_active", "is_staff", "last_login", "date_joined"]
    actions = ["make_link"]
    filter_horizontal = []
    readonly_fields = ["last_login", "date_joined"]

    @admin.action(description="Make a link on which the selected set a password", permissions=["change"])
    def make_link(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        if not settings.REQUIRE_LOGIN:
            self.message_user(request, "The pages have no accounts: set REQUIRE_LOGIN.", messages.WARNING)
            return
        origin = settings.BASE_URL or f"{request.scheme}://{request.get_host()}"
        for user in queryset.filter(is_active=True):
            link = origin + find_link(user)
            self.message_user(request, f"{user} sets a password, once, at {link}", messages.SUCCESS)

    def get_deleted_objects(
        self, objs: Iterable[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        described = [f"{user}, {departures.count_belongings(user)}" for user in objs]
        return described, {"accounts": len(described)}, set(), []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        departures.begin(obj)
        # The admin's transaction is not to last as long.
        transaction.on_commit(partial(departures.finish, obj, MAX_DELETING_SECONDS), robust=True)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            self.delete_model(request, user)
