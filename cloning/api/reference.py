"""The OpenAPI document, arranged to be read by people: calls in groups, each with what it takes and answers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cloning.api.examples import SAMPLE_FILE, Example, Request, write_examples

Document = Mapping[str, Any]
Schema = Mapping[str, Any]

GROUPS = {  # by how the address goes on after /api/v1/; the longest that fits
    "Generate": "voice-clone/",
    "Generations": "generations",
    "Sentences": "generations/{id}/segments",
    "Files": "files",
    "Voices": "voices",
    "Pronunciations": "pronunciations",
    "Clips": "clips",
    "Batches": "batches",
    "Keys": "keys",
    "Made here?": "verify",
    "Webhooks": "webhooks",
    "Server": "",
}
METHODS = ("get", "post", "patch", "put", "delete")  # HEAD is as GET
SUFFIXES = {"application/zip": "zip", "application/x-subrip": "srt", "text/vtt": "vtt"}


@dataclass(frozen=True)
class Value:
    """A parameter, a field of a form or a member of an object."""

    name: str
    where: str  # "path", "query", "header", "form" or "JSON"; empty in an answer
    is_required: bool
    kind: str
    link: str  # name of the schema that says more
    description: str
    default: str


@dataclass(frozen=True)
class Answer:
    status: str
    description: str
    kinds: list[str]  # media types
    link: str


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    anchor: str
    summary: str
    description: str
    values: list[Value]
    answers: list[Answer]
    examples: list[Example]


@dataclass(frozen=True)
class Group:
    name: str
    calls: list[Call]


@dataclass(frozen=True)
class Object:
    name: str
    members: list[Value]


def arrange(document: Document, base_url: str) -> list[Group]:
    """All calls of the document; `base_url` stands in their examples."""
    calls: dict[str, list[Call]] = {name: [] for name in GROUPS}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                call = read_call(document, path, method, base_url)
                calls[group_of(path)].append(call)
    return [Group(name, found) for name, found in calls.items() if found]


def group_of(path: str) -> str:
    rest = path.removeprefix("/api/v1/")
    fitting = [name for name, beginning in GROUPS.items() if rest.startswith(beginning)]
    return max(fitting, key=lambda name: len(GROUPS[name]))


def read_call(document: Document, path: str, method: str, base_url: str) -> Call:
    item = document["paths"][path]
    operation = item[method]
    parameters = [*item.get("parameters", []), *operation.get("parameters", [])]
    media_type, body = read_body(document, operation)
    values = [
        read_value(each["name"], each["schema"], each["in"], each.get("required", False), each)
        for each in parameters
    ]
    where = "JSON" if media_type == "application/json" else "form"
    return Call(
        method=method.upper(),
        path=path,
        anchor=re.sub(r"[^a-z0-9]+", "-", f"{method} {path.removeprefix('/api/v1')}".lower()).strip("-"),
        summary=operation["summary"],
        description=operation.get("description", ""),
        values=values + (read_members(body, where) if body else []),
        answers=list(read_answers(operation["responses"], document)),
        examples=[
            replace(example, language=f"{example.language}, {title}" if title else example.language)
            for title, request in read_requests(document, path, method, base_url)
            for example in write_examples(request)
        ],
    )


def read_body(document: Document, operation: Mapping[str, Any]) -> tuple[str, Schema | None]:
    """Media type and schema."""
    content = operation.get("requestBody", {}).get("content", {})
    for media_type, described in content.items():
        return media_type, resolve(document, described["schema"])
    return "", None


def resolve(document: Document, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][name_of(schema)]
    return found


def name_of(schema: Schema) -> str:
    """Of the component that it points to; empty where it points to none."""
    if "items" in schema:
        return name_of(schema["items"])
    for choice in schema.get("oneOf", ()):
        if "$ref" in choice:
            return name_of(choice)
    return str(schema.get("$ref", "")).rpartition("/")[2]


def read_members(schema: Schema, where: str) -> list[Value]:
    required = schema.get("required", ())
    return [
        read_value(name, each, where, name in required, each)
        for name, each in schema.get("properties", {}).items()
    ]


def read_value(
    name: str, schema: Schema, where: str, is_required: bool, described: Mapping[str, Any]
) -> Value:
    default = str(schema.get("default", ""))
    return Value(
        name=name,
        where=where,
        is_required=is_required,
        kind=describe(schema),
        link=name_of(schema),
        description=described.get("description", schema.get("description", "")),
        default=default.lower() if default in ("True", "False") else default,
    )


def describe(schema: Schema) -> str:
    """What a value may be, in a few words."""
    if name := str(schema.get("$ref", "")).rpartition("/")[2]:
        return name
    if "oneOf" in schema:
        return " or ".join(map(describe, schema["oneOf"]))
    if "const" in schema:
        return str(schema["const"]).lower()
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "items" in schema:
        return f"list of {describe(schema['items'])}"
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else " or ".join(kinds)
    format_name = {"uuid": "UUID", "date-time": "time", "binary": "file"}.get(schema.get("format", ""))
    if format_name:
        kind = kind.replace("string", format_name)
    return " ".join(filter(None, [kind, describe_bounds(schema)]))


def describe_bounds(schema: Schema) -> str:
    for low, high, unit in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters")):
        if low in schema and high in schema:
            return f"from {schema[low]} to {schema[high]}{unit}"
        if low in schema:
            return f"from {schema[low]}{unit}"
        if high in schema:
            return f"up to {schema[high]}{unit}"
    return ""


def read_answers(responses: Mapping[str, Any], document: Document) -> Iterator[Answer]:
    """Without those that every call shares, which the page says once."""
    common = common_answers(document)
    for status, response in sorted(responses.items()):
        if common.get(status) != response:
            yield read_answer(status, response)


def read_answer(status: str, response: Mapping[str, Any]) -> Answer:
    content = response.get("content", {})
    link = next((name_of(each["schema"]) for each in content.values()), "")
    return Answer(status, response["description"], list(content), link)


def common_answers(document: Document) -> dict[str, Any]:
    """What nearly every call of the document may answer, in the same words."""
    operations = [item[method] for item in document["paths"].values() for method in METHODS if method in item]
    first = operations[0]["responses"].items()
    return {
        status: response
        for status, response in first
        if sum(each["responses"].get(status) == response for each in operations) > len(operations) / 2
    }


def read_requests(document: Document, path: str, method: str, base_url: str) -> Iterator[tuple[str, Request]]:
    """Examples of the call with their titles: what has to be sent, and what the document gives as examples."""
    item = document["paths"][path]
    operation = item[method]
    address = path
    for parameter in [*item.get("parameters", []), *operation.get("parameters", [])]:
        if parameter["in"] == "path":
            address = address.replace(f"{{{parameter['name']}}}", stand_in(path, parameter))
    bodies = operation.get("requestBody", {}).get("content", {}) or {"": {}}
    for number, (media_type, media) in enumerate(bodies.items()):
        if number and not {"example", "examples"} & media.keys():
            continue
        body = resolve(document, media["schema"]) if media else None
        is_form = media_type == "multipart/form-data"
        for title, sample in read_samples(media, body):
            files = {name: value for name, value in sample.items() if is_form and is_file((body or {}), name)}
            fields = {name: str(value) for name, value in sample.items() if name not in files}
            request = Request(
                method=method.upper(),
                url=base_url + address,
                fields=fields if is_form else {},
                files=files,
                members=sample if media_type == "application/json" else None,
                saved_as=name_answer(operation["responses"], address),
            )
            yield title, request


def read_samples(media: Mapping[str, Any], body: Schema | None) -> list[tuple[str, dict[str, Any]]]:
    """Of a body, each with its title; the first has none."""
    if "examples" in media:
        return [(each.get("summary", ""), each["value"]) for each in media["examples"].values()]
    return [("", media.get("example") or make_sample(body) if body else {})]


def stand_in(path: str, parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    if "enum" in schema:
        return str(schema["enum"][0])
    if schema.get("type") == "integer":
        return str(schema.get("minimum", 1))
    name = str(parameter["name"])
    if name == "id":
        things = {
            "books": "book_id",
            "voices": "voice_id",
            "pronunciations": "pronunciation_id",
            "keys": "key_id",
            "batches": "batch_id",
            "consents": "consent_id",
            "webhooks": "webhook_id",
        }
        name = things.get(path.split("/")[3], "generation_id")
    return name.upper()


def make_sample(schema: Schema) -> dict[str, Any]:
    return {name: SAMPLE_FILE if is_file(schema, name) else "Anna" for name in schema.get("required", ())}


def is_file(schema: Schema, name: str) -> bool:
    described = schema.get("properties", {}).get(name, {})
    return bool(described.get("items", described).get("format") == "binary")


def name_answer(responses: Mapping[str, Any], address: str) -> str:
    """The file for an answer that is no JSON; empty for one that is."""
    good = [response for status, response in sorted(responses.items()) if status.startswith("2")]
    types = [media_type for response in good for media_type in response.get("content", {})]
    if not types or "application/json" in types:
        return ""
    _, dot, suffix = address.rpartition("/")[2].rpartition(".")
    if dot:
        return f"speech.{suffix}"
    return "clip.wav" if "audio/wav" in types else f"voice.{SUFFIXES.get(types[0], 'bin')}"


def list_objects(document: Document) -> list[Object]:
    """What the answers are made of."""
    return [
        Object(name, read_members(schema, ""))
        for name, schema in document["components"]["schemas"].items()
        if not name.endswith("Request")
    ]
