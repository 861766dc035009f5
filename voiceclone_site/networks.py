"""Networks in settings."""

import ipaddress
from collections.abc import Iterable

from environs.exceptions import EnvError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NEARBY = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""This machine, and what no router of the internet forwards: where a proxy or a container beside this one is."""


def default_proxies(base_url: str) -> Iterable[str]:
    """Who ends TLS for an https address is near; without one nobody is in front."""
    return NEARBY if base_url.startswith("https://") else ()


def read_networks(values: Iterable[str], name: str = "TRUSTED_PROXIES") -> list[Network]:
    """Addresses and networks. Raises EnvError, which names what is none."""
    try:
        return [ipaddress.ip_network(value.strip()) for value in values]
    except ValueError as error:
        raise EnvError(f'Environment variable "{name}" invalid: {error}.') from error
