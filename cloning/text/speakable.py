"""Whether a text holds anything to say, told in a few milliseconds: a request can't wait for all of it to be read."""

from cloning.text.cleaning import write_out_character
from cloning.text.normalising import normalize
from cloning.text.normalising.common.vocabulary import CURRENCIES

READ_CHARS = 1_000
SYMBOLS = frozenset("&+=@#×©®%°").union(CURRENCIES)


class UnspeakableText(ValueError):
    """The text can't be said; the message is written for the person who sent it."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message or "There is nothing to speak in this text: it needs at least one letter or number."
        )


def check_speakable(text: str, language: str) -> None:
    """Raises UnspeakableText when nothing can be said: only emoji, punctuation, invisible characters.

    Exact for texts of READ_CHARS. Of a longer one that begins with nothing to say, the rest is only looked at for
    characters that may have a sound: what passes here may still be refused by `split`, never the other way round.
    """
    beginning = text[:READ_CHARS]
    if any(map(str.isalpha, normalize(beginning, language))):
        return
    # A line that goes on may be read, though its beginning alone is a rule or a half-open tag.
    unread = text[beginning.rfind("\n") + 1 :] if len(text) > READ_CHARS else ""
    if not any(map(may_have_sound, set(unread))):
        raise UnspeakableText


def may_have_sound(character: str) -> bool:
    return any(
        part.isalpha() or part.isnumeric() or part in SYMBOLS for part in write_out_character(character)
    )
