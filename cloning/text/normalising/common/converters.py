"""The number readers of num2words, made fast and safe for threads."""

import threading
from typing import Any

from num2words import CONVERTER_CLASSES

MAX_READ_DIGITS = 18
"""Longer numbers are spelt: nobody follows them as words, and num2words begins to fail at 25 digits."""


class Converters(threading.local):
    """A set for each thread: the Arabic converter keeps the number that it reads in itself.

    Those of English, French, German and Dutch have names for numbers of 600 digits and try each of them on every
    number. Without the names that are never needed they are ten times as fast.
    """

    def __init__(self) -> None:
        self.by_name: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        if name not in self.by_name:
            converter = type(CONVERTER_CLASSES[name])()
            for value in [value for value in getattr(converter, "cards", ()) if value > 10**MAX_READ_DIGITS]:
                del converter.cards[value]
            self.by_name[name] = converter
        return self.by_name[name]


converters = Converters()
