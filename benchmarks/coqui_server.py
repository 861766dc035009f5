"""coqui-tts's own streaming behind gunicorn's asyncio worker, for benchmarks.streaming.

COQUI_FOLDER names the checkpoint, COQUI_THREADS how many threads it has. Whatever is posted is spoken, and answered
with samples (16-bit, little-endian, mono) as coqui-tts gives them.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.contenders import STREAM_CODES, Coqui

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

torch.set_num_threads(int(os.environ["COQUI_THREADS"]))


class Speaker(Coqui):
    def stream(self, text: str) -> Iterator[bytes]:
        pieces = self._model.inference_stream(
            text,
            "en",
            **self._voice,
            **self._settings,
            stream_chunk_size=STREAM_CODES,
            min_new_tokens=2 * STREAM_CODES,
        )
        for piece in pieces:
            yield (piece.clamp(-1, 1).numpy() * 32767).astype(np.int16).tobytes()


speaker = Speaker(Path(os.environ["COQUI_FOLDER"]))


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    text, is_more = b"", True
    while is_more:
        message = await receive()
        text, is_more = text + message.get("body", b""), message.get("more_body", False)
    headers = [(b"content-type", b"audio/pcm")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    pieces = speaker.stream(text.decode())
    while piece := await asyncio.to_thread(next, pieces, b""):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
