"""The log of deeds: written where they are done, in their transaction, and kept when what they were done to is gone."""

import json
import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.jobs.acting import current_actor
from cloning.logs import read_about
from cloning.models import AuditEntry, Deed, Generation, Speaker, Voice
from cloning.models.audit import MAX_ABOUT_CHARS


def record(
    deed: Deed,
    voice: Voice | StockVoice | None = None,
    *,
    generation: Generation | None = None,
    about: str = "",
    user: User | None = None,
) -> None:
    """`user` is who did it where that is known only now; by default who asks."""
    actor = current_actor()
    user = user or actor.person
    AuditEntry.objects.create(
        deed=deed,
        user_id=user.pk if user else None,
        username=user.get_username() if user else "",
        voice_id=voice.pk if isinstance(voice, Voice) else None,
        voice_name=voice.name if voice else "",
        generation_id=generation.pk if generation else None,
        about=about.replace("\0", "")[:MAX_ABOUT_CHARS],
        key_prefix=actor.key.prefix if actor.key else "",
        address=actor.address,
        request_id=read_about("request_id"),
    )


def voice_of(speaking: Generation | Speaker) -> Voice | StockVoice | None:
    """None where clips that were sent along are spoken with."""
    key = speaking.stock_voice
    return registry.find_stock_voice(key) if key else speaking.voice


def describe(entry: AuditEntry) -> dict[str, Any]:
    return {
        "happened_at": entry.happened_at.isoformat().replace("+00:00", "Z"),
        "deed": entry.deed,
        "username": entry.username,
        "voice_id": str(entry.voice_id) if entry.voice_id else None,
        "voice_name": entry.voice_name,
        "generation_id": str(entry.generation_id) if entry.generation_id else None,
        "about": entry.about,
        "key_prefix": entry.key_prefix,
        "address": entry.address,
        "request_id": entry.request_id,
    }


def write_line(entry: AuditEntry) -> str:
    """As JSON, with the end of the line."""
    return json.dumps(describe(entry), ensure_ascii=False) + "\n"


def forget_names(voices: Collection[uuid.UUID], consents: Collection[uuid.UUID]) -> None:
    """Of what was revoked: entries of before keep the ids, and who did what when."""
    entries = AuditEntry.objects.filter(voice_id__in=voices)
    entries.update(voice_name="")
    entries.filter(deed=Deed.VOICE_CHANGED).update(about="")  # which may say what it was called before
    for pk in consents:
        AuditEntry.objects.filter(about__startswith=f"consent {pk}").update(about=f"consent {pk}")


def forget_old() -> None:
    """Older than `KEEP_AUDIT_DAYS`."""
    if days := settings.KEEP_AUDIT_DAYS:
        AuditEntry.objects.filter(happened_at__lt=timezone.now() - timedelta(days=days)).delete()
