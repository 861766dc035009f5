"""POST /api/v1/voice-clone/generate"""

import io
import re
import threading

import numpy as np
import pytest
import soundfile
from django.db import connection
from django.test import Client

from cloning.audio import probing
from cloning.jobs.voices import create_from
from cloning.models import Generation, Reference
from cloning.storage.local import AtomicFileSystemStorage
from cloning.tests.api_client import GENERATE
from cloning.tests.wrong_requests import WRONG, Wrong


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
    voice = create_from(spoken, "Ada")
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
    "no JSON": (b"{", "application/json", 400, "request_unreadable"),
    "deep JSON": (b"[" * 100_000, "application/json", 400, "request_unreadable"),
    "JSON list": (b"[]", "application/json", 400, "request_unreadable"),
    "JSON of 3 MB": (b'"%s"' % (b"a" * 3_000_000), "application/json", 413, "request_too_large"),
    "clips in JSON": (b'{"text": "Hi", "reference": ""}', "application/json", 415, "not_multipart"),
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


def test_a_server_busy_with_other_clips_says_when_to_try_again(post, monkeypatch, db) -> None:
    monkeypatch.setattr(probing, "slots", probing.ProbeSlots(1, wait_seconds=0))
    with probing.slots.take():
        response = post()
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["error"]["code"] == "probing_busy"
    assert not Generation.objects.exists() and not Reference.objects.exists()


def test_full_queue_keeps_the_reference_of_another(
    post, make_generation, settings, stored_files, clips
) -> None:
    """The clip was known before: it belongs to the generation that waits, not to the one refused."""
    assert post().status_code == 202
    settings.MAX_QUEUED = 1
    assert post().status_code == 503
    assert Reference.objects.count() == 1
    assert len(stored_files()) == 1


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


def test_no_ffmpeg_is_the_servers_fault(post, monkeypatch, nothing_kept, db) -> None:
    monkeypatch.setattr("cloning.audio.ffmpeg.shutil.which", lambda _name: "/nonexistent/ffmpeg")
    response = post()
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "ffmpeg_missing"
    assert nothing_kept()


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
    first, second = (soundfile.read(io.BytesIO(api.get(url).getvalue()))[0] for url in urls)
    assert urls[0] != urls[1]
    assert np.array_equal(first, second)  # their manifests say which is which


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
    voice = create_from(spoken, "Ada")
    response = post((), voice=str(voice.pk))
    assert response.status_code == 202
    assert list(Generation.objects.get(pk=response.json()["id"]).references.all()) == list(
        voice.references.all()
    )
