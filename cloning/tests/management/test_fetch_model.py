"""fetch_model against a real HTTP server on the loopback that answers as the hub does."""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from huggingface_hub.constants import DOWNLOAD_CHUNK_SIZE

from cloning.engines.xtts import fetch, weights
from cloning.engines.xtts.weights import ModelFile


def zip_of(payload: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model/data.pkl", payload)
    return buffer.getvalue()


CONTENT = {
    "config.json": b'{"model": "xtts"}',
    "vocab.json": b'{"model": {"type": "BPE"}}' * 10,
    "speakers_xtts.pth": b"speakers" * 100,
    "model.pth": zip_of(bytes(range(256)) * 2000),
}


def manifest(content: dict[str, bytes]) -> tuple[ModelFile, ...]:
    return tuple(
        ModelFile(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in content.items()
    )


FILES = manifest(CONTENT)


@dataclass
class Hub:
    """What the server holds, what it was asked, and how it fails."""

    content: dict[str, bytes] = field(default_factory=lambda: dict(CONTENT))
    requests: list[tuple[str, str | None]] = field(default_factory=list)  # name, Range
    break_off_after: dict[str, int] = field(
        default_factory=dict
    )  # bytes of a file; then errors until cleared
    url: str = ""


def handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            prefix = f"/{weights.REPOSITORY}/resolve/{weights.REVISION}/"
            if self.path.startswith(prefix):
                self.redirect_to_storage(self.path.removeprefix(prefix))
            elif self.path.startswith("/storage/"):
                self.send_file(self.path.removeprefix("/storage/"))
            else:
                self.send_error(404)

        def redirect_to_storage(self, name: str) -> None:
            self.send_response(302)
            self.send_header("Location", f"{hub.url}/storage/{name}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send_file(self, name: str) -> None:
            wanted = self.headers.get("Range")
            hub.requests.append((name, wanted))
            content = hub.content[name]
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            limit = hub.break_off_after.get(name)
            if start >= len(content):
                self.send_error(416)
            elif limit is not None and start > 0:
                self.send_error(503)
            else:
                self.send_response(206 if wanted else 200)
                self.send_header("Content-Length", str(len(content) - start))
                if wanted:
                    self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
                self.end_headers()
                self.wfile.write(content[start:limit])
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(hub))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


def run_download(folder: Path, hub: Hub) -> list[str]:
    said: list[str] = []
    fetch.download(folder, FILES, endpoint=hub.url, say=said.append)
    return said


def assert_complete(folder: Path) -> None:
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT


def test_downloads_all_files_at_the_pinned_revision(tmp_path: Path, hub: Hub) -> None:
    run_download(tmp_path, hub)
    assert_complete(tmp_path)
    assert weights.weights_present(tmp_path)


def test_second_run_downloads_nothing(tmp_path: Path, hub: Hub) -> None:
    run_download(tmp_path, hub)
    hub.requests.clear()
    said = run_download(tmp_path, hub)
    assert hub.requests == []
    assert len(said) == len(FILES)


def test_damaged_file_in_place_is_replaced(tmp_path: Path, hub: Hub) -> None:
    run_download(tmp_path, hub)
    damaged = bytearray(CONTENT["model.pth"])
    damaged[1000] ^= 1
    (tmp_path / "model.pth").write_bytes(damaged)
    hub.requests.clear()
    run_download(tmp_path, hub)
    assert hub.requests == [("model.pth", None)]
    assert_complete(tmp_path)


def test_interrupted_download_goes_on_where_it_stopped(tmp_path: Path, hub: Hub) -> None:
    kept = DOWNLOAD_CHUNK_SIZE  # huggingface_hub writes whole chunks
    hub.content["model.pth"] = zip_of(bytes(2 * kept))
    files = manifest(hub.content)
    hub.break_off_after["model.pth"] = kept + 300_000
    with pytest.raises(
        fetch.FetchError, match=rf"model\.pth did not arrive.*{kept:,} of .*run the command again"
    ):
        fetch.download(tmp_path, files, endpoint=hub.url, say=print)
    assert not any((tmp_path / name).exists() for name in CONTENT)

    hub.break_off_after.clear()
    hub.requests.clear()
    fetch.download(tmp_path, files, endpoint=hub.url, say=print)
    assert hub.requests == [("model.pth", f"bytes={kept}-")]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == hub.content


@pytest.mark.parametrize(
    ("served", "reason"),
    [
        (CONTENT["model.pth"][:-1] + b"x", "wrong SHA-256"),
        (CONTENT["model.pth"][:-10], "bytes, not"),
        (CONTENT["model.pth"] + b"more", "bytes, not"),
    ],
)
def test_wrong_content_is_refused_and_removed(tmp_path: Path, hub: Hub, served: bytes, reason: str) -> None:
    hub.content["model.pth"] = served
    with pytest.raises(fetch.FetchError, match=rf"model\.pth.*{reason}"):
        run_download(tmp_path, hub)
    assert not list(tmp_path.glob("model.pth*"))
    assert not any((tmp_path / name).exists() for name in CONTENT)

    hub.content = dict(CONTENT)
    run_download(tmp_path, hub)
    assert_complete(tmp_path)


def test_staged_rest_longer_than_the_servers_file_is_dropped(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / f"config.json.{FILES[0].sha256[:8]}.part").write_bytes(CONTENT["config.json"][:-1])
    hub.content["config.json"] = b"{}"
    with pytest.raises(fetch.FetchError, match=r"config\.json"):
        run_download(tmp_path, hub)
    assert not list(tmp_path.iterdir())


def test_hub_out_of_reach(tmp_path: Path, hub: Hub) -> None:
    hub.content.clear()
    with pytest.raises(fetch.FetchError, match=r"config\.json did not arrive from http://127\.0\.0\.1"):
        fetch.download(tmp_path, FILES, endpoint=f"{hub.url}/nowhere", say=print)


def test_full_disk_is_told_beforehand(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = fetch.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(fetch.shutil, "disk_usage", lambda folder: usage._replace(free=1000))
    with pytest.raises(fetch.FetchError, match="GB are needed"):
        run_download(tmp_path, hub)
    assert hub.requests == []


def test_two_at_once_are_refused(tmp_path: Path, hub: Hub) -> None:
    with fetch._only_one(tmp_path), pytest.raises(fetch.FetchError, match="Another fetch_model"):
        run_download(tmp_path, hub)


def write_content(folder: Path, content: dict[str, bytes]) -> None:
    folder.mkdir()
    for name, data in content.items():
        (folder / name).write_bytes(data)


def test_copies_from_a_folder(tmp_path: Path) -> None:
    write_content(tmp_path / "source", CONTENT)
    fetch.copy(tmp_path / "source", tmp_path / "to", FILES, say=print)
    assert_complete(tmp_path / "to")


def test_copy_of_another_version_is_refused(tmp_path: Path) -> None:
    write_content(tmp_path / "source", {**CONTENT, "vocab.json": b"other"})
    with pytest.raises(fetch.FetchError, match=r"vocab\.json has 5 bytes"):
        fetch.copy(tmp_path / "source", tmp_path / "to", FILES, say=print)
    assert not any((tmp_path / "to" / name).exists() for name in CONTENT)


def test_copy_from_an_incomplete_folder_is_refused(tmp_path: Path) -> None:
    write_content(tmp_path / "source", {"config.json": CONTENT["config.json"]})
    with pytest.raises(fetch.FetchError, match=r"vocab\.json is missing in"):
        fetch.copy(tmp_path / "source", tmp_path / "to", FILES, say=print)


def test_own_checkpoint_without_stock_voices_is_copied_unverified(tmp_path: Path) -> None:
    own = {"config.json": b"{}", "vocab.json": b"{}", "model.pth": zip_of(b"own")}
    write_content(tmp_path / "source", own)
    fetch.copy_unverified(tmp_path / "source", tmp_path / "to", say=print)
    assert {path.name: path.read_bytes() for path in (tmp_path / "to").iterdir()} == own


def test_truncated_checkpoint_of_ones_own_is_refused(tmp_path: Path) -> None:
    write_content(tmp_path / "source", {**CONTENT, "model.pth": CONTENT["model.pth"][:-100]})
    with pytest.raises(fetch.FetchError, match=r"model\.pth is truncated"):
        fetch.copy_unverified(tmp_path / "source", tmp_path / "to", say=print)


# The command


@pytest.fixture
def model_cache(tmp_path: Path, hub: Hub, settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty MODEL_CACHE, the hub's address in HF_ENDPOINT, small files instead of the official ones."""
    settings.MODEL_CACHE = tmp_path / "cache"
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.delenv("COQUI_TOS_AGREED", raising=False)
    monkeypatch.setattr(weights, "OFFICIAL_FILES", FILES)
    return settings.MODEL_CACHE / weights.FOLDER_NAME


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_command_shows_the_licence_and_fetches_when_agreed(
    model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    out = io.StringIO()
    call_command("fetch_model", stdout=out)
    assert_complete(model_cache)
    assert "non-commercial" in out.getvalue()
    assert weights.LICENCE_URL in out.getvalue()


@pytest.mark.parametrize("answer", ["n\n", "\n", "maybe\n"])
def test_command_fetches_nothing_when_not_agreed(
    model_cache: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    with pytest.raises(CommandError, match="not agreed"):
        call_command("fetch_model", stdout=io.StringIO())
    assert hub.requests == []
    assert not model_cache.exists()


def test_command_without_a_terminal_needs_the_variable(
    model_cache: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(CommandError, match="COQUI_TOS_AGREED=1"):
        call_command("fetch_model", stdout=io.StringIO())
    assert hub.requests == []

    monkeypatch.setenv("COQUI_TOS_AGREED", "1")
    call_command("fetch_model", stdout=io.StringIO())
    assert_complete(model_cache)


def test_command_only_asks(model_cache: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGES", ("not_installed",))  # `make xtts` asks before it installs them
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    call_command("fetch_model", "--only-ask", stdout=io.StringIO())
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    with pytest.raises(CommandError, match="not agreed"):
        call_command("fetch_model", "--only-ask", stdout=io.StringIO())
    assert hub.requests == []
    assert not model_cache.exists()


def test_command_needs_the_packages(model_cache: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COQUI_TOS_AGREED", "1")
    monkeypatch.setattr(weights, "PACKAGES", ("torch", "not_installed"))
    with pytest.raises(CommandError, match="make xtts"):
        call_command("fetch_model", stdout=io.StringIO())
    assert hub.requests == []


def test_command_copies_from_a_folder(
    model_cache: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COQUI_TOS_AGREED", "1")
    write_content(tmp_path / "source", CONTENT)
    call_command("fetch_model", "--from", str(tmp_path / "source"), stdout=io.StringIO())
    assert_complete(model_cache)
    assert hub.requests == []


def test_command_turns_failures_into_plain_errors(
    model_cache: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COQUI_TOS_AGREED", "1")
    hub.content["vocab.json"] = b"other"
    with pytest.raises(CommandError, match=r"vocab\.json"):
        call_command("fetch_model", stdout=io.StringIO())
    with pytest.raises(CommandError, match="needs --from"):
        call_command("fetch_model", "--unverified", stdout=io.StringIO())


# Whether weights are there


def test_presence(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    assert "config.json is missing" in str(weights.problem(folder))
    write_content(folder, CONTENT)
    assert weights.weights_present(folder)
    (folder / "model.pth").write_bytes(CONTENT["model.pth"][:-30])
    assert "model.pth is truncated" in str(weights.problem(folder))
    (folder / "model.pth").write_bytes(b"")
    assert "model.pth is empty" in str(weights.problem(folder))


def test_fingerprint_sees_every_file_and_a_changed_tensor(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    write_content(folder, CONTENT)
    before = weights.fingerprint(folder)
    assert weights.fingerprint(folder) == before
    (folder / "model.pth").write_bytes(zip_of(bytes(3_000_000)))
    large = weights.fingerprint(folder)
    (folder / "model.pth").write_bytes(zip_of(b"\1" + bytes(2_999_999)))
    assert len({before, large, weights.fingerprint(folder)}) == 3
