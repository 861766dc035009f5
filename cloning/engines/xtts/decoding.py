"""Speaks several segments at once: rows join when there is room, and leave when their speech ends."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch

from cloning.engines.xtts.ending import Guard, Speech
from cloning.engines.xtts.gpt import Cache, Gpt
from cloning.engines.xtts.sampling import SamplingSettings, sample

MOST_ROWS = 16
CACHE_BYTES = 2 * 2**30
"""Bounds the rows of a batch. Rows that end early, as most do, use far less than they could."""
UNSPOKEN_PREFIX_CODE = 1
"""Coqui hands `generate` this code in place of voice and text, and so penalises it as if it had been spoken."""


@dataclass(eq=False)
class Row:
    """One segment to be spoken, and what was spoken of it."""

    voice: torch.Tensor  # Gpt.voice_prefix
    text: torch.Tensor  # Gpt.text_embeddings
    guard: Guard
    temperature: float
    generator: torch.Generator
    codes: list[int] = field(default_factory=list)
    latents: list[torch.Tensor] = field(default_factory=list)  # one for each code, (channels,)

    @property
    def most_positions(self) -> int:
        return self.voice.shape[4] + len(self.text) + self.guard.most_codes


class Decoder:
    """A batch in progress: call `step` until `is_done`."""

    def __init__(self, gpt: Gpt, rows: Iterable[Row], settings: SamplingSettings) -> None:
        self._gpt = gpt
        self._settings = settings
        # The longest first: together they end sooner.
        self._waiting = deque(sorted(rows, key=lambda row: row.guard.most_codes, reverse=True))
        self._rows: list[Row] = []
        positions = max(row.most_positions for row in self._waiting)
        room = CACHE_BYTES // (positions * gpt.bytes_per_position)
        self._slots = max(1, min(room, MOST_ROWS, len(self._waiting)))
        self._cache = Cache(gpt, self._slots, positions)
        self._latents = torch.empty(self._slots, gpt.channels, dtype=gpt.dtype, device=gpt.device)
        self._seen = torch.zeros(self._slots, gpt.code_count, dtype=torch.bool, device=gpt.device)

    @property
    def is_done(self) -> bool:
        return not self._rows and not self._waiting

    @torch.inference_mode()
    def step(self) -> list[Row]:
        """One more code for each row; returns the rows whose speech has ended."""
        self._admit()
        count = len(self._rows)
        latents = self._latents[:count].clone()
        temperatures = torch.tensor([[row.temperature] for row in self._rows], device=self._gpt.device)
        generators = [row.generator for row in self._rows]
        scores = self._gpt.logits(latents)
        stop_probabilities = scores.softmax(dim=-1)[:, self._gpt.stop_code].tolist()
        codes = sample(scores, self._seen[:count], temperatures, generators, self._settings)
        self._seen[:count].scatter_(1, codes[:, None], True)
        for index, (row, code) in enumerate(zip(self._rows, codes.tolist(), strict=True)):
            row.codes.append(code)
            row.latents.append(latents[index])
            row.guard.hear(code, stop_probabilities[index])
        ended = [row for row in self._rows if row.guard.speech is not Speech.GOES_ON]
        for row in ended:
            self._remove(self._rows.index(row))
        if self._rows:
            self._continue()
        return ended

    def _admit(self) -> None:
        first = len(self._rows)
        new = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._slots - first))]
        if not new:
            return
        self._rows += new
        end = len(self._rows)
        self._latents[first:end] = self._gpt.start_rows(
            self._cache, first, [row.voice for row in new], [row.text for row in new]
        )
        self._seen[first:end] = False
        self._seen[first:end, [UNSPOKEN_PREFIX_CODE, self._gpt.start_code]] = True

    def _remove(self, index: int) -> None:
        """The last row takes the place of the one which ended, so that the batch stays dense."""
        last = len(self._rows) - 1
        if index != last:
            self._cache.move_row(last, index)
            self._seen[index] = self._seen[last]
            self._rows[index] = self._rows[last]
        self._rows.pop()

    def _continue(self) -> None:
        codes = torch.tensor([row.codes[-1] for row in self._rows], device=self._gpt.device)
        positions = [len(row.codes) for row in self._rows]
        self._latents[: len(self._rows)] = self._gpt.step(self._cache, codes, positions)
