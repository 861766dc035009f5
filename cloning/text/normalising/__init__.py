"""Everything written that is not a word, as words: numbers, dates, times, money, units, addresses, acronyms.

`common` has what most languages share; what is particular to one stands in its own file.

coqui-tts's own cleaner (`TTS/tts/layers/xtts/tokenizer.py`) fails on any digit in Hindi and on long
numbers, reads no Turkish decimals and few currencies, knows neither dates nor times, lower-cases acronyms
into syllables, and takes a letter before a full stop for a title ("plan B." becomes "plan bay" in Turkish).
It still runs after us, and finds nothing left to do but lower-casing and transliteration.

Every pattern is linear: its parts are bounded or can begin in one place only, so that time grows with the length of
the text whatever is pasted.
"""

from collections.abc import Callable

from cloning.text.cleaning import find_lines
from cloning.text.normalising.ar import Arabic
from cloning.text.normalising.common.addresses import expand_abbreviations, read_addresses
from cloning.text.normalising.common.amounts import read_measures, read_money
from cloning.text.normalising.common.dates import read_dates, read_times
from cloning.text.normalising.common.language import Language
from cloning.text.normalising.common.letters import lower_shouting, spell_acronyms
from cloning.text.normalising.common.numbers import (
    join_endings,
    read_ordinals,
    read_phone_numbers,
    read_ranges_and_fractions,
    read_remaining_numbers,
)
from cloning.text.normalising.common.symbols import order_punctuation, read_symbols
from cloning.text.normalising.cs import Czech
from cloning.text.normalising.de import German
from cloning.text.normalising.en import English
from cloning.text.normalising.es import Spanish
from cloning.text.normalising.fr import French
from cloning.text.normalising.hi import Hindi
from cloning.text.normalising.hu import Hungarian
from cloning.text.normalising.it import Italian
from cloning.text.normalising.ja import Japanese
from cloning.text.normalising.ko import Korean
from cloning.text.normalising.nl import Dutch
from cloning.text.normalising.pl import Polish
from cloning.text.normalising.pt import Portuguese
from cloning.text.normalising.ru import Russian
from cloning.text.normalising.tr import Turkish
from cloning.text.normalising.zh import Chinese

READINGS: dict[str, Language] = {
    language.code: language
    for language in (
        *(English(), Spanish(), French(), German(), Italian(), Portuguese(), Polish(), Turkish(), Russian()),
        *(Dutch(), Czech(), Arabic(), Chinese(), Hungarian(), Korean(), Japanese(), Hindi()),
    )
}

STEPS: tuple[Callable[[str, Language], str], ...] = (
    lower_shouting,
    read_addresses,
    expand_abbreviations,
    read_dates,
    read_phone_numbers,
    read_ranges_and_fractions,
    read_times,
    read_measures,
    read_money,
    read_ordinals,
    read_remaining_numbers,
    join_endings,
    spell_acronyms,
    read_symbols,
    order_punctuation,
    # Once more what is known by the signs and spaces around it: "x .", "1etc.", "TEL×" have others now. So what has
    # been normalized stays as it is when it's normalized again.
    read_addresses,
    expand_abbreviations,
    spell_acronyms,
    order_punctuation,
)


def normalize(text: str, language: str) -> str:
    """The text as it is spoken, its lines separated by a blank one. `language` is a key of LANGUAGES.

    No digit, emoji, mark-up, bracket, double quote or invisible character is left. Never fails; returns ""
    for a text with nothing to say in it. What has been normalized stays as it is when normalized again.
    """
    return "\n\n".join(line for paragraph in normalize_paragraphs(text, language) for line in paragraph)


def normalize_paragraphs(text: str, language: str) -> list[list[str]]:
    """As `normalize`, each paragraph with its lines: a blank line is more than the end of a line."""
    reading = READINGS[language]
    lines = find_lines(text, is_spaced=reading.is_spaced, has_dot_ordinals=reading.has_dot_ordinals)
    spoken = "\n".join(lines)
    for step in STEPS:
        spoken = step(spoken, reading)
    paragraphs: list[list[str]] = [[]]
    for line in spoken.split("\n"):
        if any(map(str.isalpha, line)):
            paragraphs[-1].append(line)
        elif not line and paragraphs[-1]:
            paragraphs.append([])
    return [paragraph for paragraph in paragraphs if paragraph]
