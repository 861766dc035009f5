"""/api/v1/batches and the pages of batches."""

import csv
import html
import io
import json
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cloning.jobs import departures
from cloning.jobs.batches import feeding
from cloning.models import Batch, Generation, Status, Voice
from cloning.quantities import Kind, parse_limits
from cloning.tests.people import sign_in_as
from cloning.tests.performing import perform

URL = "/api/v1/batches"
CSV = 'voice,text,name,speed\nAda,Good morning.,first,\nADA,"Good,\n evening.",,1.5\n'


@pytest.fixture
def ada(make_reference) -> Voice:
    voice = Voice.objects.create(name="Ada")
    voice.references.add(make_reference())
    return voice


@pytest.fixture
def hand_in(api, ada):
    def send(body: Any = CSV, content_type: str = "text/csv", **options: Any) -> Any:
        return api.generic("POST", URL, body, content_type=content_type, **options)

    return send


def texts() -> list[tuple[int, str, str, float]]:
    return list(
        Generation.objects.order_by("batch_row").values_list("batch_row", "text", "batch_name", "speed")
    )


def test_rows_of_a_table_wait_outside_of_the_queue(hand_in, api, ada) -> None:
    answer = hand_in()
    assert answer.status_code == 201
    told = answer.json()
    assert (told["total"], told["counts"]["waiting"], told["progress"]) == (2, 2, 0)
    assert answer["Location"] == told["status_url"]
    assert texts() == [(1, "Good morning.", "first", 1.0), (2, "Good,\n evening.", "", 1.5)]
    row = Generation.objects.get(batch_row=1)
    assert row.is_held and not row.segments.exists()
    assert list(row.references.all()) == list(ada.references.all())
    assert api.get(URL).json()["results"] == [api.get(told["status_url"]).json()] == [told]
    listed = api.get(told["rows_url"]).json()["results"]
    assert [(each["row"], each["name"], each["status"]) for each in listed] == [
        (1, "first", "queued"),
        (2, "", "queued"),
    ]


@pytest.mark.parametrize(
    "content_type", ["application/jsonl", "application/x-ndjson", "application/json", "file"]
)
def test_other_ways_to_say_the_same(content_type, hand_in, api, ada) -> None:
    rows = [
        {"voice": "Ada", "text": "Good morning.", "name": "first"},
        {"voice": str(ada.pk), "text": "Hi.", "speed": 1.5},
    ]
    lines = "\n\n".join(map(json.dumps, rows))
    if content_type == "file":
        answer = api.post(
            URL, {"file": SimpleUploadedFile("rows.csv", CSV.encode("utf-8-sig")), "name": "Lines"}
        )
    elif content_type == "application/json":
        answer = hand_in(json.dumps({"rows": rows, "name": "Lines"}), content_type)
    else:
        answer = api.generic("POST", f"{URL}?name=Lines", lines, content_type=content_type)
    assert (answer.status_code, answer.json()["name"], answer.json()["total"]) == (201, "Lines", 2)
    assert Generation.objects.get(batch_row=2).speed == 1.5


WRONG = {
    "unknown voice": ("voice,text\nAda,Hello.\nBo,Hi.\n", 3, "voice", "voice_unknown"),
    "no voice": ("text\nHello.\n", 2, "voice", "voice_unknown"),
    "no text": ("voice,text\nAda,\n", 2, "text", "text_missing"),
    "after a text of two lines": ('voice,text\nAda,"a\nb"\nAda,\n', 4, "text", "text_missing"),
    "no such language": (
        '{"voice": "Ada", "text": "Hi.", "language": "xx"}',
        1,
        "language",
        "language_unsupported",
    ),
    "too fast": ("voice;text;speed\nAda;Hi.;9\n", 2, "speed", "out_of_range"),
    "a format of streams": ("voice,text,format\nAda,Hi.,pcm\n", 2, "format", "out_of_range"),
    "a long name": (f"voice,text,name\nAda,Hi.,{'a' * 81}\n", 2, "name", "name_too_long"),
}


@pytest.mark.parametrize("body, line, field, code", WRONG.values(), ids=WRONG)
def test_wrong_row_is_named_and_nothing_is_taken(body, line, field, code, hand_in) -> None:
    answer = hand_in(body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "batch_invalid")
    [wrong] = answer.json()["rows"]
    assert (wrong["line"], wrong["field"], wrong["code"]) == (line, field, code)
    assert f"Line {line}, {field}: " in answer.json()["error"]["message"]
    assert not Generation.objects.exists() and not Batch.objects.exists()


@pytest.mark.parametrize(
    "body, status, code",
    [
        ("\n", 422, "batch_invalid"),
        ("voice,text\n", 422, "batch_invalid"),
        ("voice,text,colour\nAda,Hi.,red\n", 422, "batch_invalid"),
        ("voice,text,text\nAda,Hi.,Hi.\n", 422, "batch_invalid"),
        ("voice,text\nAda\n", 422, "batch_invalid"),
        ('voice,text\nAda,"Hi."x\n', 422, "batch_invalid"),
        ('{"voice": "Ada"', 422, "batch_invalid"),
        ('{"voice": "Ada", "text": 7}', 422, "batch_invalid"),
        ("{" + "[" * 100_000, 422, "batch_invalid"),
        (b"voice,text\nAda,\xff\n", 422, "batch_invalid"),
        ("voice,text\n" + "Ada,Hi.\n" * 1001, 413, "batch_too_large"),
        ("voice,text\nAda," + "a" * (2 * 1024**2), 413, "batch_too_large"),
        ("voice,text\nAda," + "a" * 3_000_000, 413, "request_too_large"),
    ],
)
def test_what_is_no_table(body, status, code, hand_in) -> None:
    answer = hand_in(body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not Generation.objects.exists()


def test_sent_again_it_is_not_handed_in_again(hand_in) -> None:
    answers = [hand_in(headers={"Idempotency-Key": "once"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert Batch.objects.count() == 1


def test_full_queue_takes_it_and_characters_are_counted(hand_in, settings, make_generation) -> None:
    settings.MAX_QUEUED = 1
    make_generation()
    assert hand_in().status_code == 201
    settings.LIMITS = {**settings.LIMITS, Kind.SERVER: parse_limits("characters=20", Kind.SERVER)}
    answer = hand_in()
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "limit_reached")
    assert Batch.objects.count() == 1


def test_one_archive_of_what_is_spoken(hand_in, api) -> None:
    told = hand_in().json()
    first = Generation.objects.get(batch_row=1)
    assert feeding.let_in(first)
    first.refresh_from_db()
    assert perform(first).status == Status.SUCCEEDED
    answer = api.get(told["archive_url"])
    assert answer["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    answer.close()
    assert archive.namelist() == ["rows.csv", "0001-first.wav"]
    assert archive.read("0001-first.wav")[:4] == b"RIFF"
    table = list(csv.DictReader(io.StringIO(archive.read("rows.csv").decode())))
    assert [(each["row"], each["status"], each["file"]) for each in table] == [
        ("1", "succeeded", "0001-first.wav"),
        ("2", "queued", ""),
    ]


def test_stopped_and_deleted(hand_in, api) -> None:
    told = hand_in().json()
    stopped = api.post(told["status_url"] + "/cancel").json()
    assert (stopped["counts"]["cancelled"], stopped["is_active"], stopped["progress"]) == (2, False, 1)
    assert Batch.objects.get().completed_at
    assert not Generation.objects.filter(is_held=True).exists()
    assert api.delete(told["status_url"]).status_code == 204
    assert api.get(told["status_url"]).json()["error"]["code"] == "batch_unknown"
    assert not Generation.objects.kept().exists()


def test_pages(hand_in, api, ada) -> None:
    upload = SimpleUploadedFile("rows.csv", b"voice,text\nBo,Hi.\nAda,\n")
    page = api.post("/batches/", {"file": upload, "name": "Lines"})
    assert page.status_code == 422
    assert "Line 2, voice: There is no such voice" in page.content.decode()
    assert "Line 3, text: " in page.content.decode()
    upload = SimpleUploadedFile("rows.csv", CSV.encode())
    page = api.post("/batches/", {"file": upload, "name": "<b>Lines"}, follow=True)
    batch = Batch.objects.get()
    assert page.redirect_chain == [(f"/batches/{batch.pk}/", 302)]
    assert "&lt;b&gt;Lines" in page.content.decode() and "0 of 2 texts" in page.content.decode()
    part = api.get(f"/batches/{batch.pk}/", headers={"HX-Request": "true", "HX-Target": "batch-progress"})
    assert "<html" not in part.content.decode() and "hx-get" in part.content.decode()
    api.post(f"/batches/{batch.pk}/cancel/")
    assert "2 were stopped" in api.get(f"/batches/{batch.pk}/").content.decode()
    assert "2 of 2 texts" in api.get("/batches/").content.decode()
    api.post(f"/batches/{batch.pk}/delete/")
    assert not Batch.objects.exists()


@pytest.mark.parametrize("saved", ["", 'Ada, the "elder"'])
def test_table_that_the_page_shows_is_accepted(saved, api, ada, settings) -> None:
    settings.PREVIEW_VOICE = "kokoro"
    Voice.objects.filter(name="Ada").update(
        **{"name": saved, "name_key": saved.lower()} if saved else {"deleted_at": timezone.now()}
    )
    page = api.get("/batches/").content.decode()
    shown = html.unescape(page.partition("<code>")[2].partition("</code>")[0])
    api.post("/batches/", {"file": SimpleUploadedFile("rows.csv", shown.encode())})
    [generation] = Generation.objects.filter(sample_of=None)
    assert bool(generation.voice) == bool(saved)


def test_batches_go_with_their_account(accounts, make_reference) -> None:
    ann = User.objects.create_user("ann")
    voice = Voice.objects.create(name="Ada", owner=ann)
    voice.references.add(make_reference(owner=ann))
    client = sign_in_as(ann)
    client.post("/batches/", {"file": SimpleUploadedFile("rows.csv", CSV.encode())})
    assert Batch.objects.get().owner == ann
    other = sign_in_as(User.objects.create_user("bo"))
    page = other.post("/batches/", {"file": SimpleUploadedFile("rows.csv", CSV.encode())})
    assert "no such voice" in page.content.decode()
    departures.begin(ann)
    assert departures.finish(ann)
    assert not Batch.objects.exists() and not Generation.objects.exists()
