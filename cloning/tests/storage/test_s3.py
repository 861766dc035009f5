"""Files in a bucket: the storage against two S3 servers, moto's and rclone's, and the whole site on one."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.httpsession import URLLib3Session as HTTPSession
from django.core.files.base import ContentFile, File
from django.core.management.base import CommandError
from moto.server import ThreadedMotoServer

from cloning.jobs.sweeping import find_all
from cloning.management.commands import serve
from cloning.models import StoredConditioning, Take
from cloning.storage.s3 import S3Storage
from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import free_port, serving
from cloning.tests.performing import perform
from cloning.tests.waiting import wait_until

BUCKET = "speech"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "someone",
    "AWS_SECRET_ACCESS_KEY": "something",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module", params=["moto", "rclone"])
def server(request, tmp_path_factory) -> Iterator[str]:
    start = {"moto": run_moto, "rclone": run_rclone}[request.param]
    with start(tmp_path_factory.mktemp("buckets")) as url:
        yield url


@contextmanager
def run_moto(_folder: Path) -> Iterator[str]:
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def run_rclone(folder: Path) -> Iterator[str]:
    """A server of its own: https://rclone.org/commands/rclone_serve_s3/"""
    port = free_port()
    keys = ",".join(CREDENTIALS[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))
    rclone = str(Path(sys.executable).with_name("rclone"))
    process = subprocess.Popen(
        [rclone, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", keys, str(folder)],
        env={"HOME": str(folder), "PATH": os.environ["PATH"]},
    )
    try:
        wait_until(lambda: is_listening(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    bucket = boto3.resource("s3", endpoint_url=server).create_bucket(Bucket=BUCKET)
    yield bucket
    bucket.objects.delete()
    bucket.delete()


@pytest.fixture
def storage(server: str, bucket) -> S3Storage:
    return S3Storage(bucket_name=BUCKET, endpoint_url=server)


def test_a_file_is_kept_and_deleted(storage, bucket, tmp_path):
    source = tmp_path / "source.wav"
    source.write_bytes(b"speech" * 500_000)  # more than is held in memory
    with source.open("rb") as file:
        assert storage.save("generated/a.wav", File(file)) == "generated/a.wav"
    assert storage.exists("generated/a.wav")
    assert storage.size("generated/a.wav") == 3_000_000
    assert storage.listdir("generated") == ([], ["a.wav"])
    with storage.open("generated/a.wav") as stored:
        stored.seek(2_999_994)
        assert stored.read() == b"speech"
    assert bucket.Object("generated/a.wav").get()["ContentType"] == "audio/x-wav"
    storage.delete("generated/a.wav")
    storage.delete("generated/a.wav")
    assert not storage.exists("generated/a.wav")
    assert list(bucket.objects.all()) == []


def test_only_what_is_read_is_fetched(storage, monkeypatch):
    content = bytes(range(256)) * 8_000  # 2 MB
    storage.save("a.wav", ContentFile(content))
    asked = []
    send = HTTPSession.send

    def record(session, request):
        if request.method == "GET":
            asked.append(request.headers.get("Range"))
        return send(session, request)

    monkeypatch.setattr(HTTPSession, "send", record)
    with storage.open("a.wav") as stored:
        assert stored.size == len(content)
        assert asked == []
        stored.seek(1_000_000)
        assert stored.read(1000) == content[1_000_000:1_001_000]
        stored.seek(1_100_000)  # near: the answer is read on
        assert stored.read(1000) == content[1_100_000:1_101_000]
        stored.seek(-10, os.SEEK_END)
        assert stored.read() == content[-10:]
        assert stored.read() == b""
    assert [bytes(each).decode() for each in asked] == [
        "bytes=1000000-",
        "bytes=2047990-",
    ]
    assert b"".join(stored.open().chunks()) == content


def test_an_answer_that_breaks_off_is_asked_for_once_more(storage):
    content = bytes(range(256)) * 8_000
    storage.save("a.wav", ContentFile(content))
    with storage.open("a.wav") as stored:
        assert stored.read(1000) == content[:1000]
        stored.file.raw._body.close()
        assert stored.read() == content[1000:]


def test_a_file_that_goes_while_it_is_read_is_an_os_error(storage, bucket):
    storage.save("a.wav", ContentFile(bytes(2_000_000)))
    with storage.open("a.wav") as stored:
        bucket.Object("a.wav").delete()
        with pytest.raises(OSError, match="S3: "):
            stored.read()


@pytest.fixture
def site_storage(settings, storage, server) -> S3Storage:
    """The storage of the site, whose client sends who wants a file to the bucket."""
    options = {"bucket_name": BUCKET, "endpoint_url": server}
    default = {"BACKEND": "cloning.storage.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    settings.S3_SIGNED_REDIRECT = True
    return storage


def test_who_may_have_a_file_is_sent_to_the_bucket(site_storage, server, make_generation, client):
    generation = make_generation(
        status="succeeded", audio=site_storage.save("generated/a.wav", ContentFile(b"RIFF speech"))
    )
    path = f"/api/v1/files/{generation.pk}.wav"
    response = client.get(path + "?download", headers={"Range": "bytes=0-3"})
    assert (response.status_code, response["Cache-Control"]) == (302, "no-store")
    assert f"media-src 'self' blob: {server}" in response["Content-Security-Policy"]
    ranged = urllib.request.Request(response["Location"], headers={"Range": "bytes=0-3"})
    with urllib.request.urlopen(ranged) as stored:
        assert stored.read() == b"RIFF"  # under 206; rclone's server says 200
        assert stored.headers["Content-Type"] == "audio/wav"
        assert stored.headers["Content-Disposition"].startswith("attachment; filename=")
    assert client.head(path).status_code == 200
    with pytest.raises(urllib.error.HTTPError, match=r"40[03]"):
        urllib.request.urlopen(response["Location"].split("?")[0])


def test_a_bucket_that_does_not_answer_is_a_503(settings, make_generation, bucket, client):
    generation = make_generation(status="succeeded", audio="generated/a.wav")
    options = {"bucket_name": BUCKET, "endpoint_url": f"http://127.0.0.1:{free_port()}"}
    default = {"BACKEND": "cloning.storage.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": default}
    response = client.get(f"/api/v1/files/{generation.pk}.wav")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json()["error"]["code"] == "storage_unavailable"


def test_what_is_not_there_is_missing_as_it_is_on_a_disk(storage):
    with pytest.raises(FileNotFoundError):
        storage.open("generated/none.wav")
    with pytest.raises(FileNotFoundError):
        storage.get_modified_time("generated/none.wav")
    assert storage.listdir("conditioning/none") == ([], [])


def test_a_name_that_is_taken_is_not_overwritten(storage):
    first = storage.save("a.wav", ContentFile(b"first"))
    second = storage.save("a.wav", ContentFile(b"second"))
    assert first != second
    assert storage.open(first).read() == b"first"
    assert storage.open(second).read() == b"second"


@pytest.mark.parametrize("server", ["moto"], indirect=True)  # rclone's takes no condition
def test_a_name_taken_in_the_same_moment_is_not_overwritten(storage, monkeypatch):
    """Both found the name free, and one was quicker."""
    storage.save("a.wav", ContentFile(b"first"))
    free = iter([False])
    monkeypatch.setattr(storage, "exists", lambda name: next(free, S3Storage.exists(storage, name)))
    second = storage.save("a.wav", ContentFile(b"second"))
    assert second != "a.wav"
    assert storage.open("a.wav").read() == b"first"
    assert storage.open(second).read() == b"second"


def test_a_server_that_does_not_answer_is_an_os_error(bucket):
    storage = S3Storage(bucket_name=BUCKET, endpoint_url=f"http://127.0.0.1:{free_port()}")
    acts = (storage.open, storage.exists, storage.size, storage.delete, storage.listdir)
    for act in (*acts, storage.get_modified_time):
        with pytest.raises(OSError, match="S3: Could not connect"):
            act("a.wav")
    with pytest.raises(OSError, match="S3: Could not connect"):
        storage.save("a.wav", ContentFile(b"speech"))


def test_a_bucket_that_is_not_there_is_an_os_error(storage, bucket):
    storage.bucket_name = "none"
    with pytest.raises(OSError, match="NoSuchBucket"):
        storage.listdir("generated")


@pytest.mark.parametrize("server", ["rclone"], indirect=True)
def test_a_site_keeps_all_its_files_in_the_bucket(server, bucket, tmp_path):
    settings = {"S3_BUCKET": BUCKET, "S3_ENDPOINT_URL": server, **CREDENTIALS}
    with serving(tmp_path, **settings) as site:
        status_url = site.post("Good morning.", MALE_CLIP.read_bytes())["status_url"]
        result = wait_until(lambda: (g := site.get(status_url))["status"] not in ("queued", "running") and g)
        assert result["status"] == "succeeded"
        kept = {object.key.split("/")[0] for object in bucket.objects.all()}
        assert kept == {"incoming", "normalized", "conditioning", "generated"}
        assert not any(site.storage_root.rglob("*.wav"))

        ranged = urllib.request.Request(site.url + result["download_url"], headers={"Range": "bytes=0-3"})
        with urllib.request.urlopen(ranged) as response:
            assert (response.status, response.read()) == (206, b"RIFF")

        delete = urllib.request.Request(site.url + result["status_url"], method="DELETE")
        with urllib.request.urlopen(delete) as response:
            assert response.status == 204
        assert [object.key for object in bucket.objects.all()] == []


@pytest.mark.parametrize("server", ["moto"], indirect=True)
@pytest.mark.django_db(transaction=True)
def test_the_sweep_finds_in_a_bucket_what_it_finds_on_a_disk(
    server, bucket, settings, monkeypatch, make_reference, make_generation
):
    options = {"bucket_name": BUCKET, "endpoint_url": server}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "cloning.storage.s3.S3Storage", "OPTIONS": options},
    }
    generation = perform(make_generation())
    bucket.Object("generated/orphan.wav").put(Body=b"a voice")
    bucket.Object("conditioning/").put(Body=b"")  # as some tools make folders
    assert list(find_all()) == []  # the file is young
    monkeypatch.setattr("cloning.jobs.sweeping.MIN_AGE", timedelta(0))
    assert [finding.what for finding in find_all()] == ["generated/orphan.wav belongs to nothing"]
    bucket.Object(generation.audio.name).delete()
    for finding in find_all():
        finding.mend()
    generation.refresh_from_db()
    assert (generation.status, generation.error_code) == ("failed", "storage_failed")
    reference, take = generation.references.get(), Take.objects.get()
    assert [each.key for each in bucket.objects.all()] == [
        "conditioning/",
        StoredConditioning.objects.get().file.name,
        take.audio.name,
        reference.file.name,
        reference.normalized.name,
    ]


def test_a_start_says_that_the_bucket_can_not_be_used(server, bucket, settings):
    options = {"bucket_name": "none", "endpoint_url": server}
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "cloning.storage.s3.S3Storage", "OPTIONS": options},
    }
    with pytest.raises(CommandError, match=r"Files can't be kept\. S3: .*bucket does not exist"):
        serve.prepare()
