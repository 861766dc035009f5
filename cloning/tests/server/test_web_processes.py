"""Two web servers over one database and storage, as behind a proxy: which of them is asked makes no difference."""

import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

import pytest

from cloning.tests.live_site import LiveSite, running, wait_until_listening
from cloning.tests.waiting import wait_until

BOUNDARY = "b"
MAX_QUEUED = 3


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LiveSite]]:
    """The first believes a proxy on this machine, the second one elsewhere. No worker takes what is queued."""
    folders = [tmp_path_factory.mktemp("web") for _ in range(2)]
    shared = {
        "STORAGE_ROOT": str(folders[0] / "storage"),
        "DATABASE_URL": f"sqlite:///{folders[0]}/storage/db.sqlite3",
        "MAX_QUEUED": str(MAX_QUEUED),
        "PREVIEW_VOICE": "kokoro",  # which has stock voices; nobody loads it
    }
    proxies = ("127.0.0.0/8,::1", "192.0.2.1")
    with ExitStack() as stack:
        found = []
        for folder, trusted in zip(folders, proxies, strict=True):
            command = running("serve", "--only", "web", folder=folder, TRUSTED_PROXIES=trusted, **shared)
            found.append(stack.enter_context(command))
            wait_until_listening(found[-1])
        yield found


def ask(
    site: LiveSite, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, Any]:
    """Status and what is said in JSON."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(site.url + path, body, names, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            status, answer = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, answer = error.code, error.read()
    return status, json.loads(answer) if answer.startswith(b"{") else None


def generate(site: LiveSite, **headers: str) -> tuple[int, Any]:
    fields = {"text": "Good morning.", "voice": "stock:af_heart"}
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    body = f"{''.join(parts)}--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return ask(site, "/api/v1/voice-clone/generate", "POST", body, Content_Type=kind, **headers)


def delete_all(site: LiveSite) -> None:
    for found in ask(site, "/api/v1/generations")[1]["results"]:
        assert ask(site, f"/api/v1/generations/{found['id']}", "DELETE")[0] == 204


def is_listened_to(site: LiveSite) -> bool:
    address = f"file:{site.storage_root}/db.sqlite3?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=20)) as connection:
        return connection.execute("SELECT is_streamed FROM cloning_generation").fetchall() == [(1,)]


def test_what_one_stops_ends_the_call_and_the_stream_of_the_other(sites) -> None:
    delete_all(sites[0])
    with ThreadPoolExecutor(2) as pool:
        call = pool.submit(generate, sites[0])
        [found] = wait_until(lambda: ask(sites[1], "/api/v1/generations")[1]["results"])
        path = f"/api/v1/generations/{found['id']}"
        listener = pool.submit(ask, sites[0], f"{path}/stream.mp3")
        wait_until(lambda: is_listened_to(sites[0]))
        assert not call.done() and not listener.done()
        assert ask(sites[1], f"{path}/cancel", "POST")[0] == 200
        assert call.result()[1]["status"] == "cancelled"
        assert listener.result()[1]["error"]["code"] == "cancelled"


def test_the_queue_is_one(sites) -> None:
    delete_all(sites[0])
    for number in range(MAX_QUEUED):
        assert generate(sites[number % 2], Prefer="respond-async")[0] == 202
    for site in sites:
        status, answer = generate(site, Prefer="respond-async")
        assert (status, answer["error"]["code"]) == (503, "queue_full")
    delete_all(sites[1])


def test_a_proxy_is_believed_where_it_is_trusted(sites) -> None:
    believing, distrusting = sites
    host = {"X_Forwarded_Host": "elsewhere.example"}
    assert ask(believing, "/api/v1/languages", **host)[0] == 400, "no name of this site"
    assert ask(distrusting, "/api/v1/languages", **host)[0] == 200
    for site, status in ((believing, 400), (distrusting, 403)):
        secure = {"X_Forwarded_Proto": "https", "Origin": site.url.replace("http:", "https:")}
        form = {"Content_Type": f"multipart/form-data; boundary={BOUNDARY}"}
        body = f"--{BOUNDARY}--\r\n".encode()  # no form, as who may call is told
        assert ask(site, "/api/v1/voice-clone/generate", "POST", body, **form, **secure)[0] == status
