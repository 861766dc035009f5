"""The voices that `voice` may name, in the shape of OpenAI's custom voices.

The members of a voice are those that several programs look for, each under a name of its own.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from cloning.api.http import require_trusted_origin
from cloning.api.voice_serializers import sample_url
from cloning.engines import registry
from cloning.forms.voice_choice import STOCK
from cloning.jobs.aliases import NAMES, find_aliases
from cloning.models import Voice, fold_name
from cloning.text import LANGUAGES

SINCE = 1_700_000_000  # of models and stock voices; when they were made nobody asks
MAX_VOICES = 1_000


def list_voices(request: HttpRequest) -> list[dict[str, Any]]:
    """A name that two voices have means the first: what somebody saved goes before stock voices and aliases."""
    listed = [describe_saved(request, voice) for voice in find_voices(request)]
    for stock in registry.stock_voices():
        label = f"{stock.name} ({stock.own_language})" if stock.own_language else stock.name
        listed.append(describe(STOCK + stock.key, stock.name, label, stock.own_language))
    names = {fold_name(each["name"]) for each in listed}
    own = find_aliases(request.user).values_list("name", flat=True)
    meant = NAMES if registry.stock_voices() else ()  # else nobody would speak for them
    for name in (*own, *settings.VOICE_ALIASES, *meant):
        if fold_name(name) not in names:
            names.add(fold_name(name))
            listed.append(describe(name, name, name, ""))
    return listed


def find_voices(request: HttpRequest) -> list[Voice]:
    """Raises GenerationError (ORIGIN_NOT_ALLOWED)."""
    require_trusted_origin(request)
    found = Voice.objects.speakable()
    is_stranger = settings.REQUIRE_LOGIN and not request.user.is_authenticated
    found = found.filter(is_shared=True) if is_stranger else found.visible_to(request.user)
    return list(found.select_related("sample")[:MAX_VOICES])


def describe_saved(request: HttpRequest, voice: Voice) -> dict[str, Any]:
    label = f"{voice.name} ({voice.language})" if voice.language else voice.name
    described = describe(str(voice.pk), voice.name, label, voice.language)
    url = sample_url(voice)
    return {
        **described,
        "created_at": int(voice.created_at.timestamp()),
        "preview_url": request.build_absolute_uri(url) if url else None,
    }


def describe(pk: str, name: str, label: str, language: str) -> dict[str, Any]:
    return {
        "id": pk,
        "voice_id": pk,
        "value": pk,
        "name": name,
        "label": label,
        "object": "audio.voice",
        "type": "audio_sample",
        "language": language if language in LANGUAGES else None,
        "created_at": SINCE,
        "preview_url": None,
    }
