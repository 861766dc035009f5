"""A client of this voice-cloning server, in one file that needs nothing but Python 3.11: copy it where you need it.

    from voiceclone import Client

    client = Client("http://localhost:8000", key="vc_…")  # no key where there are no accounts
    grandmother = client.create_voice("Grandmother", ["clip-1.wav", "clip-2.wav"], consent="written")
    client.speak("Good morning.", "good-morning.mp3", voice=grandmother.id)

And as a command, which takes VOICECLONE_URL and VOICECLONE_KEY from the environment:

    python voiceclone.py voices
    python voiceclone.py add-voice Grandmother clip-1.wav clip-2.wav --consent written
    python voiceclone.py speak "Good morning." --voice Grandmother --output good-morning.mp3
    python voiceclone.py speak "Good morning." --voice Grandmother --stream | ffplay -nodisp -autoexit -
"""

import argparse
import http.client
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self, TypeVar

GENERATE = "/api/v1/voice-clone/generate"
FORMATS = ("wav", "mp3", "opus", "flac")
ENDED = ("succeeded", "failed", "cancelled")
TRY_AGAIN = (408, 429, 502, 503, 504)
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.2, 3.0
MAX_RETRY_SECONDS = 60.0
PIECE_BYTES = 64 * 1024

Headers = Mapping[str, str] | None


class VoiceCloneError(Exception):
    """What went wrong, as a sentence for people. `code` is for programs; `status` is 0 where no answer came."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        field: str | None = None,
        status: int = 0,
        retry_after: float = 0,
    ) -> None:
        super().__init__(message)
        self.code, self.field, self.status = code, field, status
        self.retry_after_seconds = retry_after


class TryLater(VoiceCloneError):  # that is what it says
    """The server is too busy, a limit is reached, or nobody answers: the same may succeed in a while."""


class GenerationFailed(VoiceCloneError):
    """It was begun, and failed or was stopped. `generation` has how far it came."""

    def __init__(self, generation: "Generation") -> None:
        error = generation.error or {}
        message = error.get("message") or f"The generation was {generation.status}."
        super().__init__(message, code=error.get("code", generation.status))
        self.generation = generation


@dataclass(frozen=True)
class Voice:
    id: str
    name: str
    language: str | None
    is_stock: bool  # it comes with the engine, and is nobody's clone
    is_own: bool


@dataclass(frozen=True)
class Generation:
    id: str
    status: str  # queued, running, succeeded, failed or cancelled
    progress: float
    text: str
    engine: str
    duration_seconds: float | None
    download_url: str | None
    status_url: str
    error: dict[str, Any] | None

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


Read = TypeVar("Read", Voice, Generation)


def read(kind: type[Read], members: Mapping[str, Any]) -> Read:
    """Members that a newer server has besides are left out."""
    known: dict[str, Any] = {field.name: members.get(field.name) for field in fields(kind)}
    return kind(**known)


class Stream:
    """Sound as it is made: iterate over it, and close it. What breaks off raises TryLater."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.generation_id = response.headers.get("X-Generation-Id", "")
        self.content_type = response.headers.get("Content-Type", "")

    def __iter__(self) -> Iterator[bytes]:
        try:
            while piece := self._response.read1(PIECE_BYTES):
                yield piece
        except (http.client.HTTPException, OSError) as error:
            raise TryLater(f"The stream broke off: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._response.close()


class Client:
    """Every call raises VoiceCloneError. A busy server is asked again, up to `tries` times in all."""

    def __init__(self, url: str, key: str = "", *, timeout_seconds: float = 60, tries: int = 3) -> None:
        self.url = url.rstrip("/")
        if not self.url.startswith(("http://", "https://")):
            raise VoiceCloneError(f"“{url}” has to begin with http:// or https://.")
        self._key, self._timeout_seconds, self._tries = key, timeout_seconds, tries

    def voices(self) -> list[Voice]:
        """Saved ones by name, then those of the engine."""
        path, found = "/api/v1/voices", list[Voice]()
        while path:
            page = self._call("GET", path)
            found += (read(Voice, each) for each in page["results"])
            path = page["next"]
        return found

    def find_voice(self, name: str) -> Voice:
        """By id or name, in capitals or not; yours goes before one that somebody shares."""
        found = [each for each in self.voices() if name == each.id or name.casefold() == each.name.casefold()]
        if not found:
            raise VoiceCloneError(f"There is no voice “{name}”.", code="voice_unknown", field="voice")
        return max(found, key=lambda voice: (voice.id == name, voice.is_own))

    def create_voice(
        self,
        name: str,
        clips: Sequence[str | Path],
        *,
        language: str = "",
        notes: str = "",
        consent: str = "",
        speaker: str = "",
    ) -> Voice:
        """Of one to five clips, which the server measures first. `consent` is how whoever is heard in them agreed: own,
        written or public_domain; servers with accounts require it.
        """
        asked = {"name": name, "language": language, "notes": notes, "consent": consent, "speaker": speaker}
        return read(Voice, self._post("/api/v1/voices", asked, clips))

    def delete_voice(self, voice_id: str) -> None:
        """For good, with all that was derived from it."""
        self._call("DELETE", f"/api/v1/voices/{voice_id}")

    def submit(
        self, text: str, *, voice: str = "", reference: Sequence[str | Path] = (), **options: Any
    ) -> Generation:
        """Does not wait for it. `voice` is an id, `reference` clips instead; `options` are those of the API: language,
        speed, temperature, seed, format, dialogue, cast; and consent, of the clips, as `create_voice` has it.
        """
        asked = {"text": text, "voice": voice, **options}
        return read(Generation, self._post(GENERATE, asked, reference, {"Prefer": "respond-async"}))

    def generation(self, generation_id: str) -> Generation:
        return read(Generation, self._call("GET", f"/api/v1/generations/{generation_id}"))

    def wait(
        self,
        generation: Generation,
        *,
        timeout_seconds: float = float("inf"),
        on_progress: Callable[[Generation], object] | None = None,
    ) -> Generation:
        """Until it has succeeded. Raises GenerationFailed, and TryLater when the time is over."""
        give_up_at, pause_seconds = time.monotonic() + timeout_seconds, FIRST_PAUSE_SECONDS
        while not generation.has_ended:
            if time.monotonic() >= give_up_at:
                raise TryLater(f"{generation.id} is still {generation.status}.", code="timeout")
            time.sleep(min(pause_seconds, max(0, give_up_at - time.monotonic())))
            pause_seconds = min(pause_seconds * 1.5, LAST_PAUSE_SECONDS)
            generation = self.generation(generation.id)
            if on_progress:
                on_progress(generation)
        if generation.status != "succeeded":
            raise GenerationFailed(generation)
        return generation

    def download(self, generation: Generation, file: str | Path) -> Path:
        """In the format that the name ends with. A file is there whole or not at all."""
        path = Path(file)
        part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            with (
                self._open("GET", f"/api/v1/files/{generation.id}.{format_of(path)}") as response,
                part.open("wb") as sink,
            ):
                shutil.copyfileobj(response, sink, PIECE_BYTES)
            part.replace(path)
        except http.client.HTTPException as error:
            raise TryLater(f"The download broke off: {error}") from error
        finally:
            part.unlink(missing_ok=True)
        return path

    def speak(
        self,
        text: str,
        file: str | Path,
        *,
        on_progress: Callable[[Generation], object] | None = None,
        **asked: Any,
    ) -> Generation:
        """Into a file whose name says the format. `asked` is as for `submit`."""
        generation = self.submit(text, format=format_of(Path(file)), **asked)
        generation = self.wait(generation, on_progress=on_progress)
        self.download(generation, file)
        return generation

    def stream(
        self, text: str, *, voice: str = "", reference: Sequence[str | Path] = (), **options: Any
    ) -> Stream:
        """The sound as it is made, MP3 unless `format` says otherwise: wav, opus, aac, flac or pcm."""
        body, content_type = encode({"text": text, "voice": voice, "stream": True, **options}, reference)
        return Stream(self._open("POST", GENERATE, body, {"Content-Type": content_type}))

    def cancel(self, generation_id: str) -> Generation:
        """What was spoken by then is joined."""
        return read(Generation, self._call("POST", f"/api/v1/generations/{generation_id}/cancel"))

    def delete(self, generation_id: str) -> None:
        self._call("DELETE", f"/api/v1/generations/{generation_id}")

    def _post(
        self,
        path: str,
        asked: Mapping[str, Any],
        clips: Sequence[str | Path],
        headers: Headers = None,
    ) -> Any:
        """With a name of its own, so that it is done once however often it is sent."""
        body, content_type = encode(asked, clips)
        named = {"Content-Type": content_type, "Idempotency-Key": uuid.uuid4().hex, **(headers or {})}
        return self._call("POST", path, body, named)

    def _call(self, method: str, path: str, body: bytes | None = None, headers: Headers = None) -> Any:
        tries_left = self._tries
        while True:
            try:
                return self._ask(method, path, body, headers)
            except TryLater as error:
                tries_left -= 1
                if tries_left <= 0 or error.retry_after_seconds > MAX_RETRY_SECONDS:
                    raise
                time.sleep(error.retry_after_seconds or FIRST_PAUSE_SECONDS)

    def _ask(self, method: str, path: str, body: bytes | None, headers: Headers) -> Any:
        with self._open(method, path, body, headers) as response:
            try:
                content = response.read()
                return json.loads(content) if content else None
            except (http.client.HTTPException, OSError) as error:
                raise TryLater(f"The answer broke off: {error}") from error
            except ValueError as error:
                raise VoiceCloneError(f"{self.url} answered with what is no JSON.") from error

    def _open(
        self, method: str, path: str, body: bytes | None = None, headers: Headers = None
    ) -> http.client.HTTPResponse:
        """The key goes to this server alone, not to where it redirects."""
        address = f"{self.url}{path}"
        request = urllib.request.Request(address, body, dict(headers or {}), method=method)  # noqa: S310
        if self._key:
            request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        try:
            response = urllib.request.urlopen(request, timeout=self._timeout_seconds)  # noqa: S310
        except urllib.error.HTTPError as error:
            with error:
                raise read_error(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise TryLater(f"{self.url} does not answer: {error}") from error
        assert isinstance(response, http.client.HTTPResponse)
        return response


def read_error(answer: urllib.error.HTTPError) -> VoiceCloneError:
    """Of a proxy in front of the server, too, which knows nothing of its errors."""
    try:
        members = json.loads(answer.read())["error"]
        message, code, field = str(members["message"]), str(members["code"]), members.get("field")
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException):
        message, code, field = f"The server answered {answer.code} {answer.reason}.", "", None
    seconds = answer.headers.get("Retry-After", "")
    kind = TryLater if answer.code in TRY_AGAIN else VoiceCloneError
    retry_after = float(seconds) if seconds.isdecimal() else 0
    return kind(message, code=code, field=field, status=answer.code, retry_after=retry_after)


def encode(asked: Mapping[str, Any], clips: Sequence[str | Path]) -> tuple[bytes, str]:
    """As JSON, or as a form where there are clips, and the type of either. What is empty is not sent."""
    given = {name: value for name, value in asked.items() if value not in ("", None)}
    if not clips and "name" not in given:
        return json.dumps(given).encode(), "application/json"
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + to_field(value)
        + b"\r\n"
        for name, value in given.items()
    ]
    for clip in map(Path, clips):
        name = urllib.parse.quote(clip.name, safe=" ()[]'")
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="reference"; filename="{name}"\r\n'
        parts += [
            f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(),
            clip.read_bytes(),
            b"\r\n",
        ]
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def to_field(value: Any) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def format_of(file: Path) -> str:
    audio_format = file.suffix.removeprefix(".").lower()
    if audio_format not in FORMATS:
        raise VoiceCloneError(f"“{file.name}” has to end in one of: {', '.join(FORMATS)}.", field="format")
    return audio_format


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Speaks with a voice-cloning server.")
    parser.add_argument("--url", default=os.environ.get("VOICECLONE_URL", "http://localhost:8000"))
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("voices", help="list the voices: id, language, name")
    add = commands.add_parser("add-voice", help="make a voice of clips")
    add.add_argument("name")
    add.add_argument("clips", nargs="+", type=Path)
    add.add_argument("--language", default="")
    add.add_argument("--consent", default="", help="of whoever is heard: own, written or public_domain")
    speak = commands.add_parser("speak", help="speak a text into a file, or to standard output as it is made")
    speak.add_argument("text", help="or - for standard input")
    speak.add_argument("--voice", default="", help="name or id")
    speak.add_argument("--reference", nargs="+", type=Path, default=[], help="clips instead of a voice")
    speak.add_argument(
        "--consent", default="", help="of whoever is heard in them: own, written or public_domain"
    )
    speak.add_argument("--language", default="")
    speak.add_argument("--speed", type=float)
    speak.add_argument("--seed", type=int)
    where = speak.add_mutually_exclusive_group(required=True)
    where.add_argument("--output", type=Path)
    where.add_argument("--stream", action="store_true", help="MP3 to standard output")
    return parser.parse_args(arguments)


def run(client: Client, asked: argparse.Namespace) -> None:
    match asked.command:
        case "voices":
            for each in client.voices():
                print(each.id, each.language or "-", each.name, sep="\t")
        case "add-voice":
            print(
                client.create_voice(
                    asked.name, asked.clips, language=asked.language, consent=asked.consent
                ).id
            )
        case _:
            speak(client, asked)


def speak(client: Client, asked: argparse.Namespace) -> None:
    voice = client.find_voice(asked.voice) if asked.voice else None
    options = {
        "voice": voice.id if voice else "",
        "reference": asked.reference,
        "consent": asked.consent,
        "language": asked.language or (voice.language if voice else None),
        "speed": asked.speed,
        "seed": asked.seed,
    }
    text = sys.stdin.read() if asked.text == "-" else asked.text
    if asked.stream:
        with client.stream(text, **options) as pieces:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
                sys.stdout.buffer.flush()
    else:
        client.speak(text, asked.output, on_progress=show_progress, **options)


def show_progress(generation: Generation) -> None:
    if sys.stderr.isatty():
        print(f"\r{generation.status} {generation.progress:.0%} ", end="", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    asked = read_arguments(arguments)
    try:
        run(Client(asked.url, os.environ.get("VOICECLONE_KEY", "")), asked)
    except (VoiceCloneError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
