"""Voices as Home Assistant lists them: one for each voice and language, as it sends no language with a name."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import User
from wyoming.info import Attribution, Info, TtsProgram, TtsVoice

from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode, GenerationError
from cloning.forms.cast import find_cast_voice
from cloning.forms.voice_choice import STOCK
from cloning.jobs.speaking import find_engine
from cloning.models import Voice, fold_name
from cloning.server.threads import in_thread
from cloning.text import LANGUAGES, OWN_NAMES, resolve_language
from cloning.text.scripts import guess_language

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

logger = logging.getLogger(__name__)

PROGRAM = "voiceclone"
VERSION = "0.1"
MAX_VOICES = 200
"""Saved ones, each in every language: a list that is sent again and again, and has to be there within a second."""
FRESH_SECONDS = 0.5
"""Home Assistant waits a second for the list: a database that takes longer is not waited for."""


def find_speaker() -> User | None:
    """In whose name is spoken; nobody's where there are no accounts. Raises GenerationError (LOGIN_REQUIRED)."""
    if not settings.REQUIRE_LOGIN:
        return None
    user = User.objects.filter(username=settings.WYOMING_USER, is_active=True).first()
    if user is None:
        raise GenerationError(
            ErrorCode.LOGIN_REQUIRED, f"WYOMING_USER: there is no account “{settings.WYOMING_USER}”."
        )
    return user


class Offer:
    """What is told of the voices: as they are now where that is soon known, else as they were."""

    def __init__(self) -> None:
        self._info = Info()
        self._looking: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        self._info = await in_thread(read_info)

    async def read(self) -> Info:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self.refresh())
        await asyncio.wait({self._looking}, timeout=FRESH_SECONDS)
        if self._looking.done() and (error := self._looking.exception()):
            logger.warning("The voices can't be looked up: %s", error)
        return self._info


def read_info() -> Info:
    try:
        user = find_speaker()
        saved = list(Voice.objects.speakable().visible_to(user)[:MAX_VOICES])
    except GenerationError:
        saved = []
    engine = find_engine()
    program = TtsProgram(
        name=PROGRAM,
        attribution=Attribution(PROGRAM, ""),
        installed=True,
        description=f"Voices of this server, spoken by {engine.label}",
        version=VERSION,
        voices=[*describe_saved(saved), *describe_stock({voice.name_key for voice in saved})],
        supports_synthesize_streaming=True,
    )
    return Info(tts=[program])


def describe_saved(voices: list[Voice]) -> Iterator[TtsVoice]:
    """By name, which stays the same where a voice is made anew; a second one of a name by its id."""
    seen: set[str] = set()
    for voice in sorted(
        voices, key=lambda each: each.is_shared
    ):  # of two, one's own, as `find_cast_voice` has it
        name = voice.name if voice.name_key not in seen else str(voice.pk)
        seen.add(voice.name_key)
        own_first = sorted(LANGUAGES, key=lambda code: code != voice.language)
        for language in own_first:
            yield describe(name, voice.name, language)


def describe_stock(taken: set[str]) -> Iterator[TtsVoice]:
    for voice in registry.stock_voices():
        name = voice.key if fold_name(voice.key) not in taken else STOCK + voice.key
        for language in LANGUAGES if len(voice.languages) != 1 else voice.languages:
            yield describe(name, voice.name, language)


def describe(name: str, label: str, language: str) -> TtsVoice:
    return TtsVoice(
        name=f"{name}-{language}",
        attribution=Attribution("", ""),
        installed=True,
        description=f"{label} ({OWN_NAMES[language]})",
        version=None,
        languages=[language],
        speakers=None,
    )


@dataclass(frozen=True)
class Choice:
    """What `voice` and `language` of a generation are to be."""

    voice: str
    language: str


def choose(name: str, language: str, text: str) -> Choice:
    """Of `alice-de` the language is known, else it is that of the voice, or what the letters look like.

    Where no name is given, it is a stock voice of the language. Raises GenerationError (VOICE_UNKNOWN, LOGIN_REQUIRED).
    """
    user = find_speaker()
    if not name:
        spoken = resolve(language) or guess_language(text)
        return Choice(find_default(spoken, user), language or spoken)
    stem, _, code = name.rpartition("-")
    found = find_cast_voice(stem, user) if stem and code in LANGUAGES else None
    spoken = code if found else language
    found = found or find_cast_voice(name, user)
    if found is None:
        raise GenerationError(ErrorCode.VOICE_UNKNOWN, f"There is no voice “{name[:80]}”, or not any more.")
    own = found.own_language if isinstance(found, StockVoice) else found.language
    value = STOCK + found.key if isinstance(found, StockVoice) else str(found.pk)
    return Choice(value, spoken or own or guess_language(text))


def resolve(language: str) -> str:
    """Empty for one that is not spoken, of which the form says so."""
    try:
        return resolve_language(language)
    except ValueError:
        return ""


def find_default(language: str, user: "AnyUser | None") -> str:
    if stock := registry.stock_voices(language) or registry.stock_voices():
        return STOCK + stock[0].key
    if saved := Voice.objects.speakable().visible_to(user).first():
        return str(saved.pk)
    raise GenerationError(ErrorCode.VOICE_UNKNOWN, "There is no voice yet: save one first.")
