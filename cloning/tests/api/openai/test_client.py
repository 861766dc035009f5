"""OpenAI's own client against a live site."""

import base64
import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator

import numpy as np
import openai
import pytest
import soundfile

from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.live_site import LiveSite, serving
from cloning.tests.waiting import wait_until

MAX_QUEUED = 8
LONG_TEXT = "The first sentence of a long text. " * 40


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    with serving(
        tmp_path_factory.mktemp("site"), VOICE_ALIASES="nova=Ada", MAX_QUEUED=str(MAX_QUEUED)
    ) as site:
        body = (
            b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda\r\n'
            b'--b\r\nContent-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
        )
        request = urllib.request.Request(
            f"{site.url}/api/v1/voices",
            data=body + MALE_CLIP.read_bytes() + b"\r\n--b--\r\n",
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        with urllib.request.urlopen(request) as response:
            assert response.status == 201
        yield site


@pytest.fixture
def client(site) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key="none is needed", max_retries=0) as client:
        yield client


def test_speech_in_every_format(client, tmp_path) -> None:
    formats = {"mp3": "mp3", "opus": "opus", "aac": "aac", "flac": "flac", "wav": "pcm_s16le"}
    for name, codec in formats.items():
        file = tmp_path / f"speech.{name}"
        spoken = client.audio.speech.create(
            model="tts-1", voice="nova", input="Good morning.", response_format=name
        )
        spoken.write_to_file(file)
        probed = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", file],
            capture_output=True,
            text=True,
            check=True,
        )
        assert probed.stdout.strip() == codec


def test_pcm_comes_before_the_text_is_spoken(client, site) -> None:
    asked = client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts",
        voice={"id": find_voice(client, "Ada")},
        input=LONG_TEXT,
        response_format="pcm",
    )
    with asked as response:
        assert response.headers["Content-Type"] == "audio/pcm;rate=24000;channels=1"
        next(response.iter_bytes(1024))
        status = site.get(f"/api/v1/generations/{response.headers['X-Generation-Id']}")
        assert status["status"] in ("queued", "running")


def test_speech_is_streamed_to_a_file(client, tmp_path) -> None:
    asked = client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="Ada", input="Good morning.", response_format="wav"
    )
    with asked as response:
        response.stream_to_file(tmp_path / "speech.wav")
    assert soundfile.info(tmp_path / "speech.wav").duration > 0.5


def test_voice_is_made_with_a_consent_and_spoken_with(client) -> None:
    consent = client.audio.voice_consents.create(
        name="Bob, of his own will", language="en-GB", recording=MALE_CLIP
    )
    assert (consent.object, consent.language) == ("audio.voice_consent", "en-GB")
    assert client.audio.voice_consents.retrieve(consent.id) == consent
    assert client.audio.voice_consents.update(consent.id, name="Bob").name == "Bob"
    other = client.audio.voice_consents.create(name="Eve", language="en-GB", recording=FEMALE_CLIP)
    listed = [each.id for each in client.audio.voice_consents.list(limit=1)]  # which fetches page after page
    assert listed == [other.id, consent.id]
    with pytest.raises(openai.BadRequestError) as mismatch:
        client.audio.voices.create(name="Bob", consent=consent.id, audio_sample=FEMALE_CLIP)
    assert mismatch.value.code == "consent_mismatch"
    voice = client.audio.voices.create(name="Bob", consent=consent.id, audio_sample=MALE_CLIP)
    assert (voice.object, voice.type, voice.name) == ("audio.voice", "audio_sample", "Bob")
    for named in ("Bob", {"id": voice.id}):
        assert client.audio.speech.create(model="tts-1", voice=named, input="Good morning.").content
    with pytest.raises(openai.ConflictError) as refused:
        client.audio.voice_consents.delete(consent.id)
    assert refused.value.code == "consent_in_use"
    gone = client.audio.voices.delete(voice.id)
    assert (gone.id, gone.deleted, gone.object) == (voice.id, True, "audio.voice.deleted")
    for each in (consent, other):
        deleted = client.audio.voice_consents.delete(each.id)
        assert (deleted.id, deleted.deleted, deleted.object) == (each.id, True, "audio.voice_consent")
    with pytest.raises(openai.NotFoundError):
        client.audio.voice_consents.retrieve(consent.id)
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(model="tts-1", voice={"id": voice.id}, input="Good morning.")
    assert caught.value.code == "voice_not_found"


def test_voice_is_not_made_of_a_description_or_without_a_consent(client) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.voices.create(type="prompt", name="Bob", prompt="An old man.")
    assert (caught.value.code, caught.value.param) == ("prompt_unsupported", "type")
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.voices.create(name="Bob", consent="cons_1234", audio_sample=MALE_CLIP)
    assert (caught.value.code, caught.value.param) == ("consent_required", "consent")


def test_full_queue_is_tried_again(client, site, monkeypatch) -> None:
    for _ in range(MAX_QUEUED + 1):
        try:
            site.post(LONG_TEXT, MALE_CLIP.read_bytes())
        except urllib.error.HTTPError as error:
            assert error.code == 503
            break
    with pytest.raises(openai.RateLimitError) as caught:
        client.audio.speech.create(model="tts-1", voice="Ada", input="Good morning.")
    assert caught.value.code == "queue_full"
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        for generation in site.get("/api/v1/generations")["results"]:
            if generation["status"] in ("queued", "running"):
                client.post(f"{site.url}/api/v1/generations/{generation['id']}/cancel", cast_to=object)

    monkeypatch.setattr("openai._base_client.time.sleep", wait)
    patient = client.with_options(max_retries=2)
    assert patient.audio.speech.create(model="tts-1", voice="Ada", input="Good morning.").content
    assert waits == [60]


def test_events_carry_the_same_sound(client) -> None:
    asked = {"model": "m", "voice": "Ada", "input": "Good morning.", "response_format": "wav"}
    extra = {"seed": 7, "language": "en", "unknown": [1]}
    whole = client.audio.speech.create(**asked, extra_body=extra).content
    events = client.audio.speech.create(**asked, stream_format="sse", extra_body=extra)
    assert events.response.headers["Content-Type"] == "text/event-stream"
    lines = [line for line in events.content.decode().split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    *deltas, done = (json.loads(line.removeprefix("data: ")) for line in lines)
    assert done["type"] == "speech.audio.done"
    sound = b"".join(base64.b64decode(delta["audio"]) for delta in deltas)
    first, second = (np.frombuffer(each[44:], np.int16) for each in (whole, sound))
    assert first.size == second.size > 12_000
    assert np.corrcoef(first, second)[0, 1] > 0.99  # its gain may have been learnt in between
    assert sound[:4] == b"RIFF"


def test_listings(client, site) -> None:
    models = [model.id for model in client.models.list()]
    assert models == ["preview", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
    assert client.models.retrieve("tts-1").owned_by == "local"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("whisper-1")
    voices = site.get("/v1/audio/voices")["voices"]
    assert {voice["name"] for voice in voices} == {
        "Ada",
        "nova",
    }  # espeak has no voices to stand in for others
    wait_until(lambda: site.get("/v1/audio/voices")["voices"][0]["preview_url"])
    with urllib.request.urlopen(site.url + "/health") as response:
        assert response.read() == b"OK"


def test_errors_as_the_client_reads_them(client) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(model="tts-1", voice="nobody", input="Good morning.")
    assert (caught.value.code, caught.value.param) == ("voice_not_found", "voice")
    assert caught.value.request_id
    with pytest.raises(openai.BadRequestError) as caught:
        client.audio.speech.create(model="tts-1", voice="Ada", input="")
    assert (caught.value.code, caught.value.param) == ("text_missing", "input")


def find_voice(client, name: str) -> str:
    listed = client.get("/audio/voices", cast_to=object)
    return next(voice["id"] for voice in listed["voices"] if voice["name"] == name)
