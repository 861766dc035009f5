"""The log of deeds, to be read and exported, and what operators look at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from cloning.admin.models import ModelAdmin
from cloning.jobs.audit import record, write_line
from cloning.models import AuditEntry, Deed, Generation, Reference, Voice, VoiceConsent


class Watched(admin.ModelAdmin):  # type: ignore[type-arg]
    """Of what is somebody's: who looks at a row of it in the admin stands in the log."""

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None and request.method == "GET":
            record_look(obj)
        return super().render_change_form(request, context, add, change, form_url, obj)


def record_look(row: Voice | Generation | Reference | VoiceConsent) -> None:
    match row:
        case Voice():
            record(Deed.LOOKED_AT, row)
        case Generation():
            record(Deed.LOOKED_AT, row.voice, generation=row)
        case Reference():
            record(Deed.LOOKED_AT, row.voices.first(), about=f"clip {row.pk}")
        case VoiceConsent():
            record(Deed.LOOKED_AT, row.voices.first(), about=f"consent {row.pk}")


@admin.register(AuditEntry)
class AuditEntryAdmin(ModelAdmin[AuditEntry]):
    list_display = ["happened_at", "username", "deed", "voice_name", "about", "key_prefix", "address"]
    list_filter = ["deed"]
    search_fields = [
        "username",
        "voice_name",
        "=voice_id",
        "=generation_id",
        "=address",
        "=request_id",
        "about",
    ]
    date_hierarchy = "happened_at"
    actions = ["export"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False  # the sweep does it, by KEEP_AUDIT_DAYS

    @admin.action(description="Export the selected entries as JSON lines", permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> StreamingHttpResponse:
        response = StreamingHttpResponse(
            map(write_line, queryset.iterator()), content_type="application/jsonl; charset=utf-8"
        )
        response["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
        return response
