"""The examples of the API's page, as they stand there, run against a real site."""

import html
import json
import re
import runpy
import shutil
import subprocess
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloning.api import openapi
from cloning.api.reference import Call, arrange
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.live_site import LiveSite
from cloning.tests.reading.books import make_epub

CALLS = [call for group in arrange(openapi.document(), "") for call in group.calls]
WAIT_SECONDS = 90.0  # for a machine under heavy load
LONG_TEXT = "This is one sentence of a rather long text. " * 20


@pytest.fixture(scope="module")
def page(live_site: LiveSite) -> str:
    with urllib.request.urlopen(live_site.url + "/api/") as response:
        return response.read().decode()


@pytest.fixture(scope="module")
def known(live_site: LiveSite) -> dict[str, dict[str, str]]:
    """What stands for the words in capitals, for each language: none of both meets what the other does."""
    return {
        language: {
            "GENERATION_ID": wait_for(live_site, submit(live_site)),
            **make_voice(live_site),
            **make_pronunciation(live_site),
            **make_batch(live_site),
            **make_book(live_site),
        }
        for language in ("curl", "Python")
    }


def submit(site: LiveSite, text: str = "Good morning.") -> str:
    return site.post(text, MALE_CLIP.read_bytes())["id"]


def wait_for(site: LiveSite, pk: str, status: str = "succeeded") -> str:
    give_up_at = time.monotonic() + WAIT_SECONDS
    while (found := site.get(f"/api/v1/generations/{pk}"))["status"] != status:
        assert time.monotonic() < give_up_at, found
        time.sleep(0.1)
    return pk


def cancelled(site: LiveSite) -> str:
    pk = submit(site, LONG_TEXT)
    request = urllib.request.Request(f"{site.url}/api/v1/generations/{pk}/cancel", method="POST")
    urllib.request.urlopen(request).close()
    return wait_for(site, pk, "cancelled")


def make_voice(site: LiveSite) -> dict[str, str]:
    """With two clips, as the last can't be taken away."""
    fields = [f"name={uuid.uuid4()}", f"reference=@{MALE_CLIP}", f"reference=@{FEMALE_CLIP}"]
    form = [argument for field in fields for argument in ("--form", field)]
    address = f"{site.url}/api/v1/voices"
    made = json.loads(subprocess.run(["curl", "-s", *form, address], capture_output=True, check=True).stdout)
    return {"VOICE_ID": made["id"], "REFERENCE_ID": made["references"][0]["id"]}


def add_recording(site: LiveSite, path: str, file_field: str, *fields: str) -> str:
    """Its id. Nothing else is of this recording: revoked, it would take the voices of all the others along."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "recording.flac"
        make = ["ffmpeg", "-v", "error", "-i", MALE_CLIP, "-metadata", f"comment={uuid.uuid4()}", recording]
        subprocess.run(make, check=True)
        form = [part for each in (f"{file_field}=@{recording}", *fields) for part in ("--form", each)]
        command = ["curl", "-s", *form, site.url + path]
        made: dict[str, str] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return made["id"]


def make_voice_alone(site: LiveSite) -> dict[str, str]:
    return {"VOICE_ID": add_recording(site, "/api/v1/voices", "reference", f"name={uuid.uuid4()}")}


def make_consent(site: LiveSite) -> dict[str, str]:
    address, fields = "/v1/audio/voice_consents", ("name=Anna", "language=en-US")
    return {"CONSENT_ID": add_recording(site, address, "recording", *fields)}


def make_pronunciation(site: LiveSite) -> dict[str, str]:
    members = {"language": "en", "word": str(uuid.uuid4()), "spelling": "one"}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{site.url}/api/v1/pronunciations", json.dumps(members).encode(), headers
    )
    with urllib.request.urlopen(request) as response:
        return {"PRONUNCIATION_ID": json.load(response)["id"]}


def add_book(site: LiveSite, *fields: str) -> dict[str, Any]:
    voice = make_voice(site)["VOICE_ID"]
    with tempfile.TemporaryDirectory() as folder:
        path = make_epub(
            Path(folder) / "book.epub", [("One", "<p>Good morning.</p>"), ("Two", "<p>Bye.</p>")]
        )
        form = [part for each in (f"file=@{path}", f"voice={voice}", *fields) for part in ("--form", each)]
        command = ["curl", "-s", *form, f"{site.url}/api/v1/books"]
        made: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return made


def make_book(site: LiveSite, status: str = "succeeded") -> dict[str, str]:
    made = add_book(site)
    if status == "cancelled":
        request = urllib.request.Request(f"{site.url}{made['status_url']}/cancel", method="POST")
        urllib.request.urlopen(request).close()
    give_up_at = time.monotonic() + WAIT_SECONDS
    while (found := site.get(made["status_url"]))["status"] != status:
        assert time.monotonic() < give_up_at, found
        time.sleep(0.1)
    return {"BOOK_ID": made["id"]}


def make_batch(site: LiveSite) -> dict[str, str]:
    rows = {"rows": [{"voice": make_voice(site)["VOICE_ID"], "text": "Good morning."}]}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{site.url}/api/v1/batches", json.dumps(rows).encode(), headers)
    with urllib.request.urlopen(request) as response:
        return {"BATCH_ID": json.load(response)["id"]}


NEEDS: dict[str, Callable[[LiveSite], dict[str, str]]] = {
    "delete-generations-id": lambda site: {"GENERATION_ID": submit(site)},
    "post-generations-id-cancel": lambda site: {"GENERATION_ID": submit(site)},
    "post-generations-id-resume": lambda site: {"GENERATION_ID": cancelled(site)},
    "delete-voices-id": make_voice,
    "post-voices-id-revoke": make_voice_alone,
    "post-consents-id-revoke": make_consent,
    "delete-batches-id": make_batch,
    "post-books-id-start": lambda site: {"BOOK_ID": add_book(site, "draft=true")["id"]},
    "post-books-id-cancel": lambda site: {"BOOK_ID": add_book(site)["id"]},
    "post-books-id-resume": lambda site: make_book(site, "cancelled"),
    "delete-books-id": lambda site: {"BOOK_ID": add_book(site)["id"]},
    "delete-pronunciations-id": make_pronunciation,
    "delete-voices-id-references-reference-id": make_voice,
    "patch-voices-id-references-reference-id": make_voice,
}
"""Calls for which what all others share will not do."""


SWITCHED_OFF = ["keys", "webhooks"]
"""Of what this site, which has no accounts and tells nobody, knows nothing; tests of theirs call them."""


def read_example(page: str, call: Call, language: str) -> str:
    """As somebody would copy it from the page."""
    article = page.partition(f'<article class="call" id="{call.anchor}"')[2].partition("</article>")[0]
    code = re.search(rf"<summary>{language}</summary>.*?<code>(.*?)</code>", article, re.DOTALL)
    assert code, f"{call.anchor} has no example in {language}"
    return html.unescape(code[1])


EXAMPLES = [
    pytest.param(call, example.language, id=f"{call.anchor}-{example.language.replace(', ', '-')}")
    for call in CALLS
    for example in call.examples
    if not example.language.startswith("JavaScript") and call.path.split("/")[3] not in SWITCHED_OFF
]


@pytest.mark.parametrize(("call", "title"), EXAMPLES)
def test_example_does_what_it_says(
    call: Call, title: str, live_site, page, known, tmp_path: Path, monkeypatch
) -> None:
    own = NEEDS[call.anchor](live_site) if call.anchor in NEEDS else {}
    example, language = read_example(page, call, title), title.partition(",")[0]
    for word, value in (known[language] | own).items():
        example = example.replace(word, value)
    assert not re.search(r"\b[A-Z]+_ID\b", example), "this test does not know what it stands for"
    example = example.replace("Grandmother", f"Grandmother, by {language}")  # no two voices have one name
    example = example.replace("Nguyen", f"Nguyen {language}")
    shutil.copy(MALE_CLIP, tmp_path / "voice.wav")
    (tmp_path / "book.txt").write_text("Chapter 1\n\nGood morning.\n\nChapter 2\n\nBye.")
    monkeypatch.chdir(tmp_path)
    if "voice.zip" in example and not call.path.endswith("export"):
        address = f"{live_site.url}/api/v1/voices/{known[language]['VOICE_ID']}/export"
        urllib.request.urlretrieve(address, "voice.zip")
    if language == "Python":
        Path("example.py").write_text(example)
        runpy.run_path("example.py")
    else:
        ended = subprocess.run(["sh", "-c", example], capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    for saved in tmp_path.glob("speech.*"):
        assert saved.stat().st_size > 0
