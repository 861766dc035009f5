"""From where a request comes, and which proxies are believed to say so (ADR 35)."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

FORWARDED_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
"""What counts from a trusted proxy alone."""


def client_address(request: HttpRequest) -> str:
    """Whom tries and limits are counted for: an IPv4 address or the network of an IPv6 one, which its owner can
    choose in; what the log of who did what names. Empty where nothing is known.

    Of the addresses in X-Forwarded-For that is the last which is no trusted proxy's own: what stands before it, the
    client may have written.
    """
    address = parse_address(str(request.META.get("REMOTE_ADDR", "")))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while is_trusted(address) and hops and (hop := parse_address(hops.pop())):
        address = hop
    return name_address(address)


def name_address(address: Address | None) -> str:
    """As whom limits count it, and the log of deeds names it."""
    if address is None:
        return ""
    return str(address if address.version == 4 else ipaddress.ip_network((address, 64), strict=False))


def comes_from_proxy(request: HttpRequest) -> bool:
    """Whether the connection itself is a trusted proxy's."""
    return is_trusted(parse_address(str(request.META.get("REMOTE_ADDR", ""))))


def is_trusted(address: Address | None) -> bool:
    return address is not None and any(address in network for network in settings.TRUSTED_PROXIES)


def parse_address(value: str) -> Address | None:
    """With a port, too, as some proxies write it: `192.0.2.1:5000`, `[2001:db8::1]:5000`. None for what is none."""
    value = value.strip()
    if value.startswith("["):
        value = value[1:].partition("]")[0]
    elif value.count(":") == 1:
        value = value.partition(":")[0]
    try:
        address = ipaddress.ip_address(value.partition("%")[0])
    except ValueError:
        return None
    return address.ipv4_mapped or address if address.version == 6 else address
