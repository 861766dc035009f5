"""From a folder of weights to `XttsModel`, without running anything that a checkpoint might carry."""

import logging
import pickle
from pathlib import Path
from typing import Any

import torch
from TTS.config.shared_configs import BaseDatasetConfig
from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer

from cloning.engines.base import Conditioning, EngineError
from cloning.engines.xtts import stock, weights
from cloning.engines.xtts.model import XttsModel

logger = logging.getLogger(__name__)

ALLOWED_CLASSES: list[Any] = [
    # The official file names the two classes by the module that they have since moved from.
    (XttsArgs, "TTS.tts.models.xtts.XttsArgs"),
    (XttsAudioConfig, "TTS.tts.models.xtts.XttsAudioConfig"),
    XttsArgs,
    XttsAudioConfig,
    XttsConfig,
    BaseDatasetConfig,
]

COPIED_WEIGHTS = ("gpt.conditioning_", "hifigan_decoder.", "mel_stats")
"""All but what is packed in the background, and then let go together with the mapped file."""

logging.getLogger("TTS").setLevel(logging.ERROR)


def load_model(folder: Path, device: torch.device) -> XttsModel:
    """Loads a checkpoint for inference: what the GPT speaks with stays in the mapped file, all else is on `device`.

    Raises EngineError, naming the file, when a file is missing, damaged, unsafe or of another architecture than its
    config.json says.
    """
    if reason := weights.problem(folder):
        raise EngineError(reason)
    config = _read_config(folder / "config.json")
    tokenizer = _read_tokenizer(folder / "vocab.json")
    state = _read_state(folder / "model.pth", device)
    try:
        model = XttsModel(config.model_args, tokenizer)
        model.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise EngineError(f"model.pth does not fit its config.json and vocab.json: {error}") from error
    return model.requires_grad_(False).eval()


def load_stock_voices(folder: Path) -> dict[str, Conditioning]:
    """By key; those that are no voices are left out. Empty where the file is not there, or is damaged or unsafe."""
    try:
        speakers = torch.load(folder / stock.FILE_NAME, map_location="cpu", weights_only=True)
        keys = stock.name_keys([name for name in speakers if isinstance(name, str)])
        return {key: _to_conditioning(speakers[name]) for name, key in keys.items()}
    except FileNotFoundError:
        return {}
    except Exception as error:  # there is no end to what can be raised by another file than expected
        logger.warning("%s can't be read: %r", stock.FILE_NAME, error)
        return {}


def _to_conditioning(speaker: dict[str, torch.Tensor]) -> Conditioning:
    return Conditioning({name: speaker[name].float().numpy() for name in stock.ARRAYS})


def _read_config(path: Path) -> XttsConfig:
    config = XttsConfig()
    try:
        config.load_json(str(path))
    except (ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise EngineError(f"config.json is damaged ({error}). {weights.HOW_TO_FETCH}") from error
    return config


def _read_tokenizer(path: Path) -> VoiceBpeTokenizer:
    try:
        return VoiceBpeTokenizer(vocab_file=path)
    except Exception as error:  # `tokenizers` raises nothing narrower
        raise EngineError(f"vocab.json is damaged ({error}). {weights.HOW_TO_FETCH}") from error


def _read_state(path: Path, device: torch.device) -> dict[str, torch.Tensor]:
    try:
        with torch.serialization.safe_globals(ALLOWED_CLASSES):
            checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        state = checkpoint["model"]
    except pickle.UnpicklingError as error:
        raise EngineError(
            "model.pth was not loaded: it holds more than weights and settings of XTTS, and might run code. "
            f"{weights.HOW_TO_FETCH}"
        ) from error
    except (RuntimeError, EOFError, KeyError, TypeError, ValueError, OSError) as error:
        raise EngineError(f"model.pth is damaged ({error}). {weights.HOW_TO_FETCH}") from error
    return _inference_weights(state, device)


def _inference_weights(state: dict[str, torch.Tensor], device: torch.device) -> dict[str, torch.Tensor]:
    """Drops what coqui's trainer saves besides: other models, and aliases of the GPT's weights."""
    unused = ("torch_mel_spectrogram_", "dvae.", "gpt.gpt.wte.", "gpt.gpt_inference.")
    stripped = {name.removeprefix("xtts."): tensor for name, tensor in state.items()}
    return {
        name: tensor.to(device, copy=True) if name.startswith(COPIED_WEIGHTS) else tensor
        for name, tensor in stripped.items()
        if not name.startswith(unused)
    }
