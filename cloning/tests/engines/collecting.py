"""What comes of an engine's stream."""

from collections.abc import Generator

from cloning.engines.base import Waveform


def collect(stream: Generator[Waveform, None, int]) -> tuple[list[Waveform], int]:
    """The pieces, and how many samples of them are speech."""
    pieces: list[Waveform] = []
    while True:
        try:
            pieces.append(next(stream))
        except StopIteration as stop:
            return pieces, stop.value
