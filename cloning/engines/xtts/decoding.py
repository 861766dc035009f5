"""Speaks several segments at once: rows join when there is room, and leave when their speech ends."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch

from cloning.engines.xtts.ending import EndOfSpeechDetector, Speech
from cloning.engines.xtts.gpt import Cache, Gpt
from cloning.engines.xtts.sampling import SamplingSettings, sample

MAX_ROWS = 16
CACHE_BYTES = 2 * 2**30
"""Bounds the rows of a batch. Rows that end early, as most do, use far less than they could."""
MIN_POSITIONS = 512
"""For each row of a cache, so that most of what comes later fits too; MAX_ROWS of them fit into CACHE_BYTES."""
UNSPOKEN_PREFIX_CODE = 1
"""Coqui hands `generate` this code in place of voice and text, and so penalises it as if it had been spoken."""


@dataclass(eq=False)
class Row:
    """One segment to be spoken, and what was spoken of it."""

    voice: torch.Tensor  # Gpt.voice_prefix
    text: torch.Tensor  # Gpt.text_embeddings
    detector: EndOfSpeechDetector
    temperature: float
    generator: torch.Generator
    codes: list[int] = field(default_factory=list)
    latents: list[torch.Tensor] = field(default_factory=list)  # one for each code, (channels,)
    failure: Exception | None = None  # what ended the whole batch, when something did

    @property
    def has_ended(self) -> bool:
        return self.detector.speech is not Speech.GOES_ON

    @property
    def max_positions(self) -> int:
        return self.voice.shape[4] + len(self.text) + self.detector.max_codes


@dataclass(eq=False)
class Group:
    """Rows that were added together: the segments of one text."""

    waiting: deque[Row]
    speaking: list[Row] = field(default_factory=list)


class Decoder:
    """The one batch of an engine: texts of several callers are spoken side by side, each `step` a code of each row.

    Room goes to the text that has the fewest rows speaking, so that a sentence needn't wait for a book. To be used by
    one thread.
    """

    def __init__(self, gpt: Gpt, settings: SamplingSettings) -> None:
        self._gpt = gpt
        self._settings = settings
        self._groups: list[Group] = []
        self._rows: list[Row] = []  # in the order of the cache's
        self._cache: Cache | None = None  # none while nothing is spoken

    @property
    def is_speaking(self) -> bool:
        return bool(self._groups)

    def add(self, rows: Iterable[Row]) -> None:
        # The longest first: together they end sooner.
        waiting = sorted(rows, key=lambda row: row.detector.max_codes, reverse=True)
        self._groups.append(Group(deque(waiting)))

    @torch.inference_mode()
    def drop(self, rows: Iterable[Row]) -> None:
        """Forgets those of the rows that wait or are being spoken."""
        for row in rows:
            if row in self._rows:
                self._remove(row)
            for group in self._groups:
                if row in group.waiting:
                    group.waiting.remove(row)
        self._forget_what_is_done()

    def step(self) -> None:
        """One more code for each row; `Row.has_ended` says whose speech has ended.

        Raises nothing: what goes wrong, as memory that does not suffice, ends every row as its `failure`.
        """
        try:
            with torch.inference_mode():
                self._step()
        except Exception as error:
            for row in [*self._rows, *(row for group in self._groups for row in group.waiting)]:
                row.failure = error
            self._groups, self._rows, self._cache = [], [], None

    def _step(self) -> None:
        self._admit()
        if not self._rows:
            return
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
            row.detector.update(code, stop_probabilities[index])
        for row in [row for row in self._rows if row.has_ended]:
            self._remove(row)
        if self._rows:
            self._continue()
        self._forget_what_is_done()

    def _admit(self) -> None:
        first = len(self._rows)
        new: list[Row] = []
        while (group := self._next_group()) and self._has_room(group.waiting[0]):
            row = group.waiting.popleft()
            group.speaking.append(row)
            self._rows.append(row)
            new.append(row)
        if not new:
            return
        assert self._cache
        end = len(self._rows)
        self._latents[first:end] = self._gpt.start_rows(
            self._cache, first, [row.voice for row in new], [row.text for row in new]
        )
        self._seen[first:end] = False
        self._seen[first:end, [UNSPOKEN_PREFIX_CODE, self._gpt.start_code]] = True

    def _next_group(self) -> Group | None:
        waiting = [group for group in self._groups if group.waiting]
        return min(waiting, key=lambda group: len(group.speaking), default=None)

    def _has_room(self, row: Row) -> bool:
        """A row too long for the cache waits, and those after it, until the batch is at its end and a new one made."""
        if not self._rows and (self._cache is None or self._positions < row.max_positions):
            self._make_room()
        return len(self._rows) < self._slots and row.max_positions <= self._positions

    def _make_room(self) -> None:
        gpt = self._gpt
        longest = max(row.max_positions for group in self._groups for row in group.waiting)
        self._positions = max(longest, MIN_POSITIONS)
        room = CACHE_BYTES // (self._positions * gpt.bytes_per_position)
        self._slots = max(1, min(room, MAX_ROWS))
        self._cache = None  # let go before the new one is there
        self._cache = Cache(gpt, self._slots, self._positions)
        self._latents = torch.empty(self._slots, gpt.channels, dtype=gpt.dtype, device=gpt.device)
        self._seen = torch.zeros(self._slots, gpt.code_count, dtype=torch.bool, device=gpt.device)

    def _remove(self, row: Row) -> None:
        """The last row takes the place of this one, so that the batch stays dense."""
        assert self._cache
        index, last = self._rows.index(row), len(self._rows) - 1
        if index != last:
            self._cache.move_row(last, index)
            self._latents[index] = self._latents[last]
            self._seen[index] = self._seen[last]
            self._rows[index] = self._rows[last]
        self._rows.pop()
        for group in self._groups:
            if row in group.speaking:
                group.speaking.remove(row)

    def _continue(self) -> None:
        assert self._cache
        codes = torch.tensor([row.codes[-1] for row in self._rows], device=self._gpt.device)
        positions = [len(row.codes) for row in self._rows]
        self._latents[: len(self._rows)] = self._gpt.step(self._cache, codes, positions)

    def _forget_what_is_done(self) -> None:
        self._groups = [group for group in self._groups if group.waiting or group.speaking]
        if not self._groups:
            self._cache = None
