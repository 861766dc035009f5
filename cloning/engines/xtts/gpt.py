"""XTTS's GPT-2 for inference: weights of coqui's `GPT`, a key-value cache, packed prefill, batched steps.

The arithmetic is that of `TTS.tts.layers.xtts.gpt.GPT.generate`. A row is one segment being spoken: the voice's
prefix (32 latents), the text, the start code, then codes. A row's last hidden state, after both final norms,
predicts its next code and is at the same time the latent that the vocoder gets for that code: coqui computes
these latents in a second pass over all codes.
"""

import copy
import ctypes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from cloning.engines.base import EngineError
from cloning.engines.xtts.linear import Linear, pack_linear
from cloning.engines.xtts.model import XttsModel

Attend = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""From layer number, queries, keys and values, each (tokens, heads, head size), to the same shape."""


@dataclass(frozen=True)
class Layer:
    attention_norm: nn.LayerNorm
    queries_keys_values: Linear
    attention_out: Linear
    feed_forward_norm: nn.LayerNorm
    up: Linear
    down: Linear


class Cache:
    """Keys and values of a batch, shape (layers, 2, rows, heads, positions, head size); `lengths` are per row."""

    def __init__(self, gpt: "Gpt", rows: int, positions: int) -> None:
        shape = (len(gpt.layers), 2, rows, gpt.heads, positions, gpt.channels // gpt.heads)
        if gpt.device.type == "cpu":
            # NumPy's zeros take no memory before they are written to: rows seldom use all their positions.
            # Zeros they must be, since a masked NaN still spoils a sum.
            self.tensor = torch.from_numpy(np.zeros(shape, np.float32))
        else:
            self.tensor = torch.zeros(shape, dtype=gpt.dtype, device=gpt.device)
        self.lengths = [0] * rows

    def move_row(self, source: int, target: int) -> None:
        length = self.lengths[source]
        self.tensor[:, :, target, :, :length] = self.tensor[:, :, source, :, :length]
        self.lengths[target] = length


class Gpt:
    """Its layers are packed in the background from construction on; what needs them waits."""

    def __init__(self, model: XttsModel, precision: str, device: torch.device) -> None:
        gpt, args, tokenizer = model.gpt, model.args, model.tokenizer.tokenizer
        self.heads: int = args.gpt_n_heads
        self.channels: int = args.gpt_n_model_channels
        self.start_code: int = args.gpt_start_audio_token
        self.stop_code: int = args.gpt_stop_audio_token
        self.max_codes: int = args.gpt_max_audio_tokens - 3
        self.code_count: int = args.gpt_num_audio_tokens
        self.device = device
        self.dtype = torch.float32 if device.type == "cpu" else getattr(torch, precision)
        self._text_ends = (tokenizer.token_to_id("[START]"), tokenizer.token_to_id("[STOP]"))
        self._text_embedding = self._own(gpt.text_embedding.weight)
        self._text_positions = self._own(gpt.text_pos_embedding.emb.weight)
        self._code_embedding = self._own(gpt.mel_embedding.weight)
        self._code_positions = self._own(gpt.mel_pos_embedding.emb.weight)
        self._final_norms = copy.deepcopy(nn.Sequential(gpt.gpt.ln_f, gpt.final_norm)).to(device, self.dtype)
        self._code_head = pack_linear(gpt.mel_head.weight, gpt.mel_head.bias, precision, device)
        pool = ThreadPoolExecutor(torch.get_num_threads())  # packing uses one core at a time
        self._packing = [
            pool.submit(_pack_layer, layer, precision, device, self.dtype) for layer in gpt.gpt.h
        ]
        pool.shutdown(wait=False)

    def _own(self, weight: torch.Tensor) -> torch.Tensor:
        return weight.to(self.device, self.dtype, copy=True)

    @cached_property
    def layers(self) -> list[Layer]:
        """Raises EngineError when they could not be packed."""
        try:
            layers = [packing.result() for packing in self._packing]
        except Exception as error:
            raise EngineError(f"XTTS v2 can't speak: its weights could not be packed ({error!r}).") from error
        if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
            trim(0)  # glibc would keep what packing freed: 0.6 to 0.8 GB
        return layers

    @property
    def bytes_per_position(self) -> int:
        """What one row's cache takes for each of its positions."""
        return len(self.layers) * 2 * self.channels * self.dtype.itemsize

    def text_embeddings(self, text_ids: Sequence[int]) -> torch.Tensor:
        """The text between its end marks and the start code, shape (len(text_ids) + 3, channels)."""
        start, stop = self._text_ends
        ids = torch.tensor([start, *text_ids, stop], device=self.device)
        text = self._text_embedding[ids] + self._text_positions[: len(ids)]
        return torch.cat([text, (self._code_embedding[self.start_code] + self._code_positions[0])[None]])

    def voice_prefix(self, conditioning_latent: torch.Tensor) -> torch.Tensor:
        """Keys and values of the latents (32, channels), which every row of a voice begins with.

        Shape (layers, 2, 1, heads, 32, head size).
        """
        cache = Cache(self, rows=1, positions=len(conditioning_latent))
        self._prefill(conditioning_latent.to(self.device, self.dtype), cache, [(0, len(conditioning_latent))])
        return cache.tensor

    def start_rows(
        self, cache: Cache, first_row: int, voices: Sequence[torch.Tensor], texts: Sequence[torch.Tensor]
    ) -> torch.Tensor:
        """Fills rows of the cache from `first_row` on with voice prefixes and texts; (rows, channels) of latents.

        The texts go through the layers as one packed sequence: no padding is computed.
        """
        spans = []
        for row, (voice, text) in enumerate(zip(voices, texts, strict=True), first_row):
            cache.lengths[row] = voice.shape[4]
            cache.tensor[:, :, row, :, : voice.shape[4]] = voice[:, :, 0]
            spans.append((row, len(text)))
        hidden = self._prefill(torch.cat(list(texts)), cache, spans)
        last = torch.tensor([len(text) for text in texts]).cumsum(0) - 1
        latents: torch.Tensor = self._final_norms(hidden[last.to(self.device)])
        return latents

    def step(self, cache: Cache, codes: torch.Tensor, positions: Sequence[int]) -> torch.Tensor:
        """Appends one code, (rows,), to each of the first rows; latents (rows, channels).

        `positions` counts the codes of each row, this one included.
        """
        rows = len(positions)
        lengths = torch.tensor(cache.lengths[:rows], device=self.device)
        numbers = torch.arange(rows, device=self.device)
        longest = max(cache.lengths[:rows]) + 1
        mask = None
        if rows > 1:
            visible = torch.arange(longest, device=self.device) <= lengths[:, None]
            mask = torch.zeros(visible.shape, dtype=self.dtype, device=self.device)
            mask = mask.masked_fill(~visible, -torch.inf)[:, None, None]

        def attend(number: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
            keys, values = cache.tensor[number]
            keys[numbers, :, lengths] = key
            values[numbers, :, lengths] = value
            out = F.scaled_dot_product_attention(
                query[:, :, None], keys[:rows, :, :longest], values[:rows, :, :longest], attn_mask=mask
            )
            return out[:, :, 0]

        embedded = (
            self._code_embedding[codes] + self._code_positions[torch.tensor(positions, device=self.device)]
        )
        hidden = self._forward(embedded, attend)
        for row in range(rows):
            cache.lengths[row] += 1
        latents: torch.Tensor = self._final_norms(hidden)
        return latents

    def logits(self, latents: torch.Tensor) -> torch.Tensor:
        """Float32 scores (rows, codes) of the next code."""
        return self._code_head(latents).float()

    def _prefill(self, embedded: torch.Tensor, cache: Cache, spans: list[tuple[int, int]]) -> torch.Tensor:
        """`spans`: row and number of tokens of each part of `embedded`, appended to what the cache holds."""

        def attend(number: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
            keys, values = cache.tensor[number]
            outs, end = [], 0
            for row, tokens in spans:
                begin, end = end, end + tokens
                known, total = cache.lengths[row], cache.lengths[row] + tokens
                keys[row, :, known:total] = key[begin:end].transpose(0, 1)
                values[row, :, known:total] = value[begin:end].transpose(0, 1)
                out = F.scaled_dot_product_attention(
                    query[begin:end].transpose(0, 1)[None],
                    keys[row : row + 1, :, :total],
                    values[row : row + 1, :, :total],
                    attn_mask=torch.ones(tokens, total, dtype=torch.bool, device=self.device).tril(known),
                )
                outs.append(out[0].transpose(0, 1))
            return torch.cat(outs)

        hidden = self._forward(embedded, attend)
        for row, tokens in spans:
            cache.lengths[row] += tokens
        return hidden

    def _forward(self, hidden: torch.Tensor, attend: Attend) -> torch.Tensor:
        tokens = len(hidden)
        for number, layer in enumerate(self.layers):
            mixed = layer.queries_keys_values(layer.attention_norm(hidden))
            query, key, value = mixed.view(tokens, 3, self.heads, -1).unbind(1)
            attended = attend(number, query, key, value).reshape(tokens, self.channels)
            hidden = hidden + layer.attention_out(attended)
            raised = F.gelu(layer.up(layer.feed_forward_norm(hidden)), approximate="tanh")
            hidden = hidden + layer.down(raised)
        return hidden


def _pack_layer(weights: Any, precision: str, device: torch.device, dtype: torch.dtype) -> Layer:
    """From `model.LayerWeights`, which keep their matrices as (inputs, outputs)."""

    def pack(part: Any) -> Linear:
        return pack_linear(part.weight.T, part.bias, precision, device)

    return Layer(
        attention_norm=copy.deepcopy(weights.ln_1).to(device, dtype),
        queries_keys_values=pack(weights.attn["c_attn"]),
        attention_out=pack(weights.attn["c_proj"]),
        feed_forward_norm=copy.deepcopy(weights.ln_2).to(device, dtype),
        up=pack(weights.mlp["c_fc"]),
        down=pack(weights.mlp["c_proj"]),
    )
