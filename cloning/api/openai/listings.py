"""GET /v1/models, /v1/audio/models and /health, as OpenAI's client and others read them."""

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from cloning.accounts.callers import SAFE_METHODS
from cloning.api.http import ANYBODY, View, call_view, require_trusted_origin
from cloning.api.openai.errors import respond
from cloning.api.openai.voice_listing import SINCE, list_voices
from cloning.errors import ErrorCode
from cloning.jobs.speaking import find_engine
from cloning.models import Scope

ALIASES = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Models that programs ask for, and check against the list: all are the engine that there is."""


def listing(**scopes: Scope) -> Callable[[View], View]:
    """GET, and what else is in `scopes`. Programs list without their key at times; ALLOW_ANONYMOUS_LISTINGS answers
    them, of what is shared.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            require_trusted_origin(request)
            return view(request, **kwargs)

        for_people = call_view(respond, {"GET": Scope.READ, **scopes})(guarded)
        for_anybody = call_view(respond, {"GET": ANYBODY})(view)

        @csrf_exempt
        @functools.wraps(view)
        def choose(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            is_stranger = "Authorization" not in request.headers and request.method in SAFE_METHODS
            is_open = settings.ALLOW_ANONYMOUS_LISTINGS and is_stranger
            return (for_anybody if is_open else for_people)(request, **kwargs)

        return choose

    return decorate


@listing()
def models(request: HttpRequest) -> HttpResponseBase:
    voices = name_voices(request)
    listed = [describe_model(name, voices) for name in (find_engine().name, *ALIASES)]
    return JsonResponse({"object": "list", "data": listed, "models": listed})


@listing()
def model(request: HttpRequest, model: str) -> HttpResponseBase:
    if model not in (find_engine().name, *ALIASES):
        return respond(ErrorCode.NOT_FOUND, "There is no such model.", "model")
    return JsonResponse(describe_model(model, name_voices(request)))


@listing()
def audio_models(request: HttpRequest) -> HttpResponseBase:
    engine = find_engine()
    listed = [{"id": engine.name, "name": engine.label}, *({"id": name, "name": name} for name in ALIASES)]
    return JsonResponse({"models": listed})


def name_voices(request: HttpRequest) -> list[dict[str, Any]]:
    return [{"name": each["name"], "id": each["id"]} for each in list_voices(request)]


def describe_model(name: str, voices: list[dict[str, Any]]) -> dict[str, Any]:
    """With its voices, which make them known to Home Assistant by way of wyoming_openai."""
    return {
        "id": name,
        "object": "model",
        "created": SINCE,
        "owned_by": "local",
        "name": find_engine().label if name not in ALIASES else name,
        "voices": voices,
    }


def health(request: HttpRequest) -> HttpResponse:
    """For programs that look whether somebody is there; /api/v1/health says how it is."""
    return HttpResponse("OK", content_type="text/plain")


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponseBase:
    return respond(ErrorCode.NOT_FOUND, f"There is no {request.method} {request.path} here.")
