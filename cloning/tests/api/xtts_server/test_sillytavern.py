"""What SillyTavern 1.19.0 sends, to the letter, against a live site: its page by `xtts.js`, its server by `openai.js`.

The page is of another origin. Its server tells browsers to send no Referer, and an `<audio>` sends no Origin.
"""

import http.client
import io
import json
import subprocess
import urllib.parse
import wave
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import LiveSite, serving
from cloning.tests.waiting import wait_until

PAGE = "http://localhost:8000"
FETCH = {
    "Origin": PAGE,
    "Sec-Fetch-Site": "same-site",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
}
AUDIO = {
    "Accept": "*/*",
    "Accept-Encoding": "identity;q=1, *;q=0",
    "Range": "bytes=0-",
    "Sec-Fetch-Site": "same-site",
    "Sec-Fetch-Mode": "no-cors",
    "Sec-Fetch-Dest": "audio",
}
JSON = {"Content-Type": "application/json", "Cache-Control": "no-cache"}
SETTINGS = {
    "temperature": "0.7",
    "speed": "1.1",
    "length_penalty": 1.0,
    "repetition_penalty": 5.0,
    "top_p": 0.85,
    "top_k": 50,
    "enable_text_splitting": True,
    "stream_chunk_size": 100,
}
LONG_TEXT = "The first sentence of a long text. " * 60


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with serving(tmp_path_factory.mktemp("site"), CORS_ORIGINS=PAGE) as site:
        body = (
            b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda\r\n'
            b'--b\r\nContent-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
        )
        body += MALE_CLIP.read_bytes() + b"\r\n--b--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        assert send(site, "POST", "/api/v1/voices", body, headers).status == 201
        yield site


def send(
    site: LiveSite, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> http.client.HTTPResponse:
    """The answer, of which nothing is read yet."""
    connection = http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=120)
    connection.request(method, path, body, headers or {})
    return connection.getresponse()


def fetch(site: LiveSite, method: str, path: str, members: object = None) -> http.client.HTTPResponse:
    """As the page does: asks for leave first where a request is not simple."""
    if members is None:
        return send(site, method, path, headers=FETCH)
    asked = {
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "cache-control,content-type",
    }
    leave = send(site, "OPTIONS", path, headers={**FETCH, **asked})
    assert leave.status == 200
    assert leave.headers["Access-Control-Allow-Origin"] == PAGE
    assert {"cache-control", "content-type"} <= set(leave.headers["Access-Control-Allow-Headers"].split(", "))
    return send(site, method, path, json.dumps(members).encode(), {**FETCH, **JSON})


def stream_path(text: str) -> str:
    parameters = {"text": text, "speaker_wav": "Ada", "language": "en"}
    return f"/tts_stream/?{urllib.parse.urlencode(parameters)}"


def test_page_loads_its_settings_and_has_a_message_spoken(site) -> None:
    wait_until(lambda: json.load(fetch(site, "GET", "/speakers"))[0]["preview_url"])
    listed = fetch(site, "GET", "/speakers")
    assert listed.headers["Access-Control-Allow-Origin"] == PAGE
    [voice] = [each for each in json.load(listed) if each["name"] == "Ada"]
    preview = send(site, "GET", urlsplit(voice["preview_url"]).path, headers=AUDIO)
    assert (preview.status, preview.headers["Content-Type"]) == (206, "audio/wav")
    assert fetch(site, "POST", "/set_tts_settings", SETTINGS).status == 200
    asked = {"text": "Good morning.", "speaker_wav": voice["voice_id"], "language": "en"}
    spoken = fetch(site, "POST", "/tts_to_audio/", asked)
    assert (spoken.status, spoken.headers["Content-Type"]) == (200, "audio/wav")
    assert spoken.headers["Access-Control-Allow-Origin"] == PAGE
    with wave.open(io.BytesIO(spoken.read())) as sound:
        assert 12_000 < sound.getnframes() < 24_000 * 10
    newest = site.get("/api/v1/generations")["results"][0]
    assert (newest["speed"], newest["temperature"]) == (1.1, 0.7)


def test_page_plays_a_message_while_it_is_spoken_and_leaves(site) -> None:
    streamed = send(site, "GET", stream_path(LONG_TEXT), headers=AUDIO)
    assert (streamed.status, streamed.headers["Content-Type"]) == (200, "audio/wav")
    head = streamed.read(44)
    assert (head[:4], head[40:44]) == (b"RIFF", b"\xff\xff\xff\xff")  # Firefox plays nothing of length 0
    assert any(streamed.read(4_800))
    path = f"/api/v1/generations/{streamed.headers['X-Generation-Id']}"
    assert site.get(path)["status"] in ("queued", "running")
    streamed.close()
    wait_until(lambda: site.get(path)["status"] == "cancelled")


def test_page_hides_where_it_is_from_and_is_of_another_host(site) -> None:
    refused = send(site, "GET", stream_path("Hi."), headers={**AUDIO, "Sec-Fetch-Site": "cross-site"})
    assert refused.status == 403
    assert "CORS_ORIGINS" in json.load(refused)["detail"]


def test_address_has_room_for_a_message_in_any_letters(site) -> None:
    assert send(site, "HEAD", stream_path("и" * 5_000), headers=AUDIO).status == 200
    assert send(site, "HEAD", stream_path("и" * 6_000), headers=AUDIO).status == 414


def test_server_has_a_message_spoken_as_by_openai(site, tmp_path) -> None:
    """By the provider “OpenAI Compatible”, whose requests SillyTavern's server makes."""
    asked = {"input": "Good morning.", "response_format": "mp3", "voice": "Ada", "speed": 1, "model": "tts-1"}
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
    spoken = send(site, "POST", "/v1/audio/speech", json.dumps(asked).encode(), headers)
    assert (spoken.status, spoken.headers["Content-Type"]) == (200, "audio/mpeg")
    (tmp_path / "speech.mp3").write_bytes(spoken.read())
    probe = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"]
    probed = subprocess.run([*probe, tmp_path / "speech.mp3"], capture_output=True, text=True, check=True)
    assert probed.stdout.strip() == "mp3"
