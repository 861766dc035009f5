"""What a client sends, and what it hears."""

from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeVoice


async def hear(client: AsyncClient) -> list[Event]:
    """To what ends the answer, the sound of it joined to one chunk."""
    heard: list[Event] = []
    while event := await client.read_event():
        if event.type == "audio-chunk" and heard and heard[-1].type == "audio-chunk":
            heard[-1].payload = (heard[-1].payload or b"") + (event.payload or b"")
        else:
            heard.append(event)
        if event.type in ("synthesize-stopped", "info", "pong"):
            break
        if event.type == "audio-stop" and not getattr(client, "is_streaming", False):
            break
    return heard


async def ask(client: AsyncClient, *events: Event) -> list[Event]:
    for event in events:
        await client.write_event(event)
    return await hear(client)


def synthesize(text: str, **voice: str) -> Event:
    return Synthesize(text, SynthesizeVoice(**voice) if voice else None).event()
