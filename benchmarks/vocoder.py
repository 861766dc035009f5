"""The full-size vocoder on several backends: python -m benchmarks.vocoder --help

The weights are random, scaled so that the sound is about as loud as speech. Each contender lives in a process of its
own, so that its memory can be told; they take turns. All but coqui-tts compute chunks as the engine's vocoder does: so
many frames of sound and a margin on both sides, which is cut off. coqui-tts needs no margin.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from TTS.tts.layers.xtts.hifigan_decoder import HifiDecoder

from benchmarks.xtts import cpu_name
from cloning.engines.xtts.vocoder import CHUNK_FRAMES, MARGIN_FRAMES, Vocoder

SAMPLES_PER_FRAME, RATE_HZ = 256, 24_000
Generate = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Frames, (1, 1024, count), and a speaker embedding, (1, 512, 1), to samples."""


@dataclass(frozen=True)
class Contender:
    name: str
    build: Callable[[HifiDecoder, torch.Tensor, torch.Tensor], Generate]
    chunk_frames: int = CHUNK_FRAMES


@dataclass(frozen=True)
class Start:
    seconds: float  # taking the weights over, compiling, the first chunk
    error: float  # largest difference to the sound of coqui-tts
    peak_mib: float  # of the process, with the original and, where there is one, the export


@dataclass(frozen=True)
class Run:
    rtf: float
    cpu_rtf: float


def full_size_decoder() -> HifiDecoder:
    torch.manual_seed(0)
    decoder = HifiDecoder(output_sample_rate=RATE_HZ, output_hop_length=SAMPLES_PER_FRAME).eval()
    generator = decoder.waveform_decoder.requires_grad_(False)
    for name, parameter in generator.named_parameters():
        if name.endswith("weight.original0"):  # the gain of a weight-normed convolution
            parameter.mul_(1.8)
    generator.conv_post.weight.mul_(8)
    return decoder


def coqui(decoder: HifiDecoder, frames: torch.Tensor, embedding: torch.Tensor) -> Generate:
    return lambda frames, embedding: decoder.waveform_decoder(frames, g=embedding).flatten()


def ours(decoder: HifiDecoder, frames: torch.Tensor, embedding: torch.Tensor) -> Generate:
    return Vocoder(decoder)._generate


class Fused:
    """Ours with weights in oneDNN's blocked layout, and activations and sums done by the convolutions themselves."""

    def __init__(self, decoder: HifiDecoder, frames: torch.Tensor, embedding: torch.Tensor) -> None:
        plain = Vocoder(decoder)
        self._first, self._voice_first, self._last = plain._first, plain._voice_first, plain._last
        self._stages = []
        length = frames.shape[-1]
        for upsample, voice, blocks in zip(plain._upsamplings, plain._voices, plain._blocks, strict=True):
            length *= int(upsample.stride[1])  # type: ignore[index]
            packed = [[(_packed(a, length), _packed(b, length)) for a, b in block] for block in blocks]
            self._stages.append((upsample, voice, packed))

    def __call__(self, frames: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        convolved = torch.ops.mkldnn._convolution_pointwise
        voice = embedding[:, :, None]
        flat = frames[:, :, None].contiguous(memory_format=torch.channels_last)
        sound = self._first(flat) + self._voice_first(voice)
        for upsample, voice_bias, blocks in self._stages:
            upsampled = upsample(F.leaky_relu_(sound, 0.1)).add_(voice_bias(voice))
            upsampled_active = F.leaky_relu(upsampled, 0.1)
            total: Any = None
            for block in blocks:
                sound, active = upsampled, upsampled_active
                for dilated, plain in block:
                    between = convolved(active, *dilated, "leaky_relu", [0.1], "")
                    sound = convolved.binary(between, sound, *plain, "add", None, None, [], None)
                    active = F.leaky_relu(sound, 0.1)
                total = sound if total is None else total.add_(sound)
            sound = total / len(blocks)
        out: torch.Tensor = self._last(F.leaky_relu_(sound))
        return out.tanh_().flatten()


def _packed(conv: Any, length: int) -> tuple[Any, ...]:
    shape = [1, conv.in_channels, 1, length]
    place = list(conv.padding), list(conv.stride), list(conv.dilation), 1
    weight = torch.ops.mkldnn._reorder_convolution_weight(conv.weight.contiguous(), *place, shape)
    return weight, conv.bias, *place


class Folded(nn.Module):
    """What is exported: `Vocoder._generate` without changes in place."""

    def __init__(self, decoder: HifiDecoder) -> None:
        super().__init__()
        plain = Vocoder(decoder)
        self.first, self.voice_first, self.last = plain._first, plain._voice_first, plain._last
        self.upsamplings, self.voices = nn.ModuleList(plain._upsamplings), nn.ModuleList(plain._voices)
        self.blocks = nn.ModuleList(
            nn.ModuleList(nn.ModuleList(nn.ModuleList(pair) for pair in block) for block in blocks)
            for blocks in plain._blocks
        )

    def forward(self, frames: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        voice = embedding[:, :, None]
        sound = self.first(frames[:, :, None]) + self.voice_first(voice)
        stages: Any = zip(self.upsamplings, self.voices, self.blocks, strict=True)
        for upsample, voice_bias, blocks in stages:
            upsampled = upsample(F.leaky_relu(sound, 0.1)) + voice_bias(voice)
            sound = sum(_through(block, upsampled) for block in blocks) / len(blocks)
        out: torch.Tensor = self.last(F.leaky_relu(sound))
        return out.tanh().flatten()


def _through(block: nn.Module, sound: torch.Tensor) -> torch.Tensor:
    for dilated, plain in block:  # type: ignore[attr-defined]
        sound = plain(F.leaky_relu(dilated(F.leaky_relu(sound, 0.1)), 0.1)) + sound
    return sound


def compiled(decoder: HifiDecoder, frames: torch.Tensor, embedding: torch.Tensor) -> Generate:
    import torch._inductor.config

    torch._inductor.config.freezing = True
    return torch.compile(Folded(decoder).eval())


def onnx_file(decoder: HifiDecoder, frames: torch.Tensor, embedding: torch.Tensor) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocoder.onnx"
        names = ["frames", "embedding"]
        arguments = (frames, embedding)
        torch.onnx.export(Folded(decoder).eval(), arguments, str(path), dynamo=False, input_names=names)
        return path.read_bytes()


def onnx_runtime(decoder: HifiDecoder, frames: torch.Tensor, embedding: torch.Tensor) -> Generate:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(onnx_file(decoder, frames, embedding), options)

    def generate(frames: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        [sound] = session.run(None, {"frames": frames.numpy(), "embedding": embedding.numpy()})
        return torch.from_numpy(sound)

    return generate


def openvino(decoder: HifiDecoder, frames: torch.Tensor, embedding: torch.Tensor) -> Generate:
    from openvino import Core

    core = Core()
    settings = {
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": "f32",
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = core.compile_model(core.read_model(onnx_file(decoder, frames, embedding)), "CPU", settings)
    return lambda frames, embedding: torch.from_numpy(model([frames.numpy(), embedding.numpy()])[0])


CONTENDERS = (
    Contender("coqui-tts", coqui),
    Contender("ours", ours),
    Contender("ours, 128 frames", ours, 128),
    Contender("ours, 512 frames", ours, 512),
    Contender("ours, 1024 frames", ours, 1024),
    Contender("ours, oneDNN packed and fused", Fused),
    Contender("torch.compile, frozen", compiled),
    Contender("ONNX Runtime", onnx_runtime),
    Contender("OpenVINO", openvino),
)


@dataclass
class Stand:
    """A contender in its process."""

    generate: Generate
    frames: torch.Tensor
    embedding: torch.Tensor
    sound_seconds: float

    @torch.inference_mode()
    def run(self) -> Run:
        started, cpu_started = time.perf_counter(), time.process_time()
        self.generate(self.frames, self.embedding)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        return Run(seconds / self.sound_seconds, cpu_seconds / self.sound_seconds)


stand: Stand  # of this process


@torch.inference_mode()
def start(contender: Contender, threads: int) -> Start:
    global stand
    torch.set_num_threads(threads)
    margin = 0 if contender.build is coqui else 2 * MARGIN_FRAMES
    random = torch.Generator().manual_seed(1)
    frames = torch.randn(1, 1024, contender.chunk_frames + margin, generator=random)
    embedding = torch.randn(1, 512, 1, generator=random) * 0.05
    decoder = full_size_decoder()
    exact = decoder.waveform_decoder(frames, g=embedding).flatten()
    started = time.perf_counter()
    generate = contender.build(decoder, frames, embedding)
    error = float((generate(frames, embedding) - exact).abs().max())
    seconds = time.perf_counter() - started
    stand = Stand(generate, frames, embedding, contender.chunk_frames * SAMPLES_PER_FRAME / RATE_HZ)
    return Start(seconds, error, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def run() -> Run:
    return stand.run()


def table(contenders: list[Contender], threads: int, repeats: int) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = {each.name: ProcessPoolExecutor(1, mp_context=spawn) for each in contenders}
    starts = {each.name: processes[each.name].submit(start, each, threads).result() for each in contenders}
    runs: dict[str, list[Run]] = {each.name: [] for each in contenders}
    for _ in range(repeats):
        for name, process in processes.items():
            runs[name].append(process.submit(run).result())
    for process in processes.values():
        process.shutdown()
    medians = {
        name: Run(
            statistics.median(each.rtf for each in some), statistics.median(each.cpu_rtf for each in some)
        )
        for name, some in runs.items()
    }
    ours = medians["ours"]
    print(
        f"\n| {threads} threads | RTF | ratio | CPU RTF | CPU ratio | start, s | peak, MiB | largest error |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, median in medians.items():
        started = starts[name]
        print(
            f"| {name} | {median.rtf:.2f} | {ours.rtf / median.rtf:.2f} | {median.cpu_rtf:.2f} "
            f"| {ours.cpu_rtf / median.cpu_rtf:.2f} | {started.seconds:.1f} | {started.peak_mib:.0f} "
            f"| {started.error:.1e} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, len(os.sched_getaffinity(0))])
    parser.add_argument("--repeats", type=int, default=5)
    names = [each.name for each in CONTENDERS]
    parser.add_argument("--contenders", nargs="+", default=names, choices=names)
    options = parser.parse_args()
    contenders = [each for each in CONTENDERS if each.name in ("ours", *options.contenders)]
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("torch", "coqui-tts", "onnxruntime", "openvino")
    )
    print(
        f"{cpu_name()}, {torch.backends.cpu.get_cpu_capability()}; {versions}; load {os.getloadavg()[0]:.1f}"
    )
    for threads in options.threads:
        table(contenders, threads, options.repeats)
    print(f"\nLoad average at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
