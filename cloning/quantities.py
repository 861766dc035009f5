"""What is limited, and for whom."""

from enum import StrEnum


class Quantity(StrEnum):
    REQUESTS = "requests"  # calls of the API and forms of pages, a minute
    CHARACTERS = "characters"  # of texts, a day
    SPEECH = "speech_seconds"  # a day
    WAITING = "waiting"  # generations that wait or are spoken
    STORED = "stored_mb"
    LISTENERS = "listeners"  # to streams, at once


class Kind(StrEnum):
    USER = "user"
    KEY = "key"
    ADDRESS = "address"
    SERVER = "server"


WINDOW_SECONDS = {Quantity.REQUESTS: 60, Quantity.CHARACTERS: 86_400, Quantity.SPEECH: 86_400}
"""Of what is counted up; the rest is looked up as it is."""
HAVE_STORED = (Kind.USER, Kind.SERVER)
"""What is stored belongs to a person; from which address or with which key it came is not kept."""

Limits = dict[Quantity, int]


def parse_limits(value: str, kind: Kind) -> Limits:
    """Of a setting such as `requests=60,characters=20000`. Raises ValueError."""
    limits: Limits = {}
    for part in filter(None, (each.strip() for each in value.split(","))):
        name, _, number = (each.strip() for each in part.partition("="))
        allowed = [each for each in Quantity if each is not Quantity.STORED or kind in HAVE_STORED]
        if name not in allowed:
            raise ValueError(f"“{name}” is none of {', '.join(allowed)}.")
        if not (number.isascii() and number.isdigit()) or not 1 <= int(number) <= 10**12:
            raise ValueError(f"{name} has to be a whole number from 1 on.")
        limits[Quantity(name)] = int(number)
    return limits
