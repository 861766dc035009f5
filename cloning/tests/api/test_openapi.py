"""The OpenAPI document. That real answers are as it says, every test that uses the `api` client checks."""

import re
from typing import Any

import pytest
from django.urls import get_resolver, resolve
from openapi_spec_validator import OpenAPIV31SpecValidator

from cloning import forms
from cloning.api import openapi, serializers
from cloning.api.serializers import Serializer
from cloning.formats import AudioFormat, StreamFormat
from cloning.text import LANGUAGES, resolve_language

EXAMPLES = {
    "id": "3f0c0000-0000-4000-8000-000000000000",
    "format": "wav",
    "index": "0",
    "reference_id": "3f0c0000-0000-4000-8000-000000000001",
    "take_format": "mp3",
    "subtitles": "srt",
}


@pytest.fixture
def document(api) -> dict[str, Any]:
    return api.get("/api/v1/openapi.json").json()


def test_document_is_valid_openapi(document) -> None:
    assert document["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(document).validate()


def test_every_path_is_a_view_that_takes_its_methods(document, client, db) -> None:
    for path, item in document["paths"].items():
        address = path.format(**EXAMPLES)
        assert resolve(address).url_name, f"{address} is not ours"
        methods = {method.upper() for method in item if method != "parameters"}
        allowed = set(client.trace(address)["Allow"].split(", "))
        assert methods == allowed, path


def test_every_address_of_the_api_is_in_the_document(document) -> None:
    """Resolves each example, so that a URL pattern without a path here has no match."""
    named = {
        pattern.name
        for pattern in get_resolver("cloning.urls").url_patterns
        if (pattern.name or "").startswith("api-")
    }
    described = {resolve(path.format(**EXAMPLES)).url_name for path in document["paths"]}
    assert described == named


def test_every_parameter_of_a_path_is_declared(document) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            declared = [*item.get("parameters", []), *operation.get("parameters", [])]
            assert set(re.findall(r"{(\w+)}", path)) == {
                found["name"] for found in declared if found["in"] == "path"
            }


def test_limits_are_those_of_the_settings(settings) -> None:
    settings.MAX_TEXT_CHARS, settings.MAX_REFERENCE_MB, settings.MAX_REFERENCE_SECONDS = 123, 45, 678
    settings.API_WAIT_SECONDS = 9.5
    document = openapi.document()
    fields = document["components"]["schemas"]["GenerationRequest"]["properties"]
    assert fields["text"]["maxLength"] == 123
    assert "at most 45 MB and 1 to 678 seconds" in fields["reference"]["description"]
    assert "9.5 seconds" in document["paths"]["/api/v1/voice-clone/generate"]["post"]["description"]


def test_fields_of_the_request_are_those_of_the_form(document, db) -> None:
    fields = document["components"]["schemas"]["GenerationRequest"]["properties"]
    assert set(fields) == set(forms.GenerationForm.base_fields)
    assert fields["reference"]["maxItems"] == forms.MAX_REFERENCES
    assert (fields["speed"]["minimum"], fields["speed"]["maximum"]) == forms.SPEED_RANGE
    assert (fields["temperature"]["minimum"], fields["temperature"]["maximum"]) == forms.TEMPERATURE_RANGE
    assert (fields["seed"]["minimum"], fields["seed"]["maximum"]) == forms.SEED_RANGE
    assert set(fields["format"]["enum"]) == {*AudioFormat, *StreamFormat}


@pytest.mark.parametrize(
    "code", [*LANGUAGES, "EN", "zh-cn", "zh-CN", "pt_BR", "sr-Latn-RS", "tlh", "english", "e", "-en"]
)
def test_forms_of_a_language_are_those_that_are_understood(code: str, document) -> None:
    schema = document["components"]["schemas"]["GenerationRequest"]["properties"]["language"]
    try:
        resolve_language(code)
    except ValueError:
        assert not re.fullmatch(schema["pattern"], code)
    else:
        assert re.fullmatch(schema["pattern"], code)


def test_defaults_are_those_of_the_form(document, api, clips, db) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    fields = document["components"]["schemas"]["GenerationRequest"]["properties"]
    clip = SimpleUploadedFile("voice.wav", clips["speech"])
    data = {"text": "Good morning.", "reference": clip}
    body = api.post("/api/v1/voice-clone/generate", data, headers={"Prefer": "respond-async"}).json()
    defaults = {name: schema["default"] for name, schema in fields.items() if "default" in schema}
    assert set(defaults) == {
        "language",
        "speed",
        "temperature",
        "notice",
        "format",
        "stream",
        "on_disconnect",
        "dialogue",
    }
    told = {"language", "speed", "temperature", "notice", "format"}
    assert {name: body[name] for name in told} == {name: defaults[name] for name in told}


def test_client_of_the_tests_notices_an_undocumented_answer(api, monkeypatch, db) -> None:
    """The check behind every other test of the API can fail."""
    only_id = Serializer(*serializers.GENERATION.fields[:1])
    monkeypatch.setattr("cloning.api.v1.generations.GENERATION", only_id)
    monkeypatch.setattr(
        "cloning.api.v1.generations.fetch_visible", lambda _request, pk: type("Found", (), {"pk": pk})
    )
    with pytest.raises(Exception, match="'status' is a required property"):
        api.get(f"/api/v1/generations/{EXAMPLES['id']}")
    monkeypatch.setattr("cloning.api.v1.health.run_check", lambda check: "perhaps")
    with pytest.raises(Exception, match="'perhaps' is not one of"):
        api.get("/api/v1/health")
