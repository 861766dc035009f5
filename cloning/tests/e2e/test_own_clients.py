"""The clients in docs/clients against a live site on which one has to sign in: Python here, JavaScript in a page of
another origin.
"""

import base64
import functools
import http.server
import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Page

from cloning.tests.clips import MALE_CLIP
from cloning.tests.e2e.pages import needs_chromium
from cloning.tests.live_site import PROJECT, LiveSite, make_key, serving

CLIENTS = PROJECT / "docs" / "clients"
LONG_TEXT = "The first sentence of a long text. " * 60


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with serving(tmp_path_factory.mktemp("site"), REQUIRE_LOGIN="true") as site:
        yield site


@pytest.fixture(scope="module")
def key(site) -> str:
    return make_key(site)


@pytest.fixture(scope="module")
def voiceclone() -> ModuleType:
    spec = importlib.util.spec_from_file_location("voiceclone", CLIENTS / "voiceclone.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["voiceclone"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def client(voiceclone, site, key) -> Any:
    return voiceclone.Client(site.url, key)


@pytest.fixture(scope="module")
def ada(voiceclone, site, key) -> Any:
    return voiceclone.Client(site.url, key).create_voice(
        "Ada Löwe", [MALE_CLIP], language="en", consent="written"
    )


@contextmanager
def answering(handler: Any) -> Iterator[str]:
    """A server of another kind; its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Quiet(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def codec_of(file: Path) -> str:
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_voice_speaks_into_a_file(client, ada, tmp_path) -> None:
    assert client.find_voice("ada löwe") == ada
    assert ada in client.voices()
    seen: list[Any] = []
    spoken = client.speak(
        "Good morning.", tmp_path / "speech.mp3", voice=ada.id, seed=7, speed=1.2, on_progress=seen.append
    )
    assert (spoken.status, spoken.engine, spoken.text) == ("succeeded", "preview", "Good morning.")
    assert spoken.duration_seconds > 0.3
    assert seen[-1] == spoken
    assert codec_of(tmp_path / "speech.mp3") == "mp3"
    client.download(spoken, tmp_path / "speech.flac")
    assert codec_of(tmp_path / "speech.flac") == "flac"
    client.delete(spoken.id)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["speech.flac", "speech.mp3"]


def test_clip_speaks_without_a_voice(client, tmp_path) -> None:
    spoken = client.speak(
        "Good morning.", tmp_path / "speech.wav", reference=[MALE_CLIP], language="de", consent="own"
    )
    assert codec_of(tmp_path / "speech.wav") == "pcm_s16le"
    assert client.generation(spoken.id) == spoken


def test_sound_comes_while_it_is_made_and_what_is_cancelled_has_failed(client, ada, voiceclone) -> None:
    with client.stream(LONG_TEXT, voice=ada.id, format="pcm") as stream:
        assert stream.content_type.startswith("audio/")
        assert len(next(iter(stream))) > 0
        running = client.generation(stream.generation_id)
        assert not running.has_ended
        client.cancel(running.id)
    with pytest.raises(voiceclone.GenerationFailed, match="Stopped at") as caught:
        client.wait(running, timeout_seconds=60)
    assert (caught.value.code, caught.value.generation.status) == ("cancelled", "cancelled")


def test_time_that_is_over(client, ada, voiceclone) -> None:
    begun = client.submit(LONG_TEXT, voice=ada.id)
    with pytest.raises(voiceclone.TryLater, match="is still") as caught:
        client.wait(begun, timeout_seconds=0.1)
    assert caught.value.code == "timeout"
    client.delete(begun.id)


def test_what_is_wrong_is_an_exception(client, ada, voiceclone, site, tmp_path) -> None:
    for asked, code, field in (
        ({"text": " ", "voice": ada.id}, "text_missing", "text"),
        ({"text": "Hi.", "voice": "nobody"}, "voice_unknown", "voice"),
        ({"text": "Hi.", "voice": ada.id, "language": "xx"}, "language_unsupported", "language"),
    ):
        with pytest.raises(voiceclone.VoiceCloneError) as caught:
            client.submit(**asked)
        assert (caught.value.code, caught.value.field, caught.value.status) == (code, field, 422)
    with pytest.raises(voiceclone.VoiceCloneError, match="has to end in one of"):
        client.speak("Hi.", tmp_path / "speech.exe", voice=ada.id)
    with pytest.raises(voiceclone.VoiceCloneError) as caught:
        voiceclone.Client(site.url, "vc_wrong").voices()
    assert (caught.value.code, caught.value.status) == ("key_invalid", 401)
    with pytest.raises(voiceclone.TryLater, match="does not answer"):
        voiceclone.Client("http://127.0.0.1:1", tries=1).voices()
    with pytest.raises(voiceclone.VoiceCloneError, match="http://"):
        voiceclone.Client("file:///etc/passwd")


def test_busy_server_is_asked_again_under_the_same_name_and_the_key_stays_with_it(voiceclone) -> None:
    named: list[str] = []
    keys: list[str | None] = []

    class Elsewhere(Quiet):
        def do_GET(self) -> None:
            keys.append(self.headers["Authorization"])
            self.answer(200, b'{"results": [], "next": null}')

    with answering(Elsewhere) as elsewhere:

        class Busy(Quiet):
            def do_POST(self) -> None:
                named.append(self.headers["Idempotency-Key"])
                told = b'{"error": {"code": "queue_full", "message": "Full.", "field": null}}'
                if len(named) < 3:
                    self.answer(503, told, Retry_After="0")
                elif len(named) == 3:
                    self.answer(202, b'{"id": "1", "status": "queued"}')
                else:
                    self.answer(502, b"<html>nginx")

            def do_GET(self) -> None:
                self.answer(302, Location=f"{elsewhere}/elsewhere")

        with answering(Busy) as url:
            client = voiceclone.Client(url, "vc_secret")
            assert client.submit("Hi.").status == "queued"
            assert len(set(named)) == 1
            with pytest.raises(voiceclone.TryLater, match="answered 502"):
                voiceclone.Client(url, tries=1).submit("Hi.")
            assert client.voices() == []
            assert keys == [None]


def test_command(site, key, ada, tmp_path) -> None:
    variables = {**os.environ, "VOICECLONE_URL": site.url, "VOICECLONE_KEY": key}

    def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[Any]:
        command = [sys.executable, CLIENTS / "voiceclone.py", *arguments]
        return subprocess.run(command, env=variables, capture_output=True, timeout=120, **options)

    assert f"{ada.id}\ten\tAda Löwe" in run("voices", text=True).stdout
    file = tmp_path / "speech.opus"
    spoken = run("speak", "-", "--voice", "Ada Löwe", "--output", str(file), input="Good morning.", text=True)
    assert (spoken.returncode, spoken.stdout, spoken.stderr) == (0, "", "")
    assert codec_of(file) == "opus"
    (tmp_path / "speech.mp3").write_bytes(run("speak", "Hi.", "--voice", ada.id, "--stream").stdout)
    assert codec_of(tmp_path / "speech.mp3") == "mp3"
    failed = run("speak", "Hi.", "--voice", "Nobody", "--stream", text=True)
    assert (failed.returncode, failed.stderr) == (1, "There is no voice “Nobody”.\n")


IN_A_PAGE = """async ([url, key, clip, longText]) => {
    const { Client, VoiceCloneError } = await import("/voiceclone.js");
    const client = new Client(url + "/", { key });
    const bytes = Uint8Array.from(atob(clip), (letter) => letter.charCodeAt(0));
    const voice = await client.createVoice("Eve", [new Blob([bytes])], { language: "en", consent: "written" });
    const seen = [];
    const onProgress = ({ status }) => seen.push(status);
    const sound = await client.speak("Good morning.", { voice: voice.id, format: "wav", onProgress });
    const decoded = await new AudioContext().decodeAudioData(await sound.arrayBuffer());
    const pieces = [];
    const asked = { voice: voice.id, format: "mp3" };
    for await (const piece of client.stream("Good morning.", asked)) pieces.push(piece.length);
    let left = 0;
    for await (const piece of client.stream(longText, { voice: voice.id, on_disconnect: "cancel" })) {
        left = piece.length;
        break;
    }
    const aborting = AbortSignal.timeout(300);
    const fails = async (what) => {
        try {
            await what();
        } catch (error) {
            return [error.name, error.code, error.status ?? null];
        }
    };
    const begun = await client.submit(longText, { voice: voice.id });
    const cancelled = await fails(async () => client.wait(await client.cancel(begun.id)));
    const errors = {
        text: await fails(() => client.submit("", { voice: voice.id })),
        key: await fails(() => new Client(url, { key: "vc_wrong" }).voices()),
        nobody: await fails(() => new Client("http://127.0.0.1:1", { tries: 1 }).voices()),
        cancelled,
        aborted: (await fails(() => client.speak(longText, { voice: voice.id, signal: aborting })))[0],
    };
    const names = (await client.voices()).map(({ name }) => name);
    await client.deleteVoice(voice.id);
    return { type: sound.type, seconds: decoded.duration, seen, pieces, left, errors, names };
}"""


@needs_chromium
def test_module_in_a_page_of_another_origin(site, key, browser) -> None:
    class Files(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    page: Page = browser.new_page()
    with answering(functools.partial(Files, directory=CLIENTS)) as origin:
        page.goto(f"{origin}/")
        clip = base64.b64encode(MALE_CLIP.read_bytes()).decode()
        done = page.evaluate(IN_A_PAGE, [site.url, key, clip, LONG_TEXT])
    page.close()
    assert done["type"] == "audio/wav"
    assert 0.3 < done["seconds"] < 10
    assert done["seen"][-1] == "succeeded"
    assert sum(done["pieces"]) > 1_000
    assert done["left"] > 0
    assert done["errors"] == {
        "text": ["VoiceCloneError", "text_missing", 422],
        "key": ["VoiceCloneError", "key_invalid", 401],
        "nobody": ["VoiceCloneError", "unreachable", 0],
        "cancelled": ["VoiceCloneError", "cancelled", 0],
        "aborted": "TimeoutError",
    }
    assert "Eve" in done["names"]
