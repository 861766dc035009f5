"""The JSON API as its users meet it. Every answer is also held against the OpenAPI document (see `api`)."""

import errno
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, connection
from django.test import Client
from django.utils import timezone

from cloning.api import waiting
from cloning.api.v1 import generations, health
from cloning.jobs import state
from cloning.jobs.state import Progress
from cloning.jobs.submission import save_voice
from cloning.models import Generation, Reference, Stage, Worker
from cloning.storage.local import AtomicFileSystemStorage
from cloning.tests.performing import perform
from cloning.text import LANGUAGES

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
GENERATE = "/api/v1/voice-clone/generate"
RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def post(api: Client, clips: dict[str, bytes]) -> Callable[..., Any]:
    """Posts a request that is good but for what is given; a field that is None is left out."""

    def send(
        reference: tuple[str, ...] = ("speech",),
        headers: dict[str, str] | None = None,
        client=None,
        **fields: Any,
    ) -> Any:
        files = [SimpleUploadedFile(f"{name}.wav", clips[name]) for name in reference]
        data = {"text": "Good morning.", "reference": files, **fields}
        data = {name: value for name, value in data.items() if value is not None}
        headers = {"Prefer": "respond-async"} if headers is None else headers
        return (client or api).post(GENERATE, data, headers=headers)

    return send


# Requests that are wrong


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a request that is good otherwise, and how that is said."""

    code: str
    field: str
    says: str
    reference: tuple[str, ...] = ("speech",)
    fields: dict[str, Any] = field(default_factory=dict)
    status: int = 422


def text(value: str | None, code: str, says: str) -> Wrong:
    return Wrong(code, "text", says, fields={"text": value})


def clip(name: str, code: str, says: str, status: int = 422) -> Wrong:
    return Wrong(code, "reference", says, reference=(name,), status=status)


def option(name: str, value: str, says: str = "", code: str = "out_of_range") -> Wrong:
    return Wrong(code, name, says, fields={name: value})


WRONG = {
    "no file": Wrong("reference_missing", "reference", "Choose a clip", reference=()),
    "empty file": clip("empty", "reference_unreadable", "empty"),
    "text file named .wav": clip("text", "reference_unreadable", "No audio was found"),
    "mp3 cut to 0.3 s": clip("start_of_an_mp3", "reference_too_short", "at least 1 s"),
    "m4a cut before its index": clip("truncated_m4a", "reference_unreadable", "No audio was found"),
    "video without sound": clip("silent_video", "reference_unreadable", "video without sound"),
    "0.2 s": clip("fifth_of_a_second", "reference_too_short", "0.2 s long; at least 1 s"),
    "10 minutes": clip("ten_minutes", "reference_too_long", "600 s long; at most 300 s"),
    "silence": clip("silence", "reference_silent", "silent"),
    "26 MB": clip("26_mb", "reference_too_large", "26.0 MB; at most 25 MB", status=413),
    "HLS playlist": clip("hls_playlist", "reference_unreadable", "No audio was found"),
    "concat list": clip("concat_list", "reference_unreadable", "No audio was found"),
    "six clips": Wrong(
        "reference_too_many", "reference", "6 clips were sent; at most 5", reference=("speech",) * 6
    ),
    "second of two clips bad": Wrong(
        "reference_unreadable", "reference", "No audio", reference=("speech", "text")
    ),
    "no text": text(None, "text_missing", "Write what the voice should say"),
    "empty text": text("", "text_missing", "Write what the voice should say"),
    "blank text": text(" \r\n\t ", "text_missing", "Write what the voice should say"),
    "20 001 characters": text("a" * 20_001, "text_too_long", "20 001 characters; at most 20 000"),
    "emoji only": text("😀🎉👍🏽", "text_unspeakable", ""),
    "text with NUL": text("Good\0morning", "text_unspeakable", "Null characters"),
    "unknown language": option(
        "language", "tlh", "“tlh” is not one of the languages: en, es", "language_unsupported"
    ),
    "language with NUL": option("language", "e\0n", "", "language_unsupported"),
    "markup as language": option("language", "<script>alert(1)</script>", "", "language_unsupported"),
    "speed 99": option("speed", "99", "between 0.5 and 2"),
    "speed 0.49": option("speed", "0.49", "between 0.5 and 2"),
    "speed NaN": option("speed", "nan", "has to be a number"),
    "speed infinite": option("speed", "inf", "has to be a number"),
    "speed -infinite": option("speed", "-inf", "has to be a number"),
    "speed a word": option("speed", "fast", "has to be a number"),
    "temperature 0": option("temperature", "0", "between 0.05 and 1.5"),
    "temperature NaN": option("temperature", "NaN", "has to be a number"),
    "negative seed": option("seed", "-1", "between 0 and 4294967295"),
    "seed 2**32": option("seed", str(2**32), "between 0 and 4294967295"),
    "seed a fraction": option("seed", "1.5", "has to be a number"),
    "seed of 5000 digits": option("seed", "9" * 5000, "has to be a number"),
    "unknown format": option("format", "aac", "not one of the available choices"),
    "voice that does not exist": Wrong("voice_unknown", "voice", "no such voice", (), {"voice": UNKNOWN_ID}),
    "voice is no UUID": Wrong("voice_unknown", "voice", "is not a valid UUID", (), {"voice": "not-a-uuid"}),
    "voice with NUL": Wrong("voice_unknown", "voice", "Null characters", (), {"voice": "\0"}),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_wrong_field(wrong: Wrong, post, nothing_kept, db) -> None:
    response = post(wrong.reference, **wrong.fields)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["field"]) == (wrong.status, wrong.code, wrong.field)
    assert wrong.says in error["message"]
    assert re.fullmatch(r"[A-Z“\d].{8,}\.", error["message"], re.DOTALL), error["message"]
    assert "/tmp" not in error["message"] and "upload-" not in error["message"]
    assert nothing_kept()


def test_voice_and_reference_together(post, spoken) -> None:
    voice = save_voice(spoken, "Ada")
    response = post(voice=str(voice.pk))
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "voice_ambiguous"
    assert Reference.objects.count() == 1


def multipart(*parts: tuple[str, str]) -> bytes:
    fields = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in parts
    )
    return f"{fields}--b--\r\n".encode()


BASE64 = (
    b'--b\r\nContent-Disposition: form-data; name="reference"; filename="a.wav"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\n!?=\r\n--b--\r\n"
)
MULTIPART = "multipart/form-data; boundary=b"
UNREADABLE = {
    "JSON": (b"{}", "application/json", 415, "not_multipart"),
    "urlencoded": (b"text=Hello", "application/x-www-form-urlencoded", 415, "not_multipart"),
    "no content type": (b"text=Hello", "", 415, "not_multipart"),
    "no boundary": (multipart(("text", "Hello")), "multipart/form-data", 400, "request_unreadable"),
    "boundary not in the body": (b"no multipart at all", MULTIPART, 400, "request_unreadable"),
    "no field": (multipart(), MULTIPART, 400, "request_unreadable"),
    "cut in a header": (multipart(("text", "Hello"))[:20], MULTIPART, 400, "request_unreadable"),
    "broken base64": (BASE64, MULTIPART, 400, "request_unreadable"),
    "too many fields": (multipart(*[("x", "1")] * 1001), MULTIPART, 400, "request_unreadable"),
    "3 MB of text": (multipart(("text", "a" * 3_000_000)), MULTIPART, 413, "request_too_large"),
}


@pytest.mark.parametrize("body, content_type, status, code", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_request(body, content_type, status, code, api, nothing_kept, db) -> None:
    response = api.generic("POST", GENERATE, body, content_type=content_type)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert nothing_kept()


def test_body_larger_than_any_valid_one_is_refused_unread(api, db) -> None:
    response = api.generic("POST", GENERATE, b"", content_type=MULTIPART, CONTENT_LENGTH=str(10**15))
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "request_too_large"


ENDPOINTS = {
    GENERATE: {"POST"},
    "/api/v1/generations": {"GET", "HEAD"},
    f"/api/v1/generations/{UNKNOWN_ID}": {"GET", "HEAD", "DELETE"},
    f"/api/v1/files/{UNKNOWN_ID}.wav": {"GET", "HEAD"},
    "/api/v1/languages": {"GET", "HEAD"},
    "/api/v1/health": {"GET", "HEAD"},
    "/api/v1/openapi.json": {"GET", "HEAD"},
}


@pytest.mark.parametrize("path, allowed", ENDPOINTS.items())
def test_wrong_method(path: str, allowed: set[str], api, db) -> None:
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} - allowed:
        response = api.generic(method, path)
        assert response.status_code == 405
        assert set(response["Allow"].split(", ")) == allowed
        if method != "HEAD":
            assert response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v2/generations",
        "/api/v1/generations/",
        "/api/v1/generations/not-a-uuid",
        f"/api/v1/files/{UNKNOWN_ID}.exe",
        "/api/v1/files/../../secret_key",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_unknown_address(path: str, method: str, api, db) -> None:
    response = api.generic(method, path)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:5174", "http://testserver.evil.example"]
)
def test_pages_of_foreign_origin_may_change_nothing(origin: str, post, api, spoken) -> None:
    assert post(headers={"Origin": origin}).json()["error"]["code"] == "origin_not_allowed"
    response = api.delete(f"/api/v1/generations/{spoken.pk}", headers={"Origin": origin})
    assert response.status_code == 403
    assert Generation.objects.count() == 1


@pytest.mark.parametrize("origin", ["http://testserver", "http://localhost:5173"])
def test_own_and_listed_origins_may(origin: str, post, db) -> None:
    assert post(headers={"Origin": origin, "Prefer": "respond-async"}).status_code == 202


# The server in trouble


def test_full_queue(
    post, make_generation, settings, stored_files, django_capture_on_commit_callbacks
) -> None:
    settings.MAX_QUEUED = 1
    waiting = make_generation()
    before = stored_files()
    with django_capture_on_commit_callbacks(execute=True):
        response = post(("other",))
    assert response.status_code == 503
    assert response["Retry-After"] == "60"
    assert response.json()["error"]["code"] == "queue_full"
    assert list(Generation.objects.all()) == [waiting]
    assert Reference.objects.count() == 1
    assert stored_files() == before


def test_full_queue_keeps_the_reference_of_another(
    post, make_generation, settings, stored_files, clips
) -> None:
    """The clip was known before: it belongs to the generation that waits, not to the one refused."""
    assert post().status_code == 202
    settings.MAX_QUEUED = 1
    assert post().status_code == 503
    assert Reference.objects.count() == 1
    assert len(stored_files()) == 1


@pytest.fixture
def disk_full_at(monkeypatch) -> Callable[[int], None]:
    """The n-th file stored from now on is written by half, then the disk is full."""

    def arrange(number: int) -> None:
        store = FileSystemStorage._save
        count = 0

        def until_full(self, name: str, content: Any) -> str:
            nonlocal count
            count += 1
            if count < number:
                return store(self, name, content)
            target = Path(self.path(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read(1000))
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(FileSystemStorage, "_save", until_full)

    return arrange


@pytest.mark.parametrize("number", [1, 2])
def test_disk_full_while_an_upload_is_stored(
    number, disk_full_at, post, nothing_kept, db, django_capture_on_commit_callbacks
) -> None:
    disk_full_at(number)
    with django_capture_on_commit_callbacks(execute=True):
        response = post(("speech", "other"))
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "storage_full"
    assert nothing_kept()


def test_disk_full_while_the_result_is_stored(disk_full_at, make_generation, api, stored_files) -> None:
    generation = make_generation()
    disk_full_at(3)  # after the normalised clip and the conditioning
    perform(generation)
    error = api.get(f"/api/v1/generations/{generation.pk}").json()["error"]
    assert error["code"] == "storage_full"
    assert not [name for name in stored_files() if name.startswith("generated/")]


def test_no_ffmpeg_is_the_servers_fault(post, monkeypatch, nothing_kept, db) -> None:
    monkeypatch.setattr("cloning.audio.ffmpeg.shutil.which", lambda _name: "/nonexistent/ffmpeg")
    response = post()
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "ffmpeg_missing"
    assert nothing_kept()


def test_unexpected_exception_is_an_answer_without_a_trace(api, monkeypatch, db, caplog) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a secret of the server")

    monkeypatch.setattr("cloning.api.v1.generations.Paginator", broken)
    response = api.get("/api/v1/generations")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal_error"
    assert b"secret" not in response.content and b"Traceback" not in response.content
    assert "a secret of the server" in caplog.text


# Generating


def test_waiting_call_answers_with_the_result(post, api, worker) -> None:
    response = post(headers={})
    body = response.json()
    assert response.status_code == 201
    assert response["Location"] == body["status_url"] == f"/api/v1/generations/{body['id']}"
    assert (body["status"], body["progress"], body["error"]) == ("succeeded", 1.0, None)
    assert (body["engine"], body["synthetic"], body["sample_rate_hz"]) == ("preview", True, 24_000)
    assert body["download_url"] == f"/api/v1/files/{body['id']}.wav"
    assert body["absolute_download_url"] == f"http://testserver{body['download_url']}"
    assert 0.3 < body["duration_seconds"] < 5
    assert all(RFC3339_UTC.fullmatch(body[f"{name}_at"]) for name in ("created", "started", "finished"))
    assert body["created_at"] <= body["started_at"] <= body["finished_at"]
    assert api.get(body["status_url"]).json() == body


def test_respond_async_answers_at_once(post, api, db) -> None:
    response = post(headers={"Prefer": "handling=strict, Respond-Async"})
    body = response.json()
    assert response.status_code == 202
    assert response["Location"] == body["status_url"]
    assert (body["status"], body["progress"]) == ("queued", 0.0)
    assert (
        body["download_url"]
        is body["absolute_download_url"]
        is body["started_at"]
        is body["finished_at"]
        is None
    )


def test_wait_runs_out_and_the_work_goes_on(post, api, settings, transactional_db) -> None:
    settings.API_WAIT_SECONDS = 0.3
    response = post(headers={})
    assert response.status_code == 202
    perform(Generation.objects.get())
    assert api.get(response["Location"]).json()["status"] == "succeeded"


@pytest.fixture
def while_it_waits(monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Has something done when a waiting call looks again."""

    def arrange(act: Callable[[], object]) -> None:
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _seconds: act())
        monkeypatch.setattr(waiting, "time", clock)

    return arrange


def test_deleted_while_a_call_waits(post, while_it_waits, db) -> None:
    while_it_waits(lambda: Generation.objects.all().delete())
    assert post(headers={}).status_code == 404


def test_cancelled_while_a_call_waits(post, while_it_waits, db) -> None:
    while_it_waits(lambda: state.cancel(Generation.objects.get()))
    response = post(headers={})
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "cancelled"


@pytest.mark.parametrize(
    "code, status, field",
    [("reference_unusable", 422, "reference"), ("text_unspeakable", 422, "text"), ("worker_lost", 500, None)],
)
def test_failed_generation(code: str, status: int, field: str | None, post, api, while_it_waits, db) -> None:
    """The waiting call says by its status whose fault it was; the status URL has done its own job well."""

    def fail() -> None:
        generation = Generation.objects.get()
        state.claim(generation)
        state.fail(generation, code, "It did not work.")

    while_it_waits(fail)
    waited = post(headers={})
    assert waited.status_code == status
    asked = api.get(waited["Location"])
    assert asked.status_code == 200
    assert asked.json() == waited.json()
    assert asked.json()["status"] == "failed"
    assert asked.json()["error"] == {"code": code, "message": "It did not work.", "field": field}


def test_defaults(post, db) -> None:
    body = post().json()
    assert {name: body[name] for name in ("text", "language", "speed", "temperature", "format")} == {
        "text": "Good morning.",
        "language": "en",
        "speed": 1.0,
        "temperature": 0.75,
        "format": "wav",
    }
    assert 0 <= body["seed"] < 2**32
    assert post().json()["seed"] != body["seed"]


def test_everything_asked_for_is_kept(post, db) -> None:
    options = {"speed": "1.5", "temperature": "0.05", "seed": str(2**32 - 1), "format": "opus"}
    body = post(text="  Guten\r\nMorgen. ", language="de", **options).json()
    assert (body["text"], body["language"], body["format"]) == ("Guten\nMorgen.", "de", "opus")
    assert (body["speed"], body["temperature"], body["seed"]) == (1.5, 0.05, 2**32 - 1)
    assert Generation.objects.get().requested_via == "api"


@pytest.mark.parametrize("sent", ["zh", "zh-cn", "zh-CN"])
def test_chinese_under_either_name(sent: str, post, db) -> None:
    assert post(text="早上好。", language=sent).json()["language"] == "zh"


def test_longest_text_is_accepted(post, db) -> None:
    assert post(text="Well done. " * 1818 + "So").status_code == 202  # 20 000 characters
    assert len(Generation.objects.get().text) == 20_000


def test_cut_mp3_with_enough_in_it_is_accepted(post, db) -> None:
    assert post(("half_an_mp3",)).status_code == 202
    assert Reference.objects.get().duration_seconds == pytest.approx(1.5, abs=0.1)


def test_same_request_same_seed_same_audio(post, api, worker) -> None:
    urls = [post(headers={}, seed="5").json()["download_url"] for _ in range(2)]
    first, second = (api.get(url).getvalue() for url in urls)
    assert urls[0] != urls[1]
    assert first == second


def test_same_clip_is_one_reference(post, stored_files, db) -> None:
    for _ in range(2):
        assert post(("speech", "other")).status_code == 202
    assert post(("speech", "speech")).status_code == 202
    assert Reference.objects.count() == 2
    assert len(stored_files()) == 2


def test_same_clip_uploaded_twice_at_once(post, monkeypatch, stored_files, transactional_db) -> None:
    """Both see no such reference and store the file under the same name; the loser must not delete the winner's."""
    both, chose = threading.Barrier(2), set()
    available_name = AtomicFileSystemStorage.get_available_name

    def chosen_together(self, name: str, max_length: int | None = None) -> str:
        chosen = available_name(self, name, max_length)
        if threading.current_thread() not in chose:
            chose.add(threading.current_thread())
            both.wait(timeout=120)
        return chosen

    monkeypatch.setattr(AtomicFileSystemStorage, "get_available_name", chosen_together)
    statuses: list[int] = []

    def send() -> None:
        statuses.append(post(client=Client()).status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [202, 202]
    assert stored_files() == [Reference.objects.get().file.name]
    assert Reference.objects.get().generations.count() == 2


def test_saved_voice(post, spoken, db) -> None:
    voice = save_voice(spoken, "Ada")
    response = post((), voice=str(voice.pk))
    assert response.status_code == 202
    assert list(Generation.objects.get(pk=response.json()["id"]).references.all()) == list(
        voice.references.all()
    )


# Status, list, delete


def test_status_of_a_running_generation(api, make_generation) -> None:
    generation = make_generation()
    state.claim(generation)
    state.report(generation, Progress(Stage.SPEAKING, 1, 3, 0.33))
    body = api.get(f"/api/v1/generations/{generation.pk}").json()
    assert (body["status"], body["progress"]) == ("running", 0.33)


def test_unknown_generation(api, db) -> None:
    for response in (
        api.get(f"/api/v1/generations/{UNKNOWN_ID}"),
        api.delete(f"/api/v1/generations/{UNKNOWN_ID}"),
    ):
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "generation_unknown"


def test_list_newest_first_in_pages(api, make_generation, monkeypatch) -> None:
    monkeypatch.setattr(generations, "PAGE_SIZE", 2)
    now = timezone.now()
    expected = [str(make_generation(created_at=now - timedelta(hours=hours)).pk) for hours in range(5)]
    url, seen = "/api/v1/generations", []
    while url:
        page = api.get(url).json()
        seen.append([found["id"] for found in page["results"]])
        url = page["next"]
    assert seen == [expected[:2], expected[2:4], expected[4:]]


@pytest.mark.parametrize("page", ["0", "-1", "2", "x", "9" * 5000])
def test_page_that_does_not_exist(page: str, api, db) -> None:
    response = api.get(f"/api/v1/generations?page={page}")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "page_unknown"


def test_empty_list(api, db) -> None:
    assert api.get("/api/v1/generations").json() == {"results": [], "next": None}


def test_list_asks_the_database_a_fixed_number_of_times(
    api, make_generation, django_assert_max_num_queries
) -> None:
    for _ in range(10):
        make_generation()
    with django_assert_max_num_queries(3):
        api.get("/api/v1/generations")


@pytest.mark.django_db(transaction=True)
def test_delete_takes_every_file_along(api, make_generation, stored_files) -> None:
    spoken = perform(make_generation())
    assert len(stored_files()) == 4  # upload, normalised, conditioning, result
    response = api.delete(f"/api/v1/generations/{spoken.pk}")
    assert (response.status_code, response.content) == (204, b"")
    assert stored_files() == []
    assert not Reference.objects.exists()
    assert api.get(f"/api/v1/generations/{spoken.pk}").status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("user", ["generation", "voice"])
def test_delete_leaves_a_reference_that_is_in_use(user: str, api, make_generation, stored_files) -> None:
    spoken = perform(make_generation())
    if user == "voice":
        save_voice(spoken, "Ada")
    else:
        make_generation()
    api.delete(f"/api/v1/generations/{spoken.pk}")
    assert [name.split("/")[0] for name in stored_files()] == ["conditioning", "incoming", "normalized"]
    assert Reference.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_delete_ends_what_runs(api, make_generation, stored_files) -> None:
    generation = make_generation()
    state.claim(generation)
    assert api.delete(f"/api/v1/generations/{generation.pk}").status_code == 204
    assert not state.report(generation, Progress(Stage.SPEAKING))
    late = ContentFile(b"RIFF")
    assert not state.succeed(generation, late, sample_rate_hz=24_000, duration_seconds=1.0, peaks=[])
    assert stored_files() == []


# The rest


def test_languages(api) -> None:
    results = api.get("/api/v1/languages").json()["results"]
    assert [found["code"] for found in results] == list(LANGUAGES)
    assert {"code": "en", "name": "English"} in results
    assert len(results) == 17


def test_health(api, db, stored_files) -> None:
    Worker.objects.create(host="here", pid=1)
    response = api.get("/api/v1/health")
    assert response.status_code == 200
    checks = dict.fromkeys(["database", "storage", "ffmpeg", "worker"], "ok")
    assert response.json() == {"status": "ok", "engine": "preview", "checks": checks}
    assert stored_files() == []


def test_health_names_what_fails(api, db, settings, monkeypatch, tmp_path) -> None:
    def unreachable() -> None:
        raise InterfaceError("connection already closed")

    def failing() -> list[str]:
        response = api.get("/api/v1/health")
        checks = response.json()["checks"]
        names = [name for name, result in checks.items() if result != "ok"]
        assert (response.status_code, response.json()["status"]) == (
            (503, "failing") if names else (200, "ok")
        )
        return names

    long_ago = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1)
    worker = Worker.objects.create(host="here", pid=1, seen_at=long_ago)
    assert failing() == ["worker"]
    worker.beat()
    (tmp_path / "a file").touch()
    settings.MEDIA_ROOT = tmp_path / "a file" / "storage"
    assert failing() == ["storage"]
    settings.MEDIA_ROOT = tmp_path
    with monkeypatch.context() as patched:
        patched.setattr("cloning.audio.ffmpeg.shutil.which", lambda _name: None)
        patched.setitem(sys.modules, "imageio_ffmpeg", None)
        assert failing() == ["ffmpeg"]
    with monkeypatch.context() as patched:
        patched.setattr(health, "connection", SimpleNamespace(cursor=unreachable))
        assert failing() == ["database"]
    assert failing() == []


def test_cors_preflight_of_a_listed_origin(api, db) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "prefer"}
    response = api.options(GENERATE, headers={"Origin": "http://localhost:5173", **asked})
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "http://localhost:5173"
    assert "POST" in response["Access-Control-Allow-Methods"]
    assert "prefer" in response["Access-Control-Allow-Headers"]


def test_cors_headers(api, db) -> None:
    listed = api.get("/api/v1/languages", headers={"Origin": "http://localhost:5173"})
    assert listed["Access-Control-Allow-Origin"] == "http://localhost:5173"
    assert "Location" in listed["Access-Control-Expose-Headers"]
    assert "origin" in listed["Vary"].lower()
    for path, origin in (("/api/v1/languages", "https://evil.example"), ("/", "http://localhost:5173")):
        assert "Access-Control-Allow-Origin" not in api.get(path, headers={"Origin": origin})


def test_base_url_is_where_absolute_addresses_start(api, spoken, settings) -> None:
    settings.BASE_URL = "https://voice.example"
    body = api.get(f"/api/v1/generations/{spoken.pk}").json()
    assert body["absolute_download_url"] == f"https://voice.example/api/v1/files/{spoken.pk}.wav"


def test_web_process_loads_no_model() -> None:
    code = (
        "import sys, django; django.setup()\n"
        "import cloning.urls, cloning.admin, cloning.api.openapi, voiceclone_site.asgi\n"
        "sys.exit(' '.join({'torch', 'TTS', 'transformers', 'torchaudio'} & set(sys.modules)) or 0)"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "voiceclone_site.settings", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
