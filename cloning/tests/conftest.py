import hashlib
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from jsonschema import Draft202012Validator, FormatChecker

from cloning import openapi
from cloning.engines import FOLDER_NAME
from cloning.models import Channel, Generation, Reference
from cloning.tasks import reporter, run
from cloning.tests.live_site import live_site  # noqa: F401
from cloning.tests.xtts_checkpoint import build_checkpoint

DATA = Path(__file__).parent / "data"
MALE_CLIP = DATA / "1688-142285-0007.flac"
FEMALE_CLIP = DATA / "3080-5032-0000.flac"


@pytest.fixture(autouse=True)
def isolated(settings, tmp_path: Path) -> None:
    """Nothing that a test does depends on this machine's .env or reaches its storage."""
    settings.MEDIA_ROOT = tmp_path / "storage"
    settings.MODEL_CACHE = tmp_path / "model_cache"
    settings.ENGINE = "preview"
    settings.PREVIEW_VOICE = "espeak"  # speaks at once; test_preview.py and test_synthesis.py try Kokoro
    settings.BASE_URL = ""
    settings.LEASE_SECONDS = 600.0  # longer than any stall: leases run out where a test has them run out
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, for users of a test
    settings.STORAGES = {
        "default": {"BACKEND": "cloning.storage.AtomicFileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def wait_until(condition: Callable[[], Any]) -> Any:
    """The first true answer of `condition`; five minutes are for machines under heavy load."""
    give_up_at = time.monotonic() + 300
    while not (answer := condition()):
        assert time.monotonic() < give_up_at, "not in time"
        time.sleep(0.02)
    return answer


@pytest.fixture
def upload() -> Callable[..., SimpleUploadedFile]:
    """An upload of a real clip, or of the bytes given."""

    def make(content: bytes | Path = MALE_CLIP, name: str = "voice.flac") -> SimpleUploadedFile:
        return SimpleUploadedFile(name, content.read_bytes() if isinstance(content, Path) else content)

    return make


@pytest.fixture
def wav(tmp_path: Path) -> Callable[..., bytes]:
    """The bytes of a WAV file with the samples given, float in [-1, 1]."""

    def make(samples: np.ndarray, sample_rate_hz: int = 16_000) -> bytes:
        path = tmp_path / "made.wav"
        soundfile.write(path, samples, sample_rate_hz)
        return path.read_bytes()

    return make


@pytest.fixture
def make_reference(db) -> Callable[..., Reference]:
    def make(clip: Path = MALE_CLIP) -> Reference:
        content = clip.read_bytes()
        reference = Reference(
            sha256=hashlib.sha256(content).hexdigest(),
            original_name=clip.name,
            suffix=".flac",
            format_name="flac",
            duration_seconds=soundfile.info(clip).duration,
            size_bytes=len(content),
        )
        reference.file.save("", ContentFile(content), save=False)
        reference.save()
        return reference

    return make


@pytest.fixture
def make_generation(make_reference) -> Callable[..., Generation]:
    """A queued generation of the male clip."""

    def make(references: list[Reference] | None = None, **fields: object) -> Generation:
        values = {
            "text": "Good morning.",
            "language": "en",
            "seed": 7,
            "requested_via": Channel.API,
            **fields,
        }
        if references is None:
            references = [Reference.objects.first() or make_reference()]
        with (
            transaction.atomic()
        ):  # a worker that runs already must not take it before its references are there
            generation = Generation.objects.create(**values)
            generation.references.set(references)
        return generation

    return make


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> dict[str, bytes]:
    """Uploads by name: three seconds of speech and what people and attackers send instead."""
    folder = tmp_path_factory.mktemp("clips")

    def made(name: str, *arguments: str) -> bytes:
        subprocess.run(["ffmpeg", "-loglevel", "error", *arguments, folder / name], check=True)
        return (folder / name).read_bytes()

    speech = ("-i", str(MALE_CLIP), "-t", "3")
    mp3 = made("speech.mp3", *speech, "-b:a", "64k")
    return {
        "speech": made("speech.wav", *speech),
        "other": made("other.wav", "-i", str(FEMALE_CLIP), "-t", "3"),
        "mp3": mp3,
        "half_an_mp3": mp3[: len(mp3) // 2],
        "start_of_an_mp3": mp3[: len(mp3) // 10],
        "truncated_m4a": made("speech.m4a", *speech)[:10_000],
        "empty": b"",
        "text": b"This is no audio at all.\n" * 40,
        "silent_video": made("video.mp4", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "-c:v", "mpeg4"),
        "fifth_of_a_second": made("short.wav", "-i", str(MALE_CLIP), "-ss", "1", "-t", "0.2"),
        "ten_minutes": made("long.wav", "-f", "lavfi", "-i", "sine=d=600:r=8000", "-c:a", "pcm_u8"),
        "silence": made("silence.wav", "-f", "lavfi", "-i", "anullsrc=r=16000", "-t", "3"),
        "26_mb": bytes(26 * 1024**2),
        # The lists name a clip that exists: followed, they would pass for speech.
        "hls_playlist": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:7,\nfile://{MALE_CLIP}\n#EXT-X-ENDLIST\n".encode(),
        "concat_list": f"ffconcat version 1.0\nfile 'file:{MALE_CLIP}'\n".encode(),
    }


@pytest.fixture
def stored_files(settings) -> Callable[[], list[str]]:
    """Names of what lies in the storage, hidden and half-written files included."""

    def names() -> list[str]:
        root = Path(settings.MEDIA_ROOT)
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    return names


@pytest.fixture
def nothing_kept(stored_files) -> Callable[[], bool]:
    return lambda: not (Generation.objects.exists() or Reference.objects.exists() or stored_files())


def perform(generation: Generation) -> Generation:
    """Does the whole job, with the real engine, as a worker process does."""
    assert generation.claim()
    run(generation, reporter(generation))
    return generation


@pytest.fixture
def spoken(make_generation, clips) -> Generation:
    """A generation that succeeded; what it says is the clip "speech"."""
    generation = make_generation()
    assert generation.claim()
    generation.record_engine("preview")
    speech = ContentFile(clips["speech"])
    assert generation.succeed(speech, sample_rate_hz=16_000, duration_seconds=3.0, peaks=[0.5, 1.0])
    return generation


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory) -> Path:
    """A MODEL_CACHE with XTTS weights of the real architecture, small and random."""
    folder = tmp_path_factory.mktemp("model_cache")
    build_checkpoint(folder / FOLDER_NAME)
    return folder


@pytest.fixture
def worker(transactional_db) -> Iterator[None]:
    """Works off generations in a thread while the test waits for them."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.wait(0.02):
            if generation := Generation.objects.claim_next():
                run(generation, reporter(generation))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stopping.set()
    thread.join()


class DocumentedClient(Client):
    """Fails on any answer of the JSON API that its OpenAPI document does not promise."""

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        path = request["PATH_INFO"]
        if path.startswith("/api/") and request["REQUEST_METHOD"] != "OPTIONS":
            assert_documented(path, request["REQUEST_METHOD"].lower(), response)
        return response


def assert_documented(path: str, method: str, response: Any) -> None:
    document = openapi.document()
    item: dict[str, Any] = {}
    for template, candidate in document["paths"].items():
        if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path):
            item = candidate
    responses = item.get("get" if method == "head" else method, {"responses": {}})["responses"]
    if method == "head":
        return
    assert str(response.status_code) in responses or response.status_code in (404, 405, 500)
    content = responses.get(str(response.status_code), openapi.ERROR).get("content", {})
    if not content:
        assert response.content == b""
        return
    media_type = response["Content-Type"].split(";")[0]
    assert media_type in content
    if media_type == "application/json":
        schema = {**content[media_type]["schema"], "components": document["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(response.json())


@pytest.fixture
def api() -> DocumentedClient:
    """A client of the JSON API that never raises what a view raised: it sees what a stranger would."""
    return DocumentedClient(raise_request_exception=False)
