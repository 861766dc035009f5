"""What a language calls things: symbols, letters, months, units, money, abbreviations."""

from collections.abc import Mapping
from dataclasses import dataclass

SYMBOLS = ("point", "minus", "%", "&", "+", "=", "@", "#", "range", ".", "/", "×", "©", "®")
UNITS = (
    "km", "m", "cm", "mm", "kg", "g", "mg", "l", "ml", "km/h", "°C", "°F", "°", "GB", "MB", "min", "m2", "km2",
)  # fmt: skip
CURRENCIES = ("$", "€", "£", "¥", "₹", "₽")
CURRENCY_CODES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "RUB": "₽"}
FRACTIONS = ("1/2", "1/4", "3/4")


@dataclass(frozen=True)
class Vocabulary:
    """Nouns that are counted are written "one/many", "one/few/many" or "one/few/many/fraction"."""

    symbols: Mapping[str, str]
    letters: Mapping[str, str]  # how "a" to "z" are called
    months: tuple[str, ...]
    time: str  # "{h} Uhr {m}"
    hour: str  # the same on the hour
    date: str  # {d}, {m}, {y}
    units: Mapping[str, str]
    currencies: Mapping[str, str]
    fractions: Mapping[str, str]
    abbreviations: Mapping[str, str]
    """With its full stop → in words. Words that end in "." may end a sentence, as "etc." does."""
    stressed: frozenset[str]
    """Short words that people write in capitals to stress them, so they are no acronyms."""


def build_vocabulary(
    *,
    symbols: str,
    letters: str,
    months: str,
    time: str,
    hour: str,
    date: str,
    units: str,
    currencies: str,
    fractions: str,
    local_units: Mapping[str, str] | None = None,
    abbreviations: str = "",
    stressed: str = "",
) -> Vocabulary:
    """Lists are written with "|", or spaces where single words can't have any, in the order of the names above.

    `local_units` are those that only this language reads.
    """
    pairs = (pair.partition(":") for pair in abbreviations.split("|") if pair)
    return Vocabulary(
        symbols=dict(zip(SYMBOLS, symbols.split("|"), strict=True)),
        letters=dict(zip("abcdefghijklmnopqrstuvwxyz", letters.split(), strict=True)),
        months=tuple(months.split()),
        time=time,
        hour=hour,
        date=date,
        units=dict(zip(UNITS, units.split("|"), strict=True)) | dict(local_units or {}),
        currencies=dict(zip(CURRENCIES, currencies.split("|"), strict=True)),
        fractions=dict(zip(FRACTIONS, fractions.split("|"), strict=True)),
        abbreviations={short: words for short, _, words in pairs},
        stressed=frozenset(stressed.split()),
    )
