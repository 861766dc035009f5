"""The action of operators to whom somebody has written that they do not agree any more."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from cloning.jobs import revoking
from cloning.jobs.revoking import Revocation
from cloning.models import Voice, VoiceConsent

INTRO = (
    "These stop at once, and their clips, what was learnt from them and whatever was spoken with them, by whomever, "
    "are deleted for good. An entry of the audit stays, without a name."
)


@admin.action(description="Revoke the selected voices…", permissions=["delete"])
def revoke_voices(
    modeladmin: Any, request: HttpRequest, queryset: QuerySet[Voice]
) -> TemplateResponse | None:
    same = {other for voice in queryset for other in revoking.find_same_recordings(voice)}
    note = "These voices of others have the same recordings, and stay: " if same - set(queryset) else ""
    stays = ", ".join(f"{voice} of {voice.owner or 'everybody'}" for voice in sorted(same, key=str))
    return ask_or_revoke(modeladmin, request, queryset, revoking.revoke, note and note + stays)


@admin.action(description="Revoke the selected consents, with their voices…", permissions=["delete"])
def revoke_consents(
    modeladmin: Any, request: HttpRequest, queryset: QuerySet[VoiceConsent]
) -> TemplateResponse | None:
    return ask_or_revoke(modeladmin, request, queryset, revoking.revoke_consent)


def ask_or_revoke(
    modeladmin: Any,
    request: HttpRequest,
    queryset: QuerySet[Any],
    revoke: Callable[[Any, float], Revocation | None],
    note: str = "",
) -> TemplateResponse | None:
    if request.POST.get("confirmed") != "yes":
        context = {
            **modeladmin.admin_site.each_context(request),
            "title": "Revoke for good",
            "intro": INTRO,
            "rows": [f"{row} of {row.owner or 'everybody'}" for row in queryset],
            "keys": [row.pk for row in queryset],
            "action": request.POST.get("action"),
            "note": note,
            "opts": modeladmin.model._meta,
        }
        return TemplateResponse(request, "admin/revoke.html", context)
    done = [revoked for row in queryset if (revoked := revoke(row, revoking.REQUEST_SECONDS))]
    count = len({voice for revoked in done for voice in revoked.voices})
    generations = sum(revoked.generations for revoked in done)
    messages.success(request, f"{count} voices revoked, with {generations} generations.")
    return None
