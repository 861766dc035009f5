"""XTTS's HiFi-GAN decoder for inference: from GPT latents to sound, in chunks of fixed size.

A chunk is computed with a margin of frames on both sides which is then cut off. The margin is wider than what the
convolutions look at, so the chunks equal the whole and need no cross-fade: memory does not grow with the length,
and sound can be had while the GPT still speaks.
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder

CHUNK_FRAMES = 256
MARGIN_FRAMES = 14
"""Of 256 samples each. The convolutions look 13 frames to each side."""


class Vocoder:
    """Takes its weights out of `decoder`, whose `waveform_decoder` is of no use afterwards."""

    def __init__(self, decoder: HifiDecoder) -> None:
        generator = decoder.waveform_decoder
        self.samples_per_frame: int = decoder.output_hop_length
        self._scales = (
            decoder.ar_mel_length_compression / decoder.output_hop_length,
            decoder.output_sample_rate / decoder.input_sample_rate,
        )
        self._first = _flat(generator.conv_pre)
        self._voice_first = _flat(generator.cond_layer)
        self._voices = [_flat(conv) for conv in generator.conds]
        self._upsamplings = [_flat(conv) for conv in generator.ups]
        blocks = [_residual_block(block) for block in generator.resblocks]
        count = generator.num_kernels
        self._blocks = [blocks[start : start + count] for start in range(0, len(blocks), count)]
        self._last = _flat(generator.conv_post)

    def frames(self, latents: torch.Tensor, speed: float) -> torch.Tensor:
        """The input of the convolutions, (1, channels, frames): interpolated three times, as coqui does."""
        frames = latents.float().T[None]
        if speed != 1.0 and len(latents) > 1:
            frames = F.interpolate(frames, scale_factor=1.0 / speed, mode="linear")
        for scale in self._scales:
            if scale != 1.0:
                frames = F.interpolate(frames, scale_factor=[scale], mode="linear")
        return frames

    def chunks(
        self, frames: torch.Tensor, embedding: torch.Tensor, begin: int, end: int
    ) -> Iterator[torch.Tensor]:
        """The sound of the frames from `begin` to `end`."""
        for first in range(begin, end, CHUNK_FRAMES):
            last = min(first + CHUNK_FRAMES, end)
            left, right = max(0, first - MARGIN_FRAMES), min(last + MARGIN_FRAMES, frames.shape[-1])
            sound = self._generate(frames[:, :, left:right], embedding)
            yield sound[(first - left) * self.samples_per_frame : (last - left) * self.samples_per_frame]

    def _generate(self, frames: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """`HifiganGenerator.forward` with one more dimension: channels-last layouts are for images."""
        voice = embedding[:, :, None]
        flat = frames[:, :, None].contiguous(memory_format=torch.channels_last)
        sound = self._first(flat) + self._voice_first(voice)
        for upsample, voice_bias, blocks in zip(self._upsamplings, self._voices, self._blocks, strict=True):
            upsampled = upsample(F.leaky_relu_(sound, 0.1)).add_(voice_bias(voice))
            sound = _through(blocks[0], upsampled)
            for block in blocks[1:]:
                sound += _through(block, upsampled)
            sound /= len(blocks)
        out: torch.Tensor = self._last(F.leaky_relu_(sound))
        return out.tanh_().flatten()


def _through(block: list[tuple[nn.Module, nn.Module]], sound: torch.Tensor) -> torch.Tensor:
    for dilated, plain in block:
        sound = plain(F.leaky_relu_(dilated(F.leaky_relu(sound, 0.1)), 0.1)).add_(sound)
    return sound


def _residual_block(block: nn.Module) -> list[tuple[nn.Module, nn.Module]]:
    pairs: Any = zip(block.convs1, block.convs2, strict=True)  # type: ignore[arg-type]
    return [(_flat(dilated), _flat(plain)) for dilated, plain in pairs]


def _flat(conv: Any) -> nn.Module:
    """A one-dimensional convolution as one over images of height 1, weight norm folded into the weight."""
    kind: Any = nn.ConvTranspose2d if isinstance(conv, nn.ConvTranspose1d) else nn.Conv2d
    with torch.device("meta"):
        flat: nn.Conv2d | nn.ConvTranspose2d = kind(
            conv.in_channels,
            conv.out_channels,
            (1, conv.kernel_size[0]),
            stride=(1, conv.stride[0]),
            padding=(0, conv.padding[0]),
            dilation=(1, conv.dilation[0]),
        )
    weight = conv.weight.detach()[:, :, None].clone(memory_format=torch.channels_last)
    flat.weight = nn.Parameter(weight, requires_grad=False)
    flat.bias = None if conv.bias is None else nn.Parameter(conv.bias.detach().clone(), requires_grad=False)
    return flat


class VocoderStream:
    """Gives the sound of a segment bit by bit while its latents come in."""

    def __init__(self, vocoder: Vocoder, embedding: torch.Tensor, speed: float) -> None:
        self._vocoder = vocoder
        self._embedding = embedding
        self._speed = speed
        self._frames_done = 0

    @torch.inference_mode()
    def sound(self, latents: torch.Tensor, is_whole: bool) -> torch.Tensor:
        """What is settled of the sound of all latents so far, (codes, channels), and was not given before."""
        frames = self._vocoder.frames(latents, self._speed)
        end = frames.shape[-1]
        if not is_whole:
            # What comes next still changes the last frames that were interpolated.
            settled = end * (len(latents) - 1 - math.ceil(self._speed)) // len(latents)
            end = max(self._frames_done, settled - MARGIN_FRAMES)
        chunks = self._vocoder.chunks(frames, self._embedding, self._frames_done, end)
        self._frames_done = end
        return torch.cat([torch.empty(0, device=frames.device), *chunks])
