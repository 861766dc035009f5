"""Whom a program means by `voice`: a saved voice, one of the engine's own, or one of the names that OpenAI has."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.forms.aliases import describe_value
from cloning.forms.cast import find_cast_voice
from cloning.forms.voice_choice import STOCK, find_voice
from cloning.jobs.aliases import NAMES, find_alias
from cloning.models import Voice
from cloning.text.scripts import guess_language

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser


@dataclass(frozen=True)
class Choice:
    """What `voice` and `language` of a generation are to be. The voice is empty where there is none of this name."""

    voice: str
    language: str


def choose_voice(name: str, text: str, language: str, user: "AnyUser") -> Choice:
    """A saved voice of the name goes first, then what the page says that it means, then `VOICE_ALIASES`, then a stock
    voice for one of OpenAI's names.

    Where no language is asked for, it is that of the voice, or what the text looks like.
    """
    found = find_cast_voice(name, user) or find_meant(name, user)
    if isinstance(found, Voice):
        return Choice(str(found.pk), language or found.language or guess_language(text))
    if isinstance(found, StockVoice):
        return Choice(STOCK + found.key, language or found.own_language or guess_language(text))
    spoken = language or guess_language(text)
    stand_in = find_stand_in(name, spoken) if name in NAMES else None
    return Choice(STOCK + stand_in.key if stand_in else "", spoken)


def find_meant(name: str, user: "AnyUser | None") -> Voice | StockVoice | None:
    """By the page, or by the setting where what the page says is not there any more."""
    if not name.isprintable():  # no name has what a database may not take
        return None
    if (alias := find_alias(name, user)) and (found := find_voice(describe_value(alias), user)):
        return found
    named = settings.VOICE_ALIASES.get(name)
    return find_cast_voice(named, user) if named else None


def find_stand_in(name: str, language: str) -> StockVoice | None:
    """The same for the same name, and another for another as long as there are enough."""
    offered = registry.stock_voices(language) or registry.stock_voices()
    return offered[NAMES.index(name) % len(offered)] if offered else None
