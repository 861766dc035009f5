"""From a folder of weights to coqui-tts's `Xtts`, without running anything that a checkpoint might carry."""

import logging
import pickle
from pathlib import Path
from typing import Any

import torch
import transformers
from TTS.config.shared_configs import BaseDatasetConfig
from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
from TTS.tts.layers.xtts.gpt import GPT
from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
from TTS.tts.models.xtts import Xtts

from cloning.engines.base import EngineError
from cloning.engines.xtts import weights

ALLOWED_CLASSES: list[Any] = [
    # The official file names the two classes by the module that they have since moved from.
    (XttsArgs, "TTS.tts.models.xtts.XttsArgs"),
    (XttsAudioConfig, "TTS.tts.models.xtts.XttsAudioConfig"),
    XttsArgs,
    XttsAudioConfig,
    XttsConfig,
    BaseDatasetConfig,
]

# These say on every sentence what the engine decides itself: lengths, penalties, attention masks.
transformers.logging.set_verbosity_error()
logging.getLogger("TTS").setLevel(logging.ERROR)


def load_model(folder: Path, device: torch.device) -> Xtts:
    """Loads a checkpoint for inference: weights stay memory-mapped, and no GPT is filled at random first.

    Coqui's own `load_checkpoint` is not used: it initialises the GPT twice, and it writes the official
    model.pth anew, which changes its checksum. Raises EngineError, naming the file, when a file is missing,
    damaged, unsafe or of another architecture than its config.json says.
    """
    if reason := weights.problem(folder):
        raise EngineError(reason)
    config = _read_config(folder / "config.json")
    tokenizer = _read_tokenizer(folder / "vocab.json")
    state = _read_state(folder / "model.pth")
    config.model_args.gpt_number_text_tokens = None  # keeps Xtts from filling a GPT with random numbers
    model = Xtts(config)
    model.gpt = _unfilled_gpt(config.model_args, tokenizer)
    try:
        model.load_state_dict(state, strict=True, assign=True)
    except RuntimeError as error:
        raise EngineError(f"model.pth does not fit its config.json and vocab.json: {error}") from error
    model.tokenizer = tokenizer
    model.eval()  # also joins the GPT's parts for generation
    return model.requires_grad_(False).to(device)


def _unfilled_gpt(args: XttsArgs, tokenizer: VoiceBpeTokenizer) -> GPT:
    with torch.device("meta"):
        return GPT(
            layers=args.gpt_layers,
            model_dim=args.gpt_n_model_channels,
            heads=args.gpt_n_heads,
            number_text_tokens=tokenizer.get_number_tokens(),
            start_text_token=tokenizer.tokenizer.token_to_id("[START]"),
            stop_text_token=tokenizer.tokenizer.token_to_id("[STOP]"),
            num_audio_tokens=args.gpt_num_audio_tokens,
            start_audio_token=args.gpt_start_audio_token,
            stop_audio_token=args.gpt_stop_audio_token,
            max_text_tokens=args.gpt_max_text_tokens,
            max_mel_tokens=args.gpt_max_audio_tokens,
            max_prompt_tokens=args.gpt_max_prompt_tokens,
            code_stride_len=args.gpt_code_stride_len,
            use_perceiver_resampler=args.gpt_use_perceiver_resampler,
        )


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


def _read_state(path: Path) -> dict[str, torch.Tensor]:
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
    return _inference_weights(state)


def _inference_weights(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Drops what coqui's trainer saves besides: other models, and aliases of the GPT's weights."""
    unused = ("torch_mel_spectrogram_", "dvae.", "gpt.gpt.wte.", "gpt.gpt_inference.")
    stripped = {name.removeprefix("xtts."): tensor for name, tensor in state.items()}
    return {name: _kept(name, tensor) for name, tensor in stripped.items() if not name.startswith(unused)}


def _kept(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """The GPT's layers stay in the mapped file, which is let go once they are packed: nothing else may hold it."""
    return tensor if name.startswith("gpt.gpt.h.") else tensor.clone()
