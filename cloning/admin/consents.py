import uuid

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from cloning.admin.audit import Watched, record_look
from cloning.admin.models import ModelAdmin
from cloning.admin.revoking import revoke_consents
from cloning.admin.rows import player
from cloning.jobs import consents
from cloning.models import VoiceAlias, VoiceConsent
from cloning.storage.responses import recording_response

FIELDS = (
    "name",
    "language",
    "owner",
    "player",
    "format_name",
    "duration_seconds",
    "words_understood",
    "size_bytes",
    "sha256",
    "created_at",
)


@admin.register(VoiceConsent)
class VoiceConsentAdmin(Watched, ModelAdmin[VoiceConsent]):
    list_display = ["name", "language", "owner", "duration_seconds", "created_at"]
    search_fields = ["name", "=id"]
    date_hierarchy = "created_at"
    list_select_related = ["owner"]
    actions = [revoke_consents]
    fields = FIELDS
    readonly_fields = FIELDS

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # consents come over the API, where the recording is probed

    def delete_model(self, request: HttpRequest, obj: VoiceConsent) -> None:
        consents.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[VoiceConsent]) -> None:
        for consent in queryset:
            consents.delete(consent)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.recording)
        return [
            path("<uuid:pk>/recording/", view, name="cloning_voiceconsent_recording"),
            *super().get_urls(),
        ]

    def recording(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
        consent = get_object_or_404(VoiceConsent, pk=pk)
        if not self.has_view_permission(request, consent):
            raise PermissionDenied
        record_look(consent)
        return recording_response(request, consent)

    @admin.display(description="recording")
    def player(self, consent: VoiceConsent) -> SafeString:
        return player(reverse("admin:cloning_voiceconsent_recording", args=[consent.pk]))


@admin.register(VoiceAlias)
class VoiceAliasAdmin(ModelAdmin[VoiceAlias]):
    list_display = ["name", "voice", "stock_voice", "owner"]
    search_fields = ["name"]
    list_select_related = ["voice", "owner"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # people make them, of voices that they may use

    def has_change_permission(self, request: HttpRequest, obj: VoiceAlias | None = None) -> bool:
        return False
