"""Open WebUI 0.12.4's own code, and OpenAI's client with keys, against a live site on which one has to sign in.

Open WebUI's functions that ask for speech, models and voices are run, out of its published package (`open_webui.py`).
"""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openai
import pytest

from cloning.tests.api.openai import open_webui
from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import LiveSite, make_key, serving


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    folder = tmp_path_factory.mktemp("site")
    with serving(folder, REQUIRE_LOGIN="true", ALLOW_ANONYMOUS_LISTINGS="true") as site:
        yield site


@pytest.fixture(scope="module")
def key(site) -> str:
    return make_key(site)


@pytest.fixture(scope="module")
def voice(site, key) -> str:
    """That Ann shares: its id."""
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=key) as client:
        consent = client.audio.voice_consents.create(name="Ada", language="en-US", recording=MALE_CLIP)
        made = client.audio.voices.create(name="Ada", consent=consent.id, audio_sample=MALE_CLIP)
        client.patch(f"{site.url}/api/v1/voices/{made.id}", body={"is_shared": True}, cast_to=object)
    return made.id


@pytest.fixture
def audio(site, key, voice, pytestconfig, tmp_path) -> Iterator[Any]:
    """Open WebUI's module, with what an administrator types on its page."""
    settings = {
        "audio.tts.engine": "openai",
        "audio.tts.model": "tts-1",
        "audio.tts.voice": "Ada",
        "audio.tts.openai.api_base_url": f"{site.url}/v1",
        "audio.tts.openai.api_key": key,
    }
    file = open_webui.fetch_module(pytestconfig, tmp_path)
    with open_webui.running(file, tmp_path / "cache", **settings) as module:
        yield module


def test_open_webui_lists_models_and_voices(audio, voice) -> None:
    listed = asyncio.run(audio.get_models(None, user=None))["models"]
    assert [model["id"] for model in listed] == ["preview", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
    voices = {each["id"]: each["name"] for each in asyncio.run(audio.get_voices(None, user=None))["voices"]}
    assert voices[voice] == "Ada"
    assert voices.keys() != audio._OPENAI_DEFAULT_VOICES.keys()  # which it says where it can't read ours


@pytest.mark.parametrize("name", ["", "Ada", "the id"])
def test_open_webui_has_a_sentence_spoken(audio, voice, name: str) -> None:
    spoken = speak(audio, voice if name == "the id" else name)
    probe = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0"]
    probed = subprocess.run([*probe, spoken], capture_output=True, text=True, check=True)
    assert probed.stdout.strip() == "mp3"


def test_open_webui_passes_the_status_on(audio) -> None:
    """And not what is wrong: its version 0.12.4 looks at the status first, after which aiohttp has no body any more."""
    with pytest.raises(open_webui.HTTPException) as caught:
        speak(audio, "nobody")
    assert caught.value.status_code == 400
    open_webui.Config.values["audio.tts.openai.api_key"] = "wrong"
    with pytest.raises(open_webui.HTTPException) as caught:
        speak(audio, "Ada")
    assert caught.value.status_code == 401


def speak(audio: Any, voice: str) -> Path:
    """The file that it sends to the browser. Without a voice it names the one of its settings."""

    async def read() -> bytes:
        return json.dumps({"input": "Good morning.", "voice": voice}).encode()

    return asyncio.run(audio.speech(SimpleNamespace(body=read), user=SimpleNamespace(role="admin", id="1")))


def test_key_that_is_wrong_or_not_good_for_it(site, key) -> None:
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key="sk-wrong") as stranger:
        with pytest.raises(openai.AuthenticationError) as caught:
            stranger.audio.speech.create(model="tts-1", voice="alloy", input="Good morning.")
        assert caught.value.code == "invalid_api_key"
        with pytest.raises(openai.AuthenticationError):
            stranger.audio.voice_consents.list()
        with pytest.raises(openai.AuthenticationError):
            stranger.models.list()  # a wrong key is not no key
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=key) as ann:
        made: Any = ann.post(
            f"{site.url}/api/v1/keys", body={"name": "Reader", "scopes": ["read"]}, cast_to=object
        )
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=made["key"]) as reader:
        assert reader.models.list().data
        with pytest.raises(openai.PermissionDeniedError) as refused:
            reader.audio.speech.create(model="tts-1", voice="alloy", input="Good morning.")
        assert refused.value.code == "scope_missing"
