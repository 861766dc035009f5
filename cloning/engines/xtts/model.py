"""The parts of XTTS v2: modules that hold its weights under the checkpoint's names, and how it encodes a voice.

coqui-tts's `Xtts` has the same parts and gives the same numbers. It is not used: importing it takes longer than all of
loading, since its GPT is made of transformers' classes, and they bring torch's compiler and SymPy along.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torchaudio
from torch import nn
from torch.overrides import TorchFunctionMode
from TTS.tts.configs.xtts_config import XttsArgs
from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder
from TTS.tts.layers.xtts.perceiver_encoder import PerceiverResampler
from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

CONDITIONING_RATE_HZ = 22_050
SPEAKER_RATE_HZ = 16_000
MEL_CHANNELS = 80
CONDITIONING_LATENTS = 32
MIN_CHUNK_SECONDS = 0.33
"""Coqui ignores shorter rests of a reference."""


class XttsModel(nn.Module):
    """Unfilled until a state is loaded, and until then takes hardly any memory."""

    mel_stats: torch.Tensor

    def __init__(self, args: XttsArgs, tokenizer: VoiceBpeTokenizer) -> None:
        super().__init__()
        self.args = args
        self.tokenizer = tokenizer
        with _Unfilled():
            self.gpt = GptWeights(args, tokenizer)
            self.hifigan_decoder = HifiDecoder(
                input_sample_rate=args.input_sample_rate,
                output_sample_rate=args.output_sample_rate,
                output_hop_length=args.output_hop_length,
                ar_mel_length_compression=args.gpt_code_stride_len,
                decoder_input_dim=args.decoder_input_dim,
                d_vector_dim=args.d_vector_dim,
                cond_d_vector_in_each_upsampling_layer=args.cond_d_vector_in_each_upsampling_layer,
            )
        self.register_buffer("mel_stats", torch.ones(MEL_CHANNELS))

    def forget_speech(self) -> None:
        """Lets go of all weights but those that encode a voice."""
        gpt, decoder = self.gpt, self.hifigan_decoder
        del gpt.gpt, gpt.text_embedding, gpt.text_pos_embedding, gpt.mel_embedding, gpt.mel_pos_embedding
        del gpt.final_norm, gpt.text_head, gpt.mel_head, decoder.waveform_decoder

    def speaker_embedding(self, audio: torch.Tensor) -> torch.Tensor:
        """From audio (1, samples) at 22.05 kHz to (1, 512, 1)."""
        resampled = torchaudio.functional.resample(audio, CONDITIONING_RATE_HZ, SPEAKER_RATE_HZ)
        encoder = self.hifigan_decoder.speaker_encoder
        embedding: torch.Tensor = encoder(resampled.to(self._device), l2_norm=True)
        return embedding.unsqueeze(-1)

    def conditioning_latents(self, audio: torch.Tensor, seconds: int, chunk_seconds: int) -> torch.Tensor:
        """From the first `seconds` of audio (1, samples) at 22.05 kHz, averaged over chunks: (1, 32, GPT channels)."""
        used = audio[:, : CONDITIONING_RATE_HZ * seconds]
        chunks = torch.split(used, CONDITIONING_RATE_HZ * chunk_seconds, dim=1)
        long_enough = [
            chunk for chunk in chunks if chunk.shape[1] >= CONDITIONING_RATE_HZ * MIN_CHUNK_SECONDS
        ]
        latents = [self.gpt.conditioning_latents(self._mel(chunk)) for chunk in long_enough]
        return torch.stack(latents).mean(dim=0)

    @property
    def _device(self) -> torch.device:
        return torch.device(self.hifigan_decoder.speaker_encoder.fc.weight.device)

    def _mel(self, audio: torch.Tensor) -> torch.Tensor:
        """The normalised log-mel spectrogram that XTTS was trained on, (1, 80, frames)."""
        mel: torch.Tensor = torchaudio.transforms.MelSpectrogram(
            sample_rate=CONDITIONING_RATE_HZ,
            n_fft=2048,
            win_length=1024,
            hop_length=256,
            f_min=0,
            f_max=8000,
            n_mels=MEL_CHANNELS,
            norm="slaney",
        )(audio)
        return mel.clamp(min=1e-5).log().to(self._device) / self.mel_stats[None, :, None]


class _Unfilled(TorchFunctionMode):
    """Keeps modules from filling weights with random numbers, which the checkpoint would replace anyhow."""

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(function, "__name__", "") in ("uniform_", "normal_", "kaiming_uniform_"):
            return kwargs.get("tensor", args[0] if args else None)
        return function(*args, **kwargs)


class GptWeights(nn.Module):
    """The weights of the GPT. Voices are encoded here; `gpt.Gpt` speaks with these weights."""

    def __init__(self, args: XttsArgs, tokenizer: VoiceBpeTokenizer) -> None:
        super().__init__()
        channels = args.gpt_n_model_channels
        text_tokens = tokenizer.get_number_tokens()
        self.text_embedding = nn.Embedding(text_tokens, channels)
        self.text_pos_embedding = Positions(args.gpt_max_text_tokens + 2, channels)
        self.mel_embedding = nn.Embedding(args.gpt_num_audio_tokens, channels)
        self.mel_pos_embedding = Positions(args.gpt_max_audio_tokens + 3, channels)
        with torch.device("meta"):
            self.gpt = Layers(args.gpt_layers, channels)
        self.final_norm = nn.LayerNorm(channels)
        self.text_head = nn.Linear(channels, text_tokens)
        self.mel_head = nn.Linear(channels, args.gpt_num_audio_tokens)
        self.conditioning_encoder = ConditioningEncoder(channels, args.gpt_n_heads)
        self.conditioning_perceiver = PerceiverResampler(dim=channels, num_latents=CONDITIONING_LATENTS)

    def conditioning_latents(self, mel: torch.Tensor) -> torch.Tensor:
        """From (1, 80, frames) to (1, 32, channels)."""
        latents: torch.Tensor = self.conditioning_perceiver(self.conditioning_encoder(mel).permute(0, 2, 1))
        return latents


class Positions(nn.Module):
    def __init__(self, count: int, channels: int) -> None:
        super().__init__()
        self.emb = nn.Embedding(count, channels)


class Layers(nn.Module):
    def __init__(self, count: int, channels: int) -> None:
        super().__init__()
        self.h = nn.ModuleList(LayerWeights(channels) for _ in range(count))
        self.ln_f = nn.LayerNorm(channels)


class LayerWeights(nn.Module):
    """A layer of GPT-2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(channels)
        self.attn = nn.ModuleDict(
            {"c_attn": Projection(channels, 3 * channels), "c_proj": Projection(channels, channels)}
        )
        self.ln_2 = nn.LayerNorm(channels)
        self.mlp = nn.ModuleDict(
            {"c_fc": Projection(channels, 4 * channels), "c_proj": Projection(4 * channels, channels)}
        )


class Projection(nn.Module):
    """GPT-2 keeps its weights as (inputs, outputs)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        self.bias = nn.Parameter(torch.empty(outputs))


class ConditioningEncoder(nn.Module):
    """From (1, 80, frames) to (1, channels, frames)."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.init = nn.Conv1d(MEL_CHANNELS, channels, kernel_size=1)
        self.attn = nn.Sequential(*(ConditioningAttention(channels, heads) for _ in range(6)))

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        encoded: torch.Tensor = self.attn(self.init(mel))
        return encoded


class ConditioningAttention(nn.Module):
    """Self-attention over frames, as in Tortoise's `AttentionBlock`; the residual path is normed too."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(_groups(channels), channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, kernel_size=1)
        self.proj_out = nn.Conv1d(channels, channels, kernel_size=1)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        normed: torch.Tensor = self.norm(frames)
        per_head = self.qkv(normed).reshape(self.heads, -1, frames.shape[-1])
        query, key, value = per_head.chunk(3, dim=1)
        scale = 1 / math.sqrt(math.sqrt(query.shape[1]))
        weights = torch.einsum("bct,bcs->bts", query * scale, key * scale).softmax(dim=-1)
        attended = torch.einsum("bts,bcs->bct", weights, value).reshape(frames.shape)
        projected: torch.Tensor = self.proj_out(attended)
        return normed + projected


def _groups(channels: int) -> int:
    groups = 8 if channels <= 16 else 16 if channels <= 64 else 32
    while channels % groups:
        groups //= 2
    return groups
