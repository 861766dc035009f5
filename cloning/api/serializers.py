"""Rows as the API shows them."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from cloning.engines import engine_name
from cloning.errors import ErrorCode
from cloning.models import Generation, Status


def status_url(generation: Generation) -> str:
    return reverse("api-generation", args=[generation.pk])


def download_url(generation: Generation) -> str:
    return reverse("api-file", args=[generation.pk, generation.audio_format])


def make_absolute(request: HttpRequest, path: str) -> str:
    return settings.BASE_URL + path if settings.BASE_URL else request.build_absolute_uri(path)


def serialize_generation(generation: Generation, request: HttpRequest) -> dict[str, Any]:
    succeeded = generation.status == Status.SUCCEEDED
    return {
        "id": str(generation.pk),
        "status": generation.status,
        "progress": round(generation.progress, 4),
        "text": generation.text,
        "language": generation.language,
        "speed": generation.speed,
        "temperature": generation.temperature,
        "seed": generation.seed,
        "engine": generation.engine or engine_name(),
        "synthetic": True,
        "download_url": download_url(generation) if succeeded else None,
        "absolute_download_url": make_absolute(request, download_url(generation)) if succeeded else None,
        "status_url": status_url(generation),
        "format": generation.audio_format,
        "sample_rate_hz": generation.sample_rate_hz,
        "duration_seconds": generation.duration_seconds,
        "created_at": format_rfc3339(generation.created_at),
        "started_at": format_rfc3339(generation.started_at),
        "finished_at": format_rfc3339(generation.finished_at),
        "error": serialize_error(generation),
    }


def ended_by(generation: Generation) -> ErrorCode | None:
    """What ended a generation that brought nothing; None for one that succeeded or goes on."""
    if generation.status == Status.CANCELLED:
        return ErrorCode.CANCELLED
    return ErrorCode(generation.error_code) if generation.status == Status.FAILED else None


def serialize_error(generation: Generation) -> dict[str, Any] | None:
    if (code := ended_by(generation)) is None:
        return None
    message = generation.error_message or "The generation was cancelled."
    return {"code": code, "message": message, "field": code.field}


def format_rfc3339(moment: Any) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
