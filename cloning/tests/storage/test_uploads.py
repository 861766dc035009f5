import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.test import RequestFactory

from cloning.storage.temporary import delete_abandoned_folders, temporary_root
from cloning.storage.uploads import TemporaryUpload, UploadHandler
from cloning.tests.live_site import PROJECT, free_port
from cloning.tests.waiting import wait_until

BODY = (
    b'--b\r\nContent-Disposition: form-data; name="reference"; filename="../../voice.m3u8"\r\n'
    b"Content-Type: audio/wav\r\n\r\n" + b"a voice" * 100_000 + b"\r\n"
)


def left() -> list[str]:
    return [path.name for path in temporary_root().rglob("*")] if temporary_root().exists() else []


def request_of(body: bytes) -> tuple[HttpRequest, UploadHandler]:
    request = RequestFactory().generic("POST", "/", body, content_type="multipart/form-data; boundary=b")
    handler = UploadHandler(request)
    request.upload_handlers = [handler]
    return request, handler


def test_upload_is_a_file_under_a_name_of_ours_until_the_request_ends(settings) -> None:
    request, handler = request_of(BODY + b"--b--\r\n")
    upload = request.FILES["reference"]
    assert isinstance(upload, TemporaryUpload)
    assert (upload.name, upload.content_type, upload.size) == ("voice.m3u8", "audio/wav", 700_000)
    assert upload.path.parent.parent == temporary_root()
    assert upload.path.name == "upload"
    assert upload.path.read_bytes() == upload.read() == b"a voice" * 100_000
    handler.close()
    request.close()
    assert left() == []


def test_request_that_can_not_be_read_leaves_nothing(settings) -> None:
    second = (
        b'--b\r\nContent-Disposition: form-data; name="b"; filename="b"\r\nContent-Transfer-Encoding: base64'
    )
    request, handler = request_of(BODY + second + b"\r\n\r\n!?=\r\n--b--\r\n")
    with pytest.raises(MultiPartParserError):
        request.FILES.keys()
    assert left() != []
    handler.close()
    assert left() == []


def test_copy_of_a_file_of_any_size(settings) -> None:
    content = os.urandom(3 * TemporaryUpload.DEFAULT_CHUNK_SIZE + 1)
    with TemporaryUpload.copy(io.BytesIO(content), "a.wav") as upload:
        assert (upload.size, upload.read()) == (len(content), content)
    assert left() == []


@pytest.fixture
def web(settings) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A web server alone, and its port."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "STORAGE_ROOT": str(settings.STORAGE_ROOT),
        "DATABASE_URL": "",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DEBUG": "true",
    }
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, cwd=PROJECT, env=environment)
    yield process, port
    process.kill()
    process.wait()


def test_process_killed_in_an_upload_leaves_nothing_that_stays(web) -> None:
    process, port = web
    wait_until(lambda: can_connect(port))
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(
            b"POST /api/v1/voice-clone/generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + BODY
        )
        wait_until(lambda: "upload" in left())
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert "upload" in left()
    assert delete_abandoned_folders() == 1
    assert left() == []


def can_connect(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
