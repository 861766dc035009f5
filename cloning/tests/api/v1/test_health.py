"""GET /api/v1/health"""

import sys
from datetime import timedelta
from types import SimpleNamespace

from django.db import InterfaceError
from django.utils import timezone

from cloning.api.v1 import health
from cloning.models import Worker


def test_health(api, db, stored_files) -> None:
    Worker.objects.create(host="here", pid=1)
    response = api.get("/api/v1/health")
    assert response.status_code == 200
    checks = dict.fromkeys(["database", "storage", "ffmpeg", "worker"], "ok")
    assert response.json() == {"status": "ok", "engine": "preview", "checks": checks}
    assert stored_files() == []


def test_health_names_what_fails(api, db, settings, monkeypatch, tmp_path) -> None:
    def unreachable() -> None:
        raise InterfaceError("connection already closed")

    def failing() -> list[str]:
        response = api.get("/api/v1/health")
        checks = response.json()["checks"]
        names = [name for name, result in checks.items() if result != "ok"]
        assert (response.status_code, response.json()["status"]) == (
            (503, "failing") if names else (200, "ok")
        )
        return names

    long_ago = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1)
    worker = Worker.objects.create(host="here", pid=1, seen_at=long_ago)
    assert failing() == ["worker"]
    worker.beat()
    (tmp_path / "a file").touch()
    settings.MEDIA_ROOT = tmp_path / "a file" / "storage"
    assert failing() == ["storage"]
    settings.MEDIA_ROOT = tmp_path
    with monkeypatch.context() as patched:
        patched.setattr("cloning.audio.ffmpeg.shutil.which", lambda _name: None)
        patched.setitem(sys.modules, "imageio_ffmpeg", None)
        assert failing() == ["ffmpeg"]
    with monkeypatch.context() as patched:
        patched.setattr(health, "connection", SimpleNamespace(cursor=unreachable))
        assert failing() == ["database"]
    assert failing() == []


def test_a_web_server_without_a_worker_is_live_and_ready(api, db) -> None:
    ready = api.get("/api/v1/health/ready")
    assert ready.status_code == 200
    assert ready.json()["checks"] == dict.fromkeys(["database", "storage", "ffmpeg"], "ok")
    assert api.get("/api/v1/health").status_code == 503


def test_what_can_take_nothing_is_live_and_not_ready(api, db, settings, tmp_path) -> None:
    (tmp_path / "a file").touch()
    settings.MEDIA_ROOT = tmp_path / "a file" / "storage"
    ready = api.get("/api/v1/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "failing")
    live = api.get("/api/v1/health/live")
    assert (live.status_code, live.json()) == (200, {"status": "ok"})
