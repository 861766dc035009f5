"""GET /api/v1/health, and its parts for who starts, restarts and routes to processes:

`live` says that this web server answers: if not, restart it. `ready` says that it can take requests: if not, send
them to another. A worker that is missing is neither's fault.
"""

import logging
from collections.abc import Callable

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning import audio
from cloning.api.health_serializers import HEALTH, LIVE, READY, Checks
from cloning.api.http import ANYBODY, api_view
from cloning.api.serializers import Serializer
from cloning.errors import GenerationError
from cloning.models import Worker
from cloning.storage.local import check_storage

logger = logging.getLogger(__name__)


@api_view(GET=ANYBODY)
def health(request: HttpRequest) -> HttpResponseBase:
    return respond(request, HEALTH, {**check_web(), "worker": run_check(check_worker)})


@api_view(GET=ANYBODY)
def live(request: HttpRequest) -> HttpResponseBase:
    return respond(request, LIVE, {})


@api_view(GET=ANYBODY)
def ready(request: HttpRequest) -> HttpResponseBase:
    return respond(request, READY, check_web())


def respond(request: HttpRequest, serializer: Serializer[Checks], checks: dict[str, str]) -> JsonResponse:
    body = serializer.serialize(checks, request)
    return JsonResponse(body, status=200 if body["status"] == "ok" else 503)


def check_web() -> dict[str, str]:
    return {
        "database": run_check(check_database),
        "storage": run_check(check_storage),
        "ffmpeg": run_check(audio.find_ffmpeg),
    }


def run_check(check: Callable[[], object]) -> str:
    try:
        check()
    except (OSError, DatabaseError, GenerationError, RuntimeError) as error:
        logger.warning("Health check %s: %s", check.__name__, error)
        return "failing"
    return "ok"


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_worker() -> None:
    if not Worker.alive().exists():
        raise RuntimeError("no worker has been seen lately")
