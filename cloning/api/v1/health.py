"""GET /api/v1/health"""

import logging
from collections.abc import Callable

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning import audio
from cloning.api.http import api_view
from cloning.api.serializers import HEALTH
from cloning.errors import GenerationError
from cloning.models import Worker
from cloning.storage.local import check_storage

logger = logging.getLogger(__name__)


@api_view("GET", "HEAD")
def health(request: HttpRequest) -> HttpResponseBase:
    checks = {
        "database": run_check(check_database),
        "storage": run_check(check_storage),
        "ffmpeg": run_check(audio.find_ffmpeg),
        "worker": run_check(check_worker),
    }
    body = HEALTH.serialize(checks, request)
    return JsonResponse(body, status=200 if body["status"] == "ok" else 503)


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
