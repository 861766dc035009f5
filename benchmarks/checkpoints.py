"""Builds XTTS v2 checkpoints of random weights, in everything else shaped like the official files.

Tiny ones take a second or two and run through every line of XTTS; full-size ones have the real
architecture and cost, for benchmarks. What they say is noise. Tests import this too: they may use benchmarks, and
benchmarks not them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from TTS.config.shared_configs import BaseDatasetConfig
from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
from TTS.tts.models.xtts import Xtts

LANGUAGE_TAGS = XttsConfig().languages
OFFICIAL_TEXT_TOKENS = 6681
TINY_ARCHITECTURE = {
    "gpt_layers": 2,
    "gpt_n_model_channels": 64,
    "gpt_n_heads": 4,
    "decoder_input_dim": 64,
}
USUAL_CODES = 14
"""About where speech ends, sampled or greedy: 0.65 s."""


def build_checkpoint(folder: Path, *, tiny: bool = True, seed: int = 0) -> None:
    """Writes config.json, vocab.json, model.pth and speakers_xtts.pth into `folder`, which is made if needed.

    The same seed gives the same weights. Full size is 467 M parameters, 1.87 GB on disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = _vocabulary(0 if tiny else OFFICIAL_TEXT_TOKENS)
    config = _config(len(vocabulary), vocabulary["[START]"], tiny)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = Xtts(config)
        _make_lively(model)
        speakers = _stock_speakers(config.model_args.gpt_n_model_channels)
    config.save_json(str(folder / "config.json"))
    (folder / "vocab.json").write_text(json.dumps(_tokenizer(vocabulary), ensure_ascii=False), "utf-8")
    torch.save(speakers, folder / "speakers_xtts.pth")
    with _pickled_under_legacy_modules():
        torch.save(_checkpoint(model, config), folder / "model.pth")


def _config(text_tokens: int, start_token: int, tiny: bool) -> XttsConfig:
    args = XttsArgs(
        gpt_max_audio_tokens=605,
        gpt_max_text_tokens=402,
        gpt_number_text_tokens=text_tokens,
        gpt_start_text_token=start_token,
        gpt_stop_text_token=0,
        gpt_num_audio_tokens=1026,
        gpt_start_audio_token=1024,
        gpt_stop_audio_token=1025,
        gpt_use_perceiver_resampler=True,
        **(TINY_ARCHITECTURE if tiny else {}),
    )
    return XttsConfig(model_args=args, audio=XttsAudioConfig(output_sample_rate=24000))


def _vocabulary(min_tokens: int) -> dict[str, int]:
    """Character level, with [STOP] 0, [UNK] 1 and [SPACE] 2 as in the official vocabulary."""
    ranges = [(0x21, 0x7E), (0xA1, 0x17F), (0x410, 0x45F), (0x600, 0x6FF), (0x900, 0x97F), (0x2010, 0x203A)]
    characters = [chr(code) for first, last in ranges for code in range(first, last + 1)]
    tokens = ["[STOP]", "[UNK]", "[SPACE]", *(f"[{tag}]" for tag in LANGUAGE_TAGS), *characters]
    tokens += [f"[unused{number}]" for number in range(min_tokens - len(tokens) - 1)]
    return {token: number for number, token in enumerate([*tokens, "[START]"])}


def _tokenizer(vocabulary: dict[str, int]) -> dict[str, Any]:
    special = ["[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{tag}]" for tag in LANGUAGE_TAGS)]
    flags = {"special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": sorted(
            ({"id": vocabulary[token], "content": token, **flags} for token in special),
            key=lambda token: token["id"],
        ),
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "[UNK]",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "vocab": vocabulary,
            "merges": [],
        },
    }


@torch.no_grad()
def _make_lively(model: Xtts) -> None:
    """Moves every weight away from its neutral initial value, so that a test notices when one is left out.

    As initialised, norms are identities, biases zero, attention is all but absent and the sound inaudible.
    """
    for name, parameter in model.gpt.named_parameters():
        if parameter.dim() == 1:
            parameter.add_(torch.randn_like(parameter) * 0.1)
        elif name.startswith("gpt.h."):
            parameter.normal_(std=parameter.shape[0] ** -0.5)
    for name, buffer in model.hifigan_decoder.speaker_encoder.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.add_(torch.rand_like(buffer) * 0.1)
    model.mel_stats.uniform_(0.8, 1.2)
    vocoder = model.hifigan_decoder.waveform_decoder
    for name, parameter in vocoder.named_parameters():
        if name.endswith("weight.original0"):  # the gain of a weight-normed convolution
            parameter.mul_(1.8)
    vocoder.conv_post.weight.mul_(8)
    _end_speech(model)


@torch.no_grad()
def _end_speech(model: Xtts) -> None:
    """Random weights hardly ever choose the stop code: one channel counts positions, and raises its score."""
    positions = model.gpt.mel_pos_embedding.emb.weight
    positions[:, 0] = (torch.arange(len(positions)) - USUAL_CODES).clamp(-10, 10) * 0.8
    stop = model.args.gpt_stop_audio_token
    model.gpt.mel_head.weight[stop] = 0
    model.gpt.mel_head.weight[stop, 0] = 2


def _stock_speakers(channels: int) -> dict[str, dict[str, torch.Tensor]]:
    return {
        name: {"gpt_cond_latent": torch.randn(1, 32, channels), "speaker_embedding": torch.randn(1, 512, 1)}
        for name in ("Claribel Dervla", "Damien Black")
    }


def _checkpoint(model: Xtts, config: XttsConfig) -> dict[str, Any]:
    """What coqui's trainer saves: more than tensors."""
    config.datasets = [BaseDatasetConfig(formatter="coqui", dataset_name="noise", language="en")]
    return {
        "config": config,
        "model": model.state_dict(),
        "optimizer": {"state": {}, "param_groups": [{"lr": 5e-06, "betas": (0.9, 0.96), "params": [0, 1]}]},
        "scaler": None,
        "step": 386250,
        "epoch": 0,
        "date": "November 14, 2023",
        "model_loss": {"train_loss": None, "eval_loss": 3.1},
    }


@contextmanager
def _pickled_under_legacy_modules() -> Iterator[None]:
    """The official model.pth was saved when these two classes still lived beside the model."""
    classes = (XttsArgs, XttsAudioConfig)
    modules = [each.__module__ for each in classes]
    try:
        for each in classes:
            each.__module__ = "TTS.tts.models.xtts"
        yield
    finally:
        for each, module in zip(classes, modules, strict=True):
            each.__module__ = module
