"""GET /v1/models, /v1/audio/models, /v1/audio/voices and /health, as OpenAI's client and others read them.

The members of a voice are those that several programs look for, each under a name of its own.
"""

import functools
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from cloning.api.http import ANYBODY, View, call_view
from cloning.api.openai.errors import respond
from cloning.api.openai.voices import NAMES
from cloning.api.voice_serializers import sample_url
from cloning.engines import registry
from cloning.errors import ErrorCode
from cloning.forms.voice_choice import STOCK
from cloning.jobs.speaking import find_engine
from cloning.models import Scope, Voice
from cloning.text import LANGUAGES

ALIASES = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Models that programs ask for, and check against the list: all are the engine that there is."""
SINCE = 1_700_000_000  # of models and stock voices; when they were made nobody asks
MAX_VOICES = 1_000


def listing(view: View) -> View:
    """Programs list without their key at times; ALLOW_ANONYMOUS_LISTINGS answers them, of what is shared."""
    for_people = call_view(respond, {"GET": Scope.READ})(view)
    for_anybody = call_view(respond, {"GET": ANYBODY})(view)

    @csrf_exempt
    @functools.wraps(view)
    def choose(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        is_open = settings.ALLOW_ANONYMOUS_LISTINGS and "Authorization" not in request.headers
        return (for_anybody if is_open else for_people)(request, **kwargs)

    return choose


@listing
def models(request: HttpRequest) -> HttpResponseBase:
    listed = [describe_model(request, name) for name in (find_engine().name, *ALIASES)]
    return JsonResponse({"object": "list", "data": listed, "models": listed})


@listing
def model(request: HttpRequest, model: str) -> HttpResponseBase:
    if model not in (find_engine().name, *ALIASES):
        return respond(ErrorCode.NOT_FOUND, "There is no such model.", "model")
    return JsonResponse(describe_model(request, model))


@listing
def audio_models(request: HttpRequest) -> HttpResponseBase:
    engine = find_engine()
    listed = [{"id": engine.name, "name": engine.label}, *({"id": name, "name": name} for name in ALIASES)]
    return JsonResponse({"models": listed})


def describe_model(request: HttpRequest, name: str) -> dict[str, Any]:
    """With its voices, which make them known to Home Assistant by way of wyoming_openai."""
    return {
        "id": name,
        "object": "model",
        "created": SINCE,
        "owned_by": "local",
        "name": find_engine().label if name not in ALIASES else name,
        "voices": [{"name": each["name"], "id": each["id"]} for each in list_voices(request)],
    }


@listing
def voices(request: HttpRequest) -> HttpResponseBase:
    """Those of the account, what others share, the engine's own, and the names that OpenAI has."""
    listed = list_voices(request)
    return JsonResponse({"object": "list", "has_more": False, "data": listed, "voices": listed})


def list_voices(request: HttpRequest) -> list[dict[str, Any]]:
    """A name that two voices have means the first: what somebody saved goes before stock voices and aliases."""
    listed = [describe_saved(request, voice) for voice in find_voices(request)]
    for stock in registry.stock_voices():
        label = f"{stock.name} ({stock.own_language})" if stock.own_language else stock.name
        listed.append(describe(STOCK + stock.key, stock.name, label, stock.own_language))
    names = {each["name"] for each in listed}
    aliases = [name for name in (*settings.VOICE_ALIASES, *NAMES) if name not in names]
    return listed + [describe(name, name, name, "") for name in dict.fromkeys(aliases)]


def find_voices(request: HttpRequest) -> list[Voice]:
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


def health(request: HttpRequest) -> HttpResponse:
    """For programs that look whether somebody is there; /api/v1/health says how it is."""
    return HttpResponse("OK", content_type="text/plain")


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponseBase:
    return respond(ErrorCode.NOT_FOUND, f"There is no {request.method} {request.path} here.")
