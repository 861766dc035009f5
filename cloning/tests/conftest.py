import fcntl
import hashlib
import os
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction

from cloning.engines.xtts.weights import FOLDER_NAME
from cloning.jobs import estimates
from cloning.jobs.submission import insert, split_text
from cloning.models import Channel, Generation, Reference, Voice
from cloning.tests.api_client import DocumentedClient
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.live_site import live_site  # noqa: F401
from cloning.tests.people import accounts, ann, forgotten_tries  # noqa: F401
from cloning.tests.performing import perform, work_once
from cloning.tests.remembering import remembering_preview  # noqa: F401
from cloning.tests.scheduling import (  # noqa: F401
    pytest_collection_modifyitems,
    pytest_ignore_collect,
    pytest_runtest_setup,
    pytest_xdist_make_scheduler,
)
from cloning.tests.small_disk import small_disk  # noqa: F401


@pytest.fixture(autouse=True)
def isolated(settings, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing that a test does depends on this machine's .env or reaches its storage."""
    settings.STORAGE_ROOT = settings.MEDIA_ROOT = tmp_path_factory.mktemp("storage")
    settings.MODEL_CACHE = tmp_path / "model_cache"
    # Empty, and of no site that another process starts meanwhile.
    settings.STATIC_ROOT = tmp_path_factory.getbasetemp() / "static"
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.ENGINE = "preview"
    settings.PREVIEW_VOICE = "espeak"  # speaks at once; engines/preview tries Kokoro
    settings.BASE_URL = ""
    settings.TRUSTED_PROXIES = []
    settings.LEASE_SECONDS = 600.0  # longer than any stall: leases run out where a test has them run out
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, for users of a test
    estimates._paces.clear()  # what was learnt in the test before
    settings.STORAGES = {
        "default": {"BACKEND": "cloning.storage.local.AtomicFileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


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
    def make(clip: Path = MALE_CLIP, owner: User | None = None) -> Reference:
        content = clip.read_bytes()
        reference = Reference(
            owner=owner,
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
def make_voice(make_reference) -> Callable[..., Voice]:
    """With the owner's first clip, or one of its own."""

    def make(name: str, language: str = "", owner: User | None = None, **fields: Any) -> Voice:
        voice = Voice.objects.create(name=name, language=language, owner=owner, **fields)
        clip = Reference.objects.filter(owner=owner).first()
        voice.references.add(clip or make_reference(owner=owner))
        return voice

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
            owner: Any = values.get("owner")
            references = [Reference.objects.filter(owner=owner).first() or make_reference(owner=owner)]
        generation = Generation(**values)
        with (
            transaction.atomic()
        ):  # a worker that runs already must not take it before its references are there
            insert(generation, split_text(generation))
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
        "rest": made("rest.wav", "-ss", "3", "-i", str(MALE_CLIP)),
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


@pytest.fixture
def spoken(make_generation) -> Generation:
    """A generation that succeeded."""
    return perform(make_generation())


@pytest.fixture
def lock_database(transactional_db, monkeypatch) -> Iterator[Callable[[], None]]:
    """Has another process write without an end: reads go on, a write gives up soon."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has one lock for all")
    writer = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)

    def lock() -> None:
        writer.execute("BEGIN IMMEDIATE")
        monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.05)
        connection.close()  # the next one gives up soon, and so do those after it

    yield lock
    writer.close()
    connection.close()  # the next test's has the usual patience


@pytest.fixture
def fill_database(transactional_db) -> Iterator[Callable[[str, str], None]]:
    """Has SQLite itself run out of room at the given statement: "DELETE", "cloning_generation"."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite can be made to run out of room for one connection")

    def arrange(statement: str, table: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE filler (bytes)")
            cursor.execute("PRAGMA temp.max_page_count = 3")
            cursor.execute(
                f"CREATE TEMP TRIGGER fill BEFORE {statement} ON {table} "  # noqa: S608
                "BEGIN INSERT INTO filler VALUES (zeroblob(1000000)); END"
            )

    yield arrange
    connection.close()  # what is temporary goes with it


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory) -> Path:
    """A MODEL_CACHE with XTTS weights of the real architecture, small and random: one for all processes of a run."""
    folder = folder_of_run(tmp_path_factory) / "model_cache"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            from benchmarks.checkpoints import build_checkpoint  # coqui-tts takes seconds to import

            making = folder.with_suffix(".new")
            build_checkpoint(making / FOLDER_NAME)
            making.rename(folder)
    return folder


def folder_of_run(tmp_path_factory) -> Path:
    """The same for all processes of pytest-xdist."""
    own: Path = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture
def worker(transactional_db) -> Iterator[None]:
    """Works off generations in a thread while the test waits for them."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.wait(0.02):
            work_once()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stopping.set()
    thread.join()


@pytest.fixture
def api() -> DocumentedClient:
    """A client of the JSON API that never raises what a view raised: it sees what a stranger would."""
    return DocumentedClient(raise_request_exception=False)
