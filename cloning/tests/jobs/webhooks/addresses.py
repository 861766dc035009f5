"""Names that resolve to what a test says."""

from typing import Any


def resolve_to(monkeypatch, *addresses: str) -> list[str]:
    """Every name, to one of the addresses after the other. Returns which names were asked for."""
    asked, left = [], list(addresses)

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(0, 0, 0, "", (address, port))]

    monkeypatch.setattr("cloning.jobs.webhooks.outgoing.getaddrinfo", getaddrinfo)
    return asked
