"""One connection: what the client asks, and what it is answered.

What goes wrong is said by an `error` event, and then the connection is closed: Home Assistant would go on waiting for
`audio-stop`.
"""

import asyncio
import logging
from typing import Any

from django.conf import settings
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.ping import Pong
from wyoming.tts import SynthesizeStopped

from cloning.errors import ErrorCode, GenerationError
from cloning.models import random_seed
from cloning.server.broadcasts import explain
from cloning.server.threads import in_thread
from cloning.text.arriving import ArrivingText
from cloning.text.splitting import SENTENCE_GAP_SECONDS
from cloning.wyoming.speaking import Sound, Speech
from cloning.wyoming.voices import Choice, Offer, choose
from cloning.wyoming.wire import WrongEventError, read_event, write_event

logger = logging.getLogger(__name__)

WIDTH_BYTES = 2
CHUNK_BYTES = 16 * 1024
NOT_SPEAKABLE = (ErrorCode.TEXT_UNSPEAKABLE, ErrorCode.TEXT_MISSING)


class Utterance:
    """A text that is spoken, all of it there already or still coming."""

    def __init__(self, event: Event) -> None:
        if event.data.get("text_format") not in (None, "text"):
            raise GenerationError(ErrorCode.BAD_REQUEST, "SSML is not understood here: send plain text.")
        voice = event.data.get("voice") or {}
        if not isinstance(voice, dict):
            raise GenerationError(ErrorCode.BAD_REQUEST, "“voice” has to be an object.")
        self.voice, self.language = read_text(voice, "name"), read_text(voice, "language")
        self.is_streamed = event.type == "synthesize-start"
        self.is_whole = False
        self._text = ArrivingText()
        self._news = asyncio.Event()

    def add(self, piece: str) -> None:
        if self._text.length + len(piece) > settings.MAX_TEXT_CHARS:
            raise GenerationError(
                ErrorCode.TEXT_TOO_LONG, f"At most {settings.MAX_TEXT_CHARS} characters are spoken at a time."
            )
        self._text.add(piece)
        self._news.set()

    def end(self) -> None:
        self.is_whole = True
        self._news.set()

    async def next_part(self) -> str:
        """Whole sentences as soon as there are some; empty at the end."""
        while not self.is_whole:
            if part := self._text.take_sentences():
                return part
            self._news.clear()
            await self._news.wait()
        return self._text.take_rest()


class Conversation:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        address: str,
        speech: Speech,
        offer: Offer,
    ) -> None:
        self._reader, self._writer, self._address = reader, writer, address
        self._speech, self._offer = speech, offer
        self._coming: Utterance | None = None
        self._speaking: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until the client leaves, which ends what is spoken to it."""
        try:
            while event := await read_event(self._reader):
                await self._handle(event)
                await asyncio.sleep(0)  # what is there already is read without a pause for others
        except WrongEventError as error:
            await self._fail(GenerationError(ErrorCode.REQUEST_UNREADABLE, str(error)))
        except ConnectionError:
            pass
        except Exception as error:
            await self._fail(error)
        finally:
            if self._speaking:
                self._speaking.cancel()
                await asyncio.wait({self._speaking})
            self._writer.close()

    async def _handle(self, event: Event) -> None:
        """Others than these are dropped, as the protocol wants it."""
        match event.type:
            case "describe":
                await self._send((await self._offer.read()).event())
            case "ping":
                await self._send(Pong(read_text(event.data, "text")).event())
            case "synthesize" if self._coming is None:
                await self._begin(event)
                self._end_text(read_text(event.data, "text"))
            case "synthesize-start":
                await self._begin(event)
            case "synthesize-chunk" if self._coming:
                self._coming.add(read_text(event.data, "text"))
            case "synthesize-stop" if self._coming:
                self._end_text("")

    async def _begin(self, event: Event) -> None:
        """After what is spoken already."""
        self._end_text("")
        if self._speaking:
            await asyncio.wait({self._speaking})
        self._coming = Utterance(event)
        self._speaking = asyncio.create_task(self._speak(self._coming))

    def _end_text(self, rest: str) -> None:
        if self._coming:
            self._coming.add(rest)
            self._coming.end()
            self._coming = None

    async def _speak(self, utterance: Utterance) -> None:
        try:
            await self._speak_parts(utterance)
        except ConnectionError:
            self._writer.close()  # `run` notices
        except Exception as error:
            await self._fail(error)

    async def _speak_parts(self, utterance: Utterance) -> None:
        """What has come while one part is spoken is the next."""
        choice: Choice | None = None
        seed = random_seed()
        rate_hz = 0
        text = ""
        while part := await utterance.next_part():
            text += part
            if choice is None:
                choice = await in_thread(choose, utterance.voice, utterance.language, text)
            try:
                async with self._speech.speak(text, choice, seed, self._address) as sound:
                    if rate_hz:
                        gap_bytes = WIDTH_BYTES * round(SENTENCE_GAP_SECONDS * rate_hz)
                        await self._send(chunk(bytes(gap_bytes), rate_hz))
                    else:
                        rate_hz = sound.sample_rate_hz
                        await self._send(AudioStart(rate_hz, WIDTH_BYTES, 1).event())
                    await self._send_sound(sound)
                text = ""
            except GenerationError as error:
                # An emoji between two sentences goes with the second, or is passed over.
                if error.code not in NOT_SPEAKABLE or (utterance.is_whole and not rate_hz):
                    raise
        if not rate_hz:
            raise GenerationError(ErrorCode.TEXT_MISSING, "There is no text to be spoken.")
        await self._send(AudioStop().event())
        if utterance.is_streamed:
            await self._send(SynthesizeStopped().event())

    async def _send_sound(self, sound: Sound) -> None:
        async for piece in sound.pieces:
            for start in range(0, len(piece), CHUNK_BYTES):
                await self._send(chunk(piece[start : start + CHUNK_BYTES], sound.sample_rate_hz))

    async def _fail(self, error: Exception) -> None:
        known = explain(error)
        logger.info("%s was refused: %s: %s", self._address, known.code, known)
        try:
            await self._send(Error(str(known), str(known.code)).event())
        except ConnectionError:
            pass
        finally:
            self._writer.close()

    async def _send(self, event: Event) -> None:
        await write_event(event, self._writer)


def chunk(pcm: bytes, sample_rate_hz: int) -> Event:
    return AudioChunk(sample_rate_hz, WIDTH_BYTES, 1, pcm).event()


def read_text(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise GenerationError(ErrorCode.BAD_REQUEST, f"“{name}” has to be a string.")
    return (value or "").encode("utf-8", "replace").decode()
