"""E-mail and web addresses, and abbreviations."""

import re
from functools import cache

from cloning.text.normalising.common.language import Language

TOP_LEVEL_DOMAINS = (
    "com|org|net|edu|gov|info|io|dev|app|ai|eu|de|fr|es|it|pt|br|pl|tr|ru|nl|be|cz|hu|cn|jp|kr|in|uk|us|ca|au"
)
URL = re.compile(
    r"\b(?:https?://|www\.)(?:www\.)?([^\s/?#\"'<>，。）)]{1,253})((?:/[^\s?#\"'<>，。）)]{0,300})?)"
    r"[^\s，。）)\"'<>]{0,500}"
)
EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,5})")
DOMAIN = re.compile(
    rf"(?<![\w.@-])((?:[a-z0-9-]{{1,63}}\.){{1,4}}(?:{TOP_LEVEL_DOMAINS}))((?:/[\w./-]{{0,200}})?)(?![\w@])"
)
MAX_READ_PATH_CHARS = 30


def read_addresses(text: str, language: Language) -> str:
    at = language.vocabulary.symbols["@"]
    text = EMAIL.sub(
        lambda match: f" {read_dots(match[1], language)} {at} {read_dots(match[2], language)} ", text
    )
    text = URL.sub(lambda match: read_address(match, language), text)
    return DOMAIN.sub(lambda match: read_address(match, language), text)


def read_address(match: re.Match[str], language: Language) -> str:
    host, path = match[1].rstrip(".,;:!"), match[2]
    stop = match[0][-1] if match[0][-1] in ".,;:!?" else ""
    slash = language.vocabulary.symbols["/"]
    short_path = path.strip("/.,;:!") if len(path) <= MAX_READ_PATH_CHARS else ""
    parts = (host.removeprefix("www."), *short_path.split("/"))
    words = f" {slash} ".join(read_dots(part, language) for part in parts if part)
    return f" {words}{stop} "


def read_dots(part: str, language: Language) -> str:
    words = [re.sub(r"[-_+]", " ", word) for word in part.split(".") if word]
    return f" {language.vocabulary.symbols['.']} ".join(words)


@cache
def abbreviation_pattern(language: Language) -> re.Pattern[str] | None:
    """Groups: the abbreviation, and the end of the paragraph if it follows."""
    shorts = sorted(language.vocabulary.abbreviations, key=len, reverse=True)
    if not shorts:
        return None
    alternatives = [
        re.escape(short) + (r"(?= [^\W\d_a-zà-ÿа-яё])" if len(short) == 2 and short[1] == "." else r"(?!\w)")
        for short in shorts
    ]
    return re.compile(rf"(?<![\w.])({'|'.join(alternatives)})( *$)?", re.MULTILINE)


def expand_abbreviations(text: str, language: Language) -> str:
    text = language.expand_own_abbreviations(text)
    pattern = abbreviation_pattern(language)
    return pattern.sub(lambda match: expand_abbreviation(match, language), text) if pattern else text


def expand_abbreviation(match: re.Match[str], language: Language) -> str:
    words = language.vocabulary.abbreviations[match[1]]
    if not words.endswith("."):
        return words
    following = match.string[match.end(1) : match.end(1) + 2].partition("\n")[0].strip()
    ends_sentence = match[2] is not None or not following or following[0].isupper()
    return words if match[1].endswith(".") and ends_sentence else words[:-1]
