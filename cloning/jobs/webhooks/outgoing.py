"""A request to an address that somebody else chose: to nothing near us, and not for long."""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from socket import getaddrinfo
from urllib.parse import urlsplit

from django.conf import settings

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
"""From the connection to the answer's status, however slowly it comes."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutgoingError(Exception):
    """Why there is no answer."""


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer, whose body is not read; redirects are not followed. Raises OutgoingError.

    The name is resolved once, and the very address that was looked at is connected to.
    """
    try:
        parts = urlsplit(url)
        is_tls = parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        host = (parts.hostname or "").encode("idna").decode() if ":" not in (parts.hostname or "") else ""
        connection = PinnedConnection(host or parts.hostname or "", port, is_tls)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return connection.send_within(TOTAL_SECONDS, target, body, headers)
    except (OSError, UnicodeError, ValueError, http.client.HTTPException) as error:
        raise OutgoingError(explain(error)) from error


class PinnedConnection(http.client.HTTPConnection):
    """To an address that may be connected to; TLS and `Host` are of the name."""

    def __init__(self, host: str, port: int, is_tls: bool) -> None:
        super().__init__(host, port, timeout=CONNECT_SECONDS)
        self.default_port = 443 if is_tls else 80
        self._is_tls = is_tls
        self._handle: socket.socket | None = None
        self._is_over = False

    def connect(self) -> None:
        address = find_address(self.host, self.port)
        raw = socket.create_connection((str(address), self.port), CONNECT_SECONDS)
        self._handle = raw.dup()  # TLS takes the other one away
        self.sock = raw
        if self._is_over:
            raise TimeoutError
        if self._is_tls:
            self.sock = tls().wrap_socket(raw, server_hostname=self.host)

    def send_within(self, seconds: float, target: str, body: bytes, headers: Mapping[str, str]) -> int:
        """A time limit of a socket is for each of its packets: an answer in drops would go on for ever."""
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            self.request("POST", target, body, dict(headers))
            return self.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            if self._is_over:
                raise TimeoutError(f"no answer within {seconds:g} s") from error
            raise
        finally:
            timer.cancel()
            self.close()
            if self._handle:
                self._handle.close()

    def _end(self) -> None:
        self._is_over = True
        if self._handle:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)


@cache
def tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def find_address(host: str, port: int) -> Address:
    """Raises OutgoingError, as an OSError, where there is none that may be connected to."""
    found = getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if allowed := next(filter(is_allowed, addresses), None):
        return allowed
    raise PermissionError(
        f"{addresses[0]} is not on the internet, and WEBHOOK_ALLOWED_NETWORKS does not name it"
    )


def is_allowed(address: Address) -> bool:
    """On the internet, or in a network that the operator names."""
    address = unwrap(address)
    if any(address in network for network in settings.WEBHOOK_ALLOWED_NETWORKS):
        return True
    return address.is_global and not (address.is_multicast or address.is_reserved)


def unwrap(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo
        inner = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def explain(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "The name can't be resolved."
    if isinstance(error, TimeoutError):
        return "It did not answer in time."
    said = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return f"{said}."
