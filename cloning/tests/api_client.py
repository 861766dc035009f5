"""A client of the JSON API that holds every answer against the OpenAPI document."""

import re
from typing import Any

from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from cloning.api import openapi, operations

GENERATE = "/api/v1/voice-clone/generate"


class DocumentedClient(Client):
    """Fails on any answer of the JSON API that its OpenAPI document does not promise."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        path = request["PATH_INFO"]
        if path.startswith("/api/") and request["REQUEST_METHOD"] != "OPTIONS":
            assert_documented(path, request["REQUEST_METHOD"].lower(), response)
        return response


def path_pattern(template: str, item: dict[str, Any]) -> str:
    """Of the addresses that the document describes under this path."""
    pattern = re.escape(template)
    operation = next(found for method, found in item.items() if method != "parameters")
    for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]:
        values = parameter["schema"].get("enum")
        pattern = pattern.replace(
            rf"\{{{parameter['name']}\}}", f"({'|'.join(values)})" if values else "[^/.]+"
        )
    return pattern


def assert_documented(path: str, method: str, response: Any) -> None:
    document = openapi.document()
    item: dict[str, Any] = {}
    for template, candidate in document["paths"].items():
        if re.fullmatch(path_pattern(template, candidate), path):
            item = candidate
    responses = item.get("get" if method == "head" else method, {"responses": {}})["responses"]
    if method == "head":
        return
    assert str(response.status_code) in responses or response.status_code in (404, 405, 500)
    content = responses.get(str(response.status_code), operations.ERROR).get("content", {})
    if not content:
        assert response.content == b""
        return
    media_type = response["Content-Type"].split(";")[0]
    assert media_type in content
    if media_type == "application/json":
        schema = {**content[media_type]["schema"], "components": document["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(response.json())
