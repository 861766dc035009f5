"""API keys, which show no secret: nobody has it but their owners. Limits of groups."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from cloning.admin.models import ModelAdmin
from cloning.jobs.keys import revoke_key
from cloning.models import ApiKey, Delivery, RoleLimits, Webhook
from cloning.quantities import Quantity


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin[ApiKey]):
    list_display = [
        "name",
        "owner",
        "prefix",
        "scope_names",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    ]
    list_filter = ["revoked_at", "expires_at"]
    list_select_related = ["owner"]
    search_fields = ["name", "prefix", "owner__username"]
    exclude = ["sha256"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # its secret would be the operator's, too

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    @admin.display(description="scopes")
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        count = sum(revoke_key(key) for key in queryset)
        self.message_user(request, f"{count} revoked.", messages.SUCCESS if count else messages.WARNING)


class ReadOnlyAdmin(ModelAdmin[Any]):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    list_display = ["url", "owner", "created_at", "served_at", "failures", "disabled_at"]
    list_select_related = ["owner"]
    search_fields = ["url", "owner__username"]


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """What was told to whom, for a week."""

    list_display = ["webhook", "event", "status", "attempts", "response_status", "error", "created_at"]
    list_filter = ["status", "event"]
    list_select_related = ["webhook"]
    search_fields = ["webhook__url"]


@admin.register(RoleLimits)
class RoleLimitsAdmin(ModelAdmin[RoleLimits]):
    list_display = ["group", *Quantity]
    list_select_related = ["group"]
