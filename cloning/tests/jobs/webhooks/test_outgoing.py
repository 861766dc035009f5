"""Requests to addresses that others chose."""

import ipaddress
import ssl
import subprocess
import time
from pathlib import Path

import pytest

from cloning.jobs.webhooks import outgoing
from cloning.jobs.webhooks.outgoing import OutgoingError, is_allowed, post
from cloning.tests.jobs.webhooks.addresses import resolve_to

NEAR = (
    "127.0.0.1 127.8.8.8 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 192.0.2.1 198.18.0.1 "
    "0.0.0.0 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 fe80::1 fc00::1 fd12::1 ff02::1 ff0e::1 "
    "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 2002:7f00:1:: 2002:a00:1:: "
    "2001:db8::1"
)
FAR = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", NEAR.split())
def test_what_is_near_is_not_asked(address: str) -> None:
    assert not is_allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", FAR)
def test_what_is_on_the_internet_is(address: str) -> None:
    assert is_allowed(ipaddress.ip_address(address))


def test_what_the_operator_names_is_asked(settings) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network("10.1.0.0/16")]
    assert is_allowed(ipaddress.ip_address("10.1.2.3"))
    assert is_allowed(ipaddress.ip_address("::ffff:10.1.2.3"))
    assert not is_allowed(ipaddress.ip_address("10.2.0.1"))


def test_body_arrives_with_the_name_as_host(target) -> None:
    assert post(target.url, b"{}", {"X": "y"}) == 204
    [(headers, body)] = target.received
    assert (headers["Host"], headers["X"], body) == (f"told.example:{target.port}", "y", b"{}")


def test_name_of_something_near_is_refused(target, settings) -> None:
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    with pytest.raises(OutgoingError, match=r"127\.0\.0\.1 is not on the internet"):
        post(target.url, b"{}", {})
    assert not target.received


def test_name_is_resolved_once(target, monkeypatch) -> None:
    """One that is far when it is looked at and near when it is connected to gets nothing."""
    asked = resolve_to(monkeypatch, "127.0.0.1", "10.0.0.1")
    assert post(target.url, b"{}", {}) == 204
    assert asked == ["told.example"]


def test_redirect_is_not_followed(target) -> None:
    target.status = 302
    assert post(target.url, b"{}", {}) == 302
    assert len(target.received) == 1


def test_answer_in_drops_is_not_waited_for(target, monkeypatch) -> None:
    monkeypatch.setattr(outgoing, "TOTAL_SECONDS", 0.5)

    def drip(handler) -> None:
        for _ in range(200):
            try:
                handler.wfile.write(b"H")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    target.answer = drip
    started_at = time.monotonic()
    with pytest.raises(OutgoingError, match="did not answer in time"):
        post(target.url, b"{}", {})
    assert time.monotonic() - started_at < 5


@pytest.mark.parametrize("url", ["http://[::1", "http://exa mple/", "http://x:99999/", "http://\udcff/"])
def test_what_is_no_address_is_an_error(url: str) -> None:
    with pytest.raises(OutgoingError):
        post(url, b"{}", {})


def test_certificate_is_of_the_name(target, tmp_path: Path, monkeypatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=told.example",
    ]
    names = ["-addext", "subjectAltName=DNS:told.example"]
    subprocess.run([*made, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    target.server.socket = serving.wrap_socket(target.server.socket, server_side=True)
    trusting = ssl.create_default_context(cafile=str(certificate))
    url = target.url.replace("http:", "https:")
    with pytest.raises(OutgoingError, match="self-signed"):
        post(url, b"{}", {})
    monkeypatch.setattr(outgoing, "tls", lambda: trusting)
    assert post(url, b"{}", {}) == 204
    with pytest.raises(OutgoingError, match="mismatch"):
        post(url.replace("told.", "other."), b"{}", {})
