"""`manage.py doctor`."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from cloning.models import Status, Take, Worker
from cloning.tests.speaking import claim_take
from voiceclone_site import certificates
from voiceclone_site.certificates import make_credentials

pytestmark = pytest.mark.django_db(transaction=True)

PARTS = [
    "Settings",
    "Database",
    "Migrations",
    "Workers",
    "Claims",
    "Files and rows",
    "Accounts",
    "Signed results",
    "Storage",
    "FFmpeg",
    "Signatures",
    "Engine",
]


def examine(capsys, *options: str) -> dict[str, list[str]]:
    """What it says of each part. Raises CommandError."""
    found: dict[str, list[str]] = {}
    try:
        call_command("doctor", *options)
    finally:
        for line in capsys.readouterr().out.splitlines():
            name, _, sentence = line.partition(": ")
            found.setdefault(name, []).append(sentence)
    return found


def complaints(capsys, *options: str) -> list[str]:
    with pytest.raises(CommandError) as raised:
        call_command("doctor", *options)
    lines = [line for line in capsys.readouterr().out.splitlines() if not line.endswith(": well.")]
    assert str(raised.value) == f"{sum(': mended, ' not in line for line in lines)} found."
    return lines


def test_all_is_well(spoken, capsys) -> None:
    Worker.objects.create(host="here", pid=1, engine="preview")
    assert examine(capsys) == {name: ["well."] for name in PARTS}


def test_another_machine_signs_with_another_certificate(spoken, settings, tmp_path, capsys) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(make_credentials())
    settings.C2PA_CERTIFICATE = settings.C2PA_PRIVATE_KEY = str(own)
    [complaint] = complaints(capsys)
    assert complaint.startswith(
        f"Signed results: Result {spoken.pk} was signed with another certificate than this"
    )


def test_a_certificate_that_is_missing_or_ends_soon(settings, tmp_path, monkeypatch, capsys) -> None:
    settings.C2PA_CERTIFICATE = str(tmp_path / "gone.pem")
    [complaint] = complaints(capsys)
    assert complaint.startswith("Signatures: Files can't be signed: ")
    assert "gone.pem" in complaint
    monkeypatch.setattr(certificates, "VALID_DAYS", 30)
    (tmp_path / "soon.pem").write_bytes(make_credentials())
    settings.C2PA_CERTIFICATE = settings.C2PA_PRIVATE_KEY = str(tmp_path / "soon.pem")
    assert complaints(capsys) == [
        f"Signatures: The certificate in {tmp_path}/soon.pem expires in 29 days: replace it."
    ]


def test_accounts(settings, capsys) -> None:
    settings.SIGN_UP = True
    assert complaints(capsys) == ["Accounts: SIGN_UP and EMAIL_URL are for accounts: set REQUIRE_LOGIN=true."]
    settings.REQUIRE_LOGIN, settings.HOST = True, "192.0.2.1"
    first, second = complaints(capsys)
    assert "manage.py invite NAME --operator" in first and "Passwords cross the network" in second
    User.objects.create_user("ann")
    settings.HOST = "127.0.0.1"
    assert examine(capsys)["Accounts"] == ["well."]


def test_what_waits_without_a_worker(make_generation, capsys) -> None:
    make_generation()
    (line,) = complaints(capsys)
    assert line.startswith("Workers: None was seen in the last") and line.endswith("1 generations wait.")


def test_a_worker_that_speaks_with_another_engine(capsys) -> None:
    Worker.objects.create(host="there", pid=1, engine="xtts_v2")
    (line,) = complaints(capsys)
    assert "there 1 speaks XTTS v2" in line and "it would be Preview" in line


def test_a_claim_that_nobody_holds_is_given_back(make_generation, capsys) -> None:
    take = claim_take(make_generation())
    Worker.objects.create(host="here", pid=1, engine="preview")
    Take.objects.update(lease_expires_at=timezone.now() - timedelta(days=1))
    (line,) = complaints(capsys)
    assert line.startswith(f"Claims: Take {take.pk} is in the hand of a worker that was not seen since")
    assert "given back" in examine(capsys, "--mend")["Claims"][0]
    take.refresh_from_db()
    assert (take.status, take.claim_token) == (Status.QUEUED, None)
    assert examine(capsys)["Claims"] == ["well."]


def test_a_lost_file_is_said_and_mended(spoken, capsys) -> None:
    default_storage.delete(spoken.audio.name)
    (line,) = complaints(capsys)
    assert (
        line
        == f"Files and rows: {spoken.audio.name}, the audio of generation {spoken.pk}, is gone: to be marked as failed"
    )
    assert examine(capsys, "--mend")["Files and rows"][0].startswith(f"mended, {spoken.audio.name}")
    spoken.refresh_from_db()
    assert spoken.status == Status.FAILED
    default_storage.save(spoken.audio.name, ContentFile(b"RIFF"))
    assert "is there again" in examine(capsys, "--mend")["Files and rows"][0]


def test_a_migration_that_is_not_applied(capsys) -> None:
    recorder = MigrationRecorder(connection)
    last = max(name for app, name in recorder.applied_migrations() if app == "cloning")
    recorder.record_unapplied("cloning", last)
    try:
        lines = complaints(capsys)
    finally:
        recorder.record_applied("cloning", last)
    assert lines == [
        f"Migrations: cloning.{last} is not applied: `manage.py migrate`, or the next start, does it."
    ]


def test_settings_storage_and_ffmpeg(settings, tmp_path, monkeypatch, capsys) -> None:
    settings.DEBUG, settings.HOST = True, "speech.example"
    settings.MIN_FREE_MB = 10**9
    (tmp_path / "a file").touch()
    settings.MEDIA_ROOT = tmp_path / "a file" / "storage"
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    lines = complaints(capsys)
    assert any(line.startswith("Settings: DEBUG shows stack traces") for line in lines)
    assert any(line.startswith("Storage: [Errno 20]") for line in lines)
    assert any(line.startswith("FFmpeg: ") for line in lines)
