"""Calls of the API as one would write them for a shell, in Python and in JavaScript.

Words in capitals, such as GENERATION_ID, stand for what the reader puts there. `voice.wav` is a file of the reader's.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SAMPLE_FILE = "voice.wav"


@dataclass(frozen=True)
class Request:
    method: str  # as in "GET"
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)  # of a form
    files: Mapping[str, str] = field(default_factory=dict)  # of a form: names of files
    members: Mapping[str, Any] | None = None  # of a JSON object
    saved_as: str = ""  # where the answer is no JSON


@dataclass(frozen=True)
class Example:
    language: str
    code: str


def write_examples(request: Request) -> list[Example]:
    return [
        Example("curl", write_curl(request)),
        Example("Python", write_python(request)),
        Example("JavaScript", write_javascript(request)),
    ]


def write_curl(request: Request) -> str:
    parts = ["curl --fail-with-body"]
    if request.saved_as:
        parts.append(f"--output {request.saved_as}")
    if request.method not in ("GET", "POST") or (request.method == "POST" and not has_body(request)):
        parts.append(f"--request {request.method}")
    parts += [f"--form {name}={shlex.quote(value)}" for name, value in request.fields.items()]
    parts += [f"--form {name}=@{value}" for name, value in request.files.items()]
    if request.members is not None:
        parts.append(f"--json {shlex.quote(json.dumps(request.members))}")
    parts.append(request.url)
    return " \\\n  ".join(parts) if len(parts) > 3 else " ".join(parts)


def has_body(request: Request) -> bool:
    return bool(request.fields or request.files) or request.members is not None


def write_python(request: Request) -> str:
    lines = ["import requests", ""]
    arguments = [f'"{request.url}"']
    if request.fields and request.files:
        arguments.append(f"data={write_literal(request.fields)}")
    elif request.fields:  # without a file, `data` would not be sent as multipart/form-data
        fields = ", ".join(
            f"{write_json(name)}: (None, {write_json(value)})" for name, value in request.fields.items()
        )
        arguments.append(f"files={{{fields}}}")
    if request.files:
        files = ", ".join(f'"{name}": open("{value}", "rb")' for name, value in request.files.items())
        arguments.append(f"files={{{files}}}")
    if request.members is not None:
        arguments.append(f"json={write_literal(request.members)}")
    call = f"requests.{request.method.lower()}("
    if sum(map(len, arguments)) > 80:
        lines.append(f"answer = {call}")
        lines += [f"    {argument}," for argument in arguments]
        lines.append(")")
    else:
        lines.append(f"answer = {call}{', '.join(arguments)})")
    lines.append("answer.raise_for_status()")
    if request.saved_as:
        lines += [f'with open("{request.saved_as}", "wb") as file:', "    file.write(answer.content)"]
    elif request.method != "DELETE":
        lines.append("print(answer.json())")
    return "\n".join(lines)


def write_javascript(request: Request) -> str:
    lines = []
    options = [f'method: "{request.method}"'] if request.method != "GET" else []
    if request.fields or request.files:
        lines.append("const form = new FormData();")
        lines += [
            f"form.append({json.dumps(name)}, {write_json(value)});" for name, value in request.fields.items()
        ]
        lines += [
            f'form.append("{name}", fileInput.files[0]);  // of an <input type="file">'
            for name in request.files
        ]
        options.append("body: form")
    if request.members is not None:
        options.append('headers: { "Content-Type": "application/json" }')
        options.append(f"body: JSON.stringify({write_json(request.members)})")
    if sum(map(len, options)) > 60:
        joined = "".join(f"  {option},\n" for option in options)
        lines.append(f'const answer = await fetch("{request.url}", {{\n{joined}}});')
    else:
        lines.append(
            f'const answer = await fetch("{request.url}"{", { " + ", ".join(options) + " }" if options else ""});'
        )
    lines.append("if (!answer.ok) throw new Error((await answer.json()).error.message);")
    if request.saved_as:
        lines.append("const sound = await answer.blob();")
    elif request.method != "DELETE":
        lines.append("console.log(await answer.json());")
    return "\n".join(lines)


def write_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def write_literal(value: Any) -> str:
    """As Python writes it, with the quotes of JSON."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{write_json(name)}: {write_literal(each)}" for name, each in value.items())
            + "}"
        )
    return str(value) if isinstance(value, bool) or value is None else write_json(value)
