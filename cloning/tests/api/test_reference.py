"""The OpenAPI document as it is arranged for people."""

import ast
import json
import shlex
from typing import Any

import pytest

from cloning.api import openapi
from cloning.api.examples import Request, write_examples
from cloning.api.reference import METHODS, arrange, describe, list_objects
from cloning.formats import StreamFormat


def all_calls() -> dict[str, Any]:
    groups = arrange(openapi.document(), "https://voice.example")
    return {f"{call.method} {call.path}": call for group in groups for call in group.calls}


def test_every_call_is_there_once_and_has_a_place_of_its_own() -> None:
    paths = openapi.document()["paths"]
    expected = {f"{m.upper()} {path}" for path, item in paths.items() for m in METHODS if m in item}
    calls = all_calls()
    assert set(calls) == expected
    assert len({call.anchor for call in calls.values()}) == len(calls)


def test_what_a_call_takes_and_answers() -> None:
    call = all_calls()["POST /api/v1/voice-clone/generate"]
    values = {value.name: value for value in call.values}
    assert (values["text"].where, values["text"].is_required) == ("form", True)
    assert values["text"].kind == "string from 1 to 20000 characters"
    assert (values["speed"].kind, values["speed"].default) == ("number from 0.5 to 2.0", "1.0")
    assert values["reference"].kind == "list of file"
    assert values["stream"].default == "false"
    assert values["Prefer"].where == "header"
    answers = {answer.status: answer for answer in call.answers}
    assert answers["201"].link == "Generation"
    assert set(answers["200"].kinds) == {each.content_type for each in StreamFormat}
    assert "405" not in answers, "what every call may answer is said once"


def test_objects_say_what_their_members_are() -> None:
    objects = {
        each.name: {member.name: member for member in each.members}
        for each in list_objects(openapi.document())
    }
    assert objects["Generation"]["segments"].kind == "list of Segment"
    assert objects["Generation"]["segments"].link == "Segment"
    assert objects["Generation"]["duration_seconds"].kind == "number or null"
    assert objects["Generation"]["error"].kind == "null or ErrorDetail"
    assert objects["Generation"]["created_at"].kind == "time"
    assert objects["Take"]["status"].kind == "queued | running | succeeded | failed | cancelled"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"const": True}, "true"),
        ({"type": "integer", "minimum": 0}, "integer from 0"),
        ({"type": "string", "maxLength": 9}, "string up to 9 characters"),
        ({"type": ["string", "null"], "format": "uuid"}, "UUID or null"),
        ({}, "object"),
    ],
)
def test_kinds_in_words(schema: dict[str, Any], words: str) -> None:
    assert describe(schema) == words


def test_examples_survive_whatever_is_in_them() -> None:
    text = 'It\'s "quoted" `$(id)` \\ and\nnew; ñ'
    request = Request(
        "POST", "https://voice.example/a", fields={"text": text}, files={"reference": "voice.wav"}
    )
    curl, python, javascript = (example.code for example in write_examples(request))
    assert f"text={text}" in shlex.split(curl.replace("\\\n", ""))
    call = ast.parse(python).body[1].value
    assert ast.literal_eval(call.keywords[0].value) == {"text": text}
    assert json.dumps(text, ensure_ascii=False) in javascript


def test_examples_name_what_they_need() -> None:
    calls = all_calls()
    curl, python, javascript = (each.code for each in calls["DELETE /api/v1/generations/{id}"].examples)
    assert curl.endswith("--request DELETE https://voice.example/api/v1/generations/GENERATION_ID")
    assert 'requests.delete("https://voice.example/api/v1/generations/GENERATION_ID")' in python
    assert 'method: "DELETE"' in javascript
    curl = calls["GET /api/v1/files/{id}.{format}"].examples[0].code
    assert "--output speech.wav" in curl and curl.endswith("GENERATION_ID.wav")
