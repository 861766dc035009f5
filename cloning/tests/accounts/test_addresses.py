"""From where a request comes, and who is believed to say so."""

from typing import Any

import pytest
from django.test import Client, RequestFactory

from cloning import middleware
from cloning.accounts.addresses import client_address
from cloning.throttling import Throttle
from voiceclone_site.networks import default_proxies, read_networks

PROXIES = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"]
STRANGER, VISITOR = "203.0.113.1", "198.51.100.2"


@pytest.fixture(autouse=True)
def trusted_proxies(settings) -> None:
    settings.TRUSTED_PROXIES = read_networks(PROXIES)


@pytest.mark.parametrize(
    "peer, forwarded, address",
    [
        (STRANGER, None, STRANGER),
        (STRANGER, VISITOR, STRANGER),
        ("127.0.0.1", VISITOR, VISITOR),
        ("127.0.0.1", f"6.6.6.6, {VISITOR}", VISITOR),
        ("127.0.0.1", f"6.6.6.6, {VISITOR}, 10.0.0.7", VISITOR),
        ("127.0.0.1", f"10.0.0.9, {VISITOR}, 10.0.0.7", VISITOR),
        ("127.0.0.1", "10.0.0.8, 10.0.0.7", "10.0.0.8"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("::ffff:127.0.0.1", f"{VISITOR}:51000", VISITOR),
        ("2001:db8:1::5", "[2001:db8:2:3:4::1]:443", "2001:db8:2:3::/64"),
        ("127.0.0.1", f"{VISITOR}, unknown", "127.0.0.1"),
        ("127.0.0.1", ",,,", "127.0.0.1"),
        ("fe80::1%eth0", VISITOR, "fe80::/64"),
        ("", VISITOR, ""),
    ],
)
def test_the_address_is_the_last_that_is_no_trusted_proxys(peer, forwarded, address) -> None:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)
    assert client_address(request) == address


def ask(settings, peer: str, **headers: str) -> Any:
    settings.BASE_URL = "https://voice.example"
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["voice.example", "inside.example"]
    return Client(headers={"host": "inside.example", **headers}).get("/api/v1/languages", REMOTE_ADDR=peer)


def test_scheme_and_host_count_from_a_trusted_proxy_alone(settings, monkeypatch, caplog) -> None:
    monkeypatch.setattr(middleware, "distrust", Throttle(1, 3600.0))
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "other.example, voice.example"}
    response = ask(settings, "10.1.2.3", **said)
    assert response.status_code == 200
    assert response.wsgi_request.build_absolute_uri("/") == "https://voice.example/"
    assert not caplog.text
    for _ in range(2):
        response = ask(settings, STRANGER, **said)
        assert response.status_code == 301
        assert response["Location"] == "https://inside.example/api/v1/languages"
    assert caplog.text.count(f"What {STRANGER} says in X-Forwarded-* does not count") == 1


@pytest.mark.django_db
def test_health_is_answered_past_the_proxy(settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^api/v1/health"]
    assert Client().get("/api/v1/health/live").status_code == 200
    assert Client().get("/api/v1/languages").status_code == 301


def test_who_is_trusted_by_default() -> None:
    assert list(default_proxies("")) == list(default_proxies("http://voice.example")) == []
    near = read_networks(default_proxies("https://voice.example"))
    assert {"127.0.0.0/8", "172.16.0.0/12"} <= {str(each) for each in near}
    assert all(each.is_private for each in near)
