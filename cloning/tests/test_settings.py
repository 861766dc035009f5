"""Holds settings.py, .env.example and the README's table together, and the settings' own behaviour."""

import ast
import os
import re
import shutil
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloning.tests.small_disk import fill

PROJECT = Path(__file__).parents[2]
LIBRARIES_SETTINGS = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "TORCH_INDEX_URL",
    "COQUI_TOS_AGREED",
    "HF_ENDPOINT",
}  # read by libraries' conventions or by infrastructure/install.py, not by settings.py


def defaults_in_settings() -> set[str]:
    source = (PROJECT / "voiceclone_site" / "settings.py").read_text()
    return set(re.findall(r'\benv(?:_folder|\.\w+)\(\s*"([A-Z_]+)"', source))


def env_example() -> dict[str, str]:
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", (PROJECT / ".env.example").read_text(), re.MULTILINE))


def readme_table() -> dict[str, str]:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", (PROJECT / "README.md").read_text(), re.MULTILINE)
    return {name: default.strip("`") if default.startswith("`") else "" for name, default in rows}


def test_every_setting_is_documented_twice_and_nothing_else_is():
    assert set(env_example()) == defaults_in_settings() | LIBRARIES_SETTINGS
    assert set(readme_table()) == set(env_example())


def test_the_documented_defaults_are_the_same():
    assert readme_table() == env_example()


def settings_value(expression: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Printed by a copy of the settings, out of reach of this machine's .env."""
    copy = tmp_path / "project"
    if not copy.exists():
        shutil.copytree(PROJECT / "voiceclone_site", copy / "voiceclone_site")
    return subprocess.run(
        [sys.executable, "-c", f"from voiceclone_site import settings; print({expression})"],
        cwd=copy,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),  # for `cloning`; the copy comes before it
            "STORAGE_ROOT": str(tmp_path / "kept"),
            **environment,
        },
        capture_output=True,
        text=True,
    )


def test_the_documented_defaults_are_the_real_ones(tmp_path):
    """Setting every documented default changes nothing."""
    names = [
        "HOST",
        "PORT",
        "BASE_URL",
        "TRUSTED_PROXIES",
        "CORS_ALLOWED_ORIGINS",
        "WEB_THREADS",
        "DEBUG",
        "LOG_LEVEL",
        "ENGINE",
        "PREVIEW_VOICE",
        "XTTS_PRECISION",
        "XTTS_THREADS",
    ]
    names += [
        "LEASE_SECONDS",
        "DEADLINE_SECONDS",
        "MAX_TEXT_CHARS",
        "MAX_REFERENCE_MB",
        "MAX_REFERENCE_SECONDS",
    ]
    names += ["MAX_QUEUED", "API_WAIT_SECONDS", "MODEL_CACHE", "ALLOWED_HOSTS", "DATABASES", "STORAGES"]
    expression = f"[str(getattr(settings, name)) for name in {names}]"
    documented = {name: value for name, value in env_example().items() if name != "STORAGE_ROOT"}
    assert (
        settings_value(expression, tmp_path).stdout
        == settings_value(expression, tmp_path, **documented).stdout
        != ""
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("ENGINE", "bark"),
        ("DEBUG", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("MAX_QUEUED", "0"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("EMAIL_URL", "mail.example"),
        ("EMAIL_URL", "smtp://mail.example:port"),
    ],
)
def test_a_wrong_value_is_refused_by_name(tmp_path, name, value):
    result = settings_value("1", tmp_path, **{name: value})
    assert result.returncode != 0
    assert f'Environment variable "{name}" invalid' in result.stderr


def test_mail_is_one_setting(tmp_path):
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "TIMEOUT")
    expression = f"[getattr(settings, 'EMAIL_' + name) for name in {names}] + [settings.DEFAULT_FROM_EMAIL]"
    url = "submission://ann%40example.org:p%2Fw@mail.example?_default_from_email=voices@example.org"
    shown = ast.literal_eval(settings_value(expression, tmp_path, EMAIL_URL=url).stdout)
    assert shown == ["mail.example", 587, "ann@example.org", "p/w", True, 10, "voices@example.org"]
    assert settings_value("settings.SENDS_MAIL", tmp_path).stdout == "False\n"


def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    first = settings_value("settings.SECRET_KEY", tmp_path).stdout
    assert len(first) > 40
    assert settings_value("settings.SECRET_KEY", tmp_path).stdout == first
    assert stat.S_IMODE((tmp_path / "kept" / "secret_key").stat().st_mode) == 0o600
    assert settings_value("settings.SECRET_KEY", tmp_path, SECRET_KEY="x" * 50).stdout == "x" * 50 + "\n"


@pytest.mark.parametrize("content", ["", "half a key"])
def test_a_secret_key_that_a_full_disk_left_is_made_again(content, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "secret_key").write_text(content)
    key = settings_value("settings.SECRET_KEY", tmp_path).stdout
    assert len(key) == 51
    assert settings_value("settings.SECRET_KEY", tmp_path).stdout == key
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "c2pa.pem",
        "db.sqlite3",
        "secret_key",
    ]


def test_processes_that_start_together_have_one_secret_key(tmp_path):
    settings_value("1", tmp_path)  # copies the settings
    (tmp_path / "kept" / "secret_key").write_text("")
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: settings_value("settings.SECRET_KEY", tmp_path), range(6)))
    assert len({result.stdout for result in results}) == 1
    assert len(results[0].stdout) == 51, results[0].stderr


def test_a_secret_key_on_a_full_disk_is_said_in_a_sentence_and_leaves_nothing(small_disk):
    (small_disk / "kept").mkdir()
    fill(small_disk)
    environment = {"PATH": os.environ["PATH"], "STORAGE_ROOT": str(small_disk / "kept")}
    command = [sys.executable, "manage.py", "check"]
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert re.fullmatch(
        r"Settings: The secret key can't be kept in .*/secret_key \(No space left on device\)\. Make room .*\n",
        ended.stderr,
    )
    assert list((small_disk / "kept").iterdir()) == []
    (small_disk / "filler").unlink()
    assert subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True).returncode == 0
    assert (small_disk / "kept" / "secret_key").stat().st_size == 50


def test_the_certificate_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    expression = "settings.C2PA_CERTIFICATE, settings.C2PA_PRIVATE_KEY"
    file = tmp_path / "kept" / "c2pa.pem"
    with ThreadPoolExecutor(4) as pool:
        settings_value("1", tmp_path, C2PA="false")  # copies the settings
        assert not file.exists()
        shown = {each.stdout for each in pool.map(lambda _: settings_value(expression, tmp_path), range(4))}
    assert shown == {f"{file} {file}\n"}
    first = file.read_bytes()
    assert (first.count(b"BEGIN CERTIFICATE"), first.count(b"BEGIN PRIVATE KEY")) == (2, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    settings_value("1", tmp_path)
    assert file.read_bytes() == first
    file.write_bytes(first[:500])  # a full disk of an earlier day
    settings_value("1", tmp_path)
    assert (file.read_bytes().count(b"END CERTIFICATE"), file.read_bytes() != first) == (2, True)


def test_a_certificate_is_given_with_its_key(tmp_path):
    alone = settings_value("1", tmp_path, C2PA_CERTIFICATE="/a.pem")
    assert alone.returncode != 0
    assert "C2PA_CERTIFICATE and C2PA_PRIVATE_KEY: set both, or neither." in alone.stderr
    given = settings_value(
        "settings.C2PA_PRIVATE_KEY", tmp_path, C2PA_CERTIFICATE="/a.pem", C2PA_PRIVATE_KEY="/b.pem"
    )
    assert given.stdout == "/b.pem\n"
    assert not (tmp_path / "kept" / "c2pa.pem").exists()


def test_a_certificate_that_cant_be_kept_is_said(small_disk):
    (small_disk / "kept").mkdir()
    (small_disk / "kept" / "secret_key").write_text("x" * 50)
    fill(small_disk)
    environment = {"PATH": os.environ["PATH"], "STORAGE_ROOT": str(small_disk / "kept")}
    command = [sys.executable, "manage.py", "check"]
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "Settings: The certificate can't be kept in " in ended.stderr
    assert "No space left on device" in ended.stderr
    assert [path.name for path in (small_disk / "kept").iterdir()] == ["secret_key"]


def test_what_earlier_versions_let_others_read_is_the_owners_alone(tmp_path):
    kept = tmp_path / "kept"
    folders = [kept / name for name in ("incoming", "normalized", "conditioning", "generated", "temporary")]
    for folder in (kept, *folders):
        folder.mkdir(mode=0o755)
    files = [kept / name for name in ("db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "secret_key")]
    for file in files:
        file.touch(0o644)
    assert settings_value("1", tmp_path).stdout == "1\n"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (kept, *folders)} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_new_databases_are_their_owners_alone_wherever_they_are(tmp_path):
    database = tmp_path / "elsewhere.sqlite3"
    settings_value("1", tmp_path, DATABASE_URL=f"sqlite:///{database}")
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


def test_storage_with_spaces_and_signs_in_its_path_works(tmp_path):
    folder = tmp_path / "a folder #1 100%"
    result = settings_value("settings.DATABASES['default']['NAME']", tmp_path, STORAGE_ROOT=str(folder))
    assert result.stdout.strip() == f"{folder}/db.sqlite3", result.stderr


def test_a_bucket_takes_the_place_of_the_folder(tmp_path):
    expression = "settings.STORAGES['default']"
    result = settings_value(expression, tmp_path, S3_BUCKET="speech", S3_ENDPOINT_URL="http://localhost:9000")
    assert ast.literal_eval(result.stdout) == {
        "BACKEND": "cloning.storage.s3.S3Storage",
        "OPTIONS": {"bucket_name": "speech", "endpoint_url": "http://localhost:9000"},
    }


@pytest.mark.parametrize(
    ("environment", "may_call", "may_delete"),
    [
        ({}, ["http://localhost:5173"], []),
        ({"CORS_ORIGINS": "http://localhost:5173"}, ["http://localhost:5173"], ["http://localhost:5173"]),
        (
            {"CORS_ORIGINS": "https://a.example,https://b.example"},
            ["https://a.example", "https://b.example"],
            None,
        ),
        ({"CORS_ORIGINS": ""}, [], []),
    ],
)
def test_origins_that_are_named_may_more_than_the_default(tmp_path, environment, may_call, may_delete):
    expression = "(settings.CORS_ALLOWED_ORIGINS, settings.TRUSTED_ORIGINS)"
    shown = ast.literal_eval(settings_value(expression, tmp_path, **environment).stdout)
    assert shown == (may_call, may_call if may_delete is None else may_delete)


@pytest.mark.parametrize("value", ["true", "false"])
def test_subdomains_and_preload_are_the_operators_to_decide(tmp_path, value):
    expression = "(settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, settings.SECURE_HSTS_PRELOAD)"
    environment = {"BASE_URL": "https://voice.example", "HSTS_SUBDOMAINS": value}
    shown = settings_value(expression, tmp_path, **environment).stdout.strip()
    assert shown == f"(31536000, {value.title()}, {value.title()})"


def test_https_makes_cookies_and_redirects_strict(tmp_path):
    expression = "(settings.SESSION_COOKIE_SECURE, settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS[-1])"
    result = settings_value(expression, tmp_path, BASE_URL="https://voice.example/")
    assert result.stdout.strip() == "(True, True, 'voice.example')"


def test_a_postgresql_that_falls_silent_is_given_up_soon(tmp_path):
    """Seconds, where TCP by itself takes a quarter of an hour; the URL may say otherwise."""
    url = "postgresql://db.example/voices?connect_timeout=9"
    options = "settings.DATABASES['default']['OPTIONS']"
    expression = f"[int({options}[name]) for name in ('connect_timeout', 'tcp_user_timeout')]"
    assert settings_value(expression, tmp_path, DATABASE_URL=url).stdout.strip() == "[9, 8000]"
