"""Calls of /api/v1/generations/{id}/segments/{n}, for tests."""

import json
from typing import Any

from cloning.models import Generation
from cloning.tests.api_client import DocumentedClient


def segment_url(generation: Generation, index: int = 0) -> str:
    return f"/api/v1/generations/{generation.pk}/segments/{index}"


def respeak(api: DocumentedClient, generation: Generation, index: int = 0, body: object = None) -> Any:
    url = f"{segment_url(generation, index)}/takes"
    if body is None:
        return api.generic("POST", url)
    return api.post(url, json.dumps(body), content_type="application/json")


def choose(api: DocumentedClient, generation: Generation, take: object, index: int = 0) -> Any:
    body = json.dumps({"take": take})
    return api.patch(segment_url(generation, index), body, content_type="application/json")


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]
