"""The XTTS v2 engine: a voice from a few seconds of reference, speech in 17 languages."""

import hashlib
import json
import logging
import wave
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torchaudio

from cloning.engines.base import Conditioning, Engine, EngineError, SynthesisOptions, Waveform
from cloning.engines.xtts import ENTRY, weights
from cloning.engines.xtts.decoding import Decoder, Row
from cloning.engines.xtts.ending import EndOfSpeechDetector, SpeakingRate, Speech, cut_tail
from cloning.engines.xtts.gpt import Gpt
from cloning.engines.xtts.linear import choose_precision
from cloning.engines.xtts.loading import load_model, load_stock_voices
from cloning.engines.xtts.model import CONDITIONING_LATENTS, CONDITIONING_RATE_HZ
from cloning.engines.xtts.sampling import SamplingSettings
from cloning.engines.xtts.vocoder import Vocoder, VocoderStream

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

MIN_CLIP_SECONDS = 0.5
CHUNK_CODES = 58
"""So many at a time go to the vocoder while the GPT speaks on: with their margins hardly less than a chunk."""
FIRST_STREAMED_CODES, STREAMED_CODES = 10, 20
"""The same, of sound that is listened to meanwhile: 0.2 s as soon as can be, then 0.9 s each."""
VOICES_KEPT = 32
"""Of each, 8 MB are kept in float32: the keys and values that every segment of the voice begins with."""


@dataclass(frozen=True)
class Chunk:
    """Some of a row's sound, which the vocoder computes or has computed."""

    index: int  # of the row
    sound: Future[Waveform]
    is_last: bool


@dataclass(frozen=True)
class ConditioningSettings:
    max_ref_length: int = 30  # seconds of each clip that are used
    gpt_cond_len: int = 30  # seconds of all clips together that condition the GPT
    gpt_cond_chunk_len: int = 4  # seconds; latents of the chunks are averaged


CONDITIONING_SETTINGS = ConditioningSettings()
SAMPLING_SETTINGS = SamplingSettings()


class XttsEngine(Engine):
    """Holds the model in memory from construction on; calls from several threads are worked off side by side.

    A reference can be conditioned on at once; speech waits until the GPT's weights are packed, which takes some seconds
    more, and raises EngineError if they can't be.

    `device` is "auto" (a CUDA GPU when there is one), "cpu", "cuda" or "cuda:1"; `precision` one of
    `linear.PRECISIONS`; `threads` are set for the whole process, None leaves them. Raises EngineError when
    `model_folder` holds no checkpoint that can be loaded safely, or the device can't do the precision.
    """

    name = ENTRY.name
    label = ENTRY.label
    segment_limits = ENTRY.segment_limits

    def __init__(
        self,
        model_folder: Path,
        *,
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        conditioning_settings: ConditioningSettings = CONDITIONING_SETTINGS,
        sampling_settings: SamplingSettings = SAMPLING_SETTINGS,
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        self._device = _torch_device(device)
        self._conditioning_settings = conditioning_settings
        self._threads = torch.get_num_threads()
        # The GPT and the vocoder compute side by side, for the one waits for memory and the other for arithmetic. Each
        # works for one caller at a time: callers would slow each other down by more than they gain.
        self._gpt_thread = ThreadPoolExecutor(1, "xtts-gpt")
        self._vocoder_thread = ThreadPoolExecutor(1, "xtts-vocoder")
        self._is_vocoding = False
        self.precision = choose_precision(precision, self._device)
        self._model = load_model(model_folder, self._device)
        self._vocoder = Vocoder(self._model.hifigan_decoder)
        self._gpt = Gpt(self._model, self.precision, self._device)
        self._decoder = Decoder(self._gpt, sampling_settings)
        self._model.forget_speech()
        self._speaking_rates = {
            language: SpeakingRate(char_limit)
            for language, char_limit in self._model.tokenizer.char_limits.items()
        }
        self._model_folder = model_folder
        self._stock_voices: dict[str, Conditioning] = {}
        self._voice_prefixes: dict[bytes, torch.Tensor] = {}
        self.sample_rate_hz: int = self._model.args.output_sample_rate
        self.conditioning_shapes = {
            "gpt_cond_latent": (1, CONDITIONING_LATENTS, self._model.args.gpt_n_model_channels),
            "speaker_embedding": (1, self._model.args.d_vector_dim, 1),
        }
        self.conditioning_key = self._conditioning_key(weights.fingerprint(model_folder))
        logger.info("XTTS v2 loaded on %s, %s", self._device, self.precision)

    def _conditioning_key(self, fingerprint: str) -> str:
        facts = {"engine": self.name, "weights": fingerprint, **asdict(self._conditioning_settings)}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]

    def condition(self, clips: Sequence[Path], on_step: Callable[[], None] = lambda: None) -> Conditioning:
        """Equal to coqui's `get_conditioning_latents` for the same clips, with `ConditioningSettings`. One step.

        Arrays, float32: `gpt_cond_latent` (1, 32, GPT channels) and `speaker_embedding` (1, 512, 1).
        """
        if not clips:
            raise EngineError("A voice needs at least one reference clip.")
        on_step()
        longest = CONDITIONING_RATE_HZ * self._conditioning_settings.max_ref_length
        with _readable_memory_errors():
            return self._compute(self._condition, [_read_clip(clip)[:, :longest] for clip in clips])

    @torch.inference_mode()
    def _condition(self, audios: list[torch.Tensor]) -> Conditioning:
        embeddings = [self._model.speaker_embedding(audio) for audio in audios]
        settings = self._conditioning_settings
        latent = self._model.conditioning_latents(
            torch.cat(audios, dim=-1), settings.gpt_cond_len, settings.gpt_cond_chunk_len
        )
        arrays = {"gpt_cond_latent": latent, "speaker_embedding": torch.stack(embeddings).mean(dim=0)}
        return Conditioning({name: tensor.float().cpu().numpy() for name, tensor in arrays.items()})

    def stock_conditioning(self, key: str, language: str) -> Conditioning:
        """See `Engine.stock_conditioning`: a speaker of `speakers_xtts.pth`."""
        if key not in self._stock_voices:
            self._stock_voices = load_stock_voices(self._model_folder)
        found = self._stock_voices.get(key)
        if found is None or not self.is_valid(found):
            return super().stock_conditioning(key, language)
        return found

    def synthesize(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Waveform:
        """Equal to coqui's `inference` with the same settings and random state, but where speech runs on.

        Raises EngineError when the language is unknown, nothing in the segment can be spoken, the segment
        is too long for the model (400 tokens) or the GPU's memory does not suffice.
        """
        [(_, waveform)] = self.synthesize_all([segment], language, conditioning, [options])
        return waveform

    def synthesize_all(
        self,
        segments: Sequence[str],
        language: str,
        conditioning: Conditioning,
        options: Sequence[SynthesisOptions],
        on_step: Callable[[float], None] = lambda _: None,
    ) -> Generator[tuple[int, Waveform], None, None]:
        """See `Engine.synthesize_all`: equal to `synthesize` on each, but spoken side by side, and much faster.

        So is what other threads ask for meanwhile.
        """
        sounds: list[list[Waveform]] = [[] for _ in segments]
        with self._speaking(segments, language, conditioning, options) as rows:
            streams = self._vocoder_streams(conditioning, options)
            for chunk in self._stream_chunks(rows, streams, CHUNK_CODES, CHUNK_CODES, on_step):
                sounds[chunk.index].append(chunk.sound.result())
                if chunk.is_last:
                    yield (
                        chunk.index,
                        self._cut_run_on(np.concatenate(sounds[chunk.index]), rows[chunk.index]),
                    )

    def stream(
        self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions
    ) -> Generator[Waveform, None, int]:
        """See `Engine.stream`: what runs on is ended, but its tail was given out before that is known."""
        sounds: list[Waveform] = []
        with self._speaking([segment], language, conditioning, [options]) as rows:
            streams = self._vocoder_streams(conditioning, [options])
            for chunk in self._stream_chunks(rows, streams, FIRST_STREAMED_CODES, STREAMED_CODES):
                sounds.append(chunk.sound.result())
                if len(sounds[-1]):
                    yield sounds[-1]
            return len(self._cut_run_on(np.concatenate(sounds), rows[0]))

    def _stream_chunks(
        self,
        rows: Sequence[Row],
        streams: Sequence[VocoderStream],
        first_codes: int,
        codes: int,
        on_step: Callable[[float], None] = lambda _: None,
    ) -> Iterator[Chunk]:
        """The sound of the rows as it is computed: of each row's `first_codes`, then of `codes` at a time."""
        speaking = list(range(len(rows)))
        due_codes = [first_codes] * len(rows)
        chunks: deque[Chunk] = deque()
        try:
            while speaking or chunks:
                if speaking:
                    self._step(rows)
                else:
                    wait([chunks[0].sound])
                for index in list(speaking):
                    has_ended, latents = rows[index].has_ended, rows[index].latents
                    if has_ended or len(latents) >= due_codes[index]:
                        known = list(latents)  # other callers' steps add to them
                        sound = self._vocoder_thread.submit(self._sound, streams[index], known, has_ended)
                        chunks.append(Chunk(index, sound, has_ended))
                        due_codes[index] = len(known) + codes
                    if has_ended:
                        speaking.remove(index)
                while chunks and chunks[0].sound.done():
                    yield chunks.popleft()
                on_step(_spoken_share(rows))
        finally:
            for chunk in chunks:
                chunk.sound.cancel()

    def _vocoder_streams(
        self, conditioning: Conditioning, options: Sequence[SynthesisOptions]
    ) -> list[VocoderStream]:
        embedding = torch.from_numpy(conditioning.arrays["speaker_embedding"]).to(self._device)
        return [VocoderStream(self._vocoder, embedding, each.speed) for each in options]

    def _sound(self, stream: VocoderStream, latents: list[torch.Tensor], is_whole: bool) -> Waveform:
        """By the vocoder's thread."""
        self._is_vocoding = True
        torch.set_num_threads(max(1, self._threads // 2) if self._decoder.is_speaking else self._threads)
        try:
            return stream.sound(torch.stack(latents), is_whole).cpu().numpy()
        finally:
            self._is_vocoding = False

    def _compute(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """By the GPT's thread. Callers take turns, step by step: whoever asked first is served first."""
        return self._gpt_thread.submit(self._with_free_cores, function, *arguments).result()

    def _with_free_cores(self, function: Callable[..., Result], *arguments: Any) -> Result:
        torch.set_num_threads(self._threads - self._threads // 2 if self._is_vocoding else self._threads)
        return function(*arguments)

    @contextmanager
    def _speaking(
        self,
        segments: Sequence[str],
        language: str,
        conditioning: Conditioning,
        options: Sequence[SynthesisOptions],
    ) -> Iterator[list[Row]]:
        """Rows for the segments, in the decoder for as long as the context lasts."""
        with _readable_memory_errors():
            rows = [
                self._compute(self._row, segment, language, conditioning, each)
                for segment, each in zip(segments, options, strict=True)
            ]
            self._compute(self._decoder.add, rows)
            try:
                yield rows
            finally:
                self._compute(self._decoder.drop, rows)

    def _step(self, rows: Sequence[Row]) -> None:
        """One more code for these rows, and for those of all other callers."""
        self._compute(self._decoder.step)
        for row in rows:
            if row.failure:
                raise row.failure

    @torch.inference_mode()
    def _row(self, segment: str, language: str, conditioning: Conditioning, options: SynthesisOptions) -> Row:
        ids = self._text_ids(segment, language)
        max_codes = self._max_codes(segment, language)
        return Row(
            voice=self._voice_prefix(conditioning),
            text=self._gpt.text_embeddings(ids),
            detector=EndOfSpeechDetector(
                self._speaking_rates[language], len(segment), self._gpt.stop_code, max_codes
            ),
            temperature=options.temperature,
            generator=torch.Generator(self._device).manual_seed(options.seed),
        )

    def _cut_run_on(self, sound: Waveform, row: Row) -> Waveform:
        if row.detector.speech is Speech.STOPPED:
            return sound
        return cut_tail(sound, row.detector.stop_probabilities, row.detector.usual_codes, self.sample_rate_hz)

    def _voice_prefix(self, conditioning: Conditioning) -> torch.Tensor:
        """Computed once for each voice, and kept for those used last."""
        latent = conditioning.arrays["gpt_cond_latent"]
        key = latent.tobytes()
        prefix = self._voice_prefixes.pop(key, None)
        if prefix is None:
            prefix = self._gpt.voice_prefix(torch.from_numpy(latent)[0])
        self._voice_prefixes[key] = prefix
        if len(self._voice_prefixes) > VOICES_KEPT:
            del self._voice_prefixes[next(iter(self._voice_prefixes))]
        return prefix

    def _text_ids(self, segment: str, language: str) -> list[int]:
        tokenizer = self._model.tokenizer
        if language not in tokenizer.char_limits:
            raise EngineError(f"XTTS v2 does not speak the language “{language}”.")
        try:
            ids: list[int] = tokenizer.encode(
                _lower_case(segment, language), lang="zh-cn" if language == "zh" else language
            )
        except Exception as error:  # num2words, cutlet and others raise whatever they like
            logger.exception("The XTTS tokenizer failed on a segment in %s", language)
            raise EngineError(
                "XTTS v2 can't read a part of this text. Try writing its numbers and signs as words."
            ) from error
        silent = {tokenizer.tokenizer.token_to_id(token) for token in ("[UNK]", "[SPACE]")}
        if silent.issuperset(ids[1:]):
            raise EngineError("XTTS v2 finds nothing in this text that can be spoken.")
        # Coqui asserts this much; the model has two more positions, for start and stop.
        if len(ids) >= self._model.args.gpt_max_text_tokens:
            raise EngineError(
                f"A sentence is too long for XTTS v2 ({len(ids)} tokens, at most 401). "
                "Divide it by commas or full stops."
            )
        return ids

    def _max_codes(self, segment: str, language: str) -> int:
        return min(self._speaking_rates[language].max_codes(len(segment)), self._gpt.max_codes)


def _spoken_share(rows: Sequence[Row]) -> float:
    spoken = [
        row.detector.usual_codes if row.has_ended else min(len(row.codes), 0.95 * row.detector.usual_codes)
        for row in rows
    ]
    return sum(spoken) / sum(row.detector.usual_codes for row in rows)


@contextmanager
def _readable_memory_errors() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise EngineError("The GPU's memory is full. Close other programs that use it.") from error


def _torch_device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    return torch.device(name)


def _read_clip(path: Path) -> torch.Tensor:
    """Shape (1, samples) at 22.05 kHz, resampled as coqui does. Raises EngineError."""
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise EngineError("A reference clip must be mono with 16 bits.")
            rate_hz = file.getframerate()
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    except (wave.Error, EOFError, OSError, ValueError) as error:
        raise EngineError(f"A reference clip can't be read ({error}).") from error
    if len(samples) < MIN_CLIP_SECONDS * rate_hz:
        raise EngineError(f"A reference clip is shorter than {MIN_CLIP_SECONDS} s.")
    if not samples.any():
        raise EngineError("A reference clip is silent.")
    audio = torch.from_numpy(samples.astype(np.float32) / 2**15).unsqueeze(0)
    resampled: torch.Tensor = torchaudio.functional.resample(audio, rate_hz, CONDITIONING_RATE_HZ)
    return resampled.clip(-1, 1)


def _lower_case(segment: str, language: str) -> str:
    """As coqui does, but right for Turkish, and without the brackets that spell control tokens like [en]."""
    if language == "tr":
        segment = segment.replace("İ", "i").replace("I", "ı")
    return segment.translate(str.maketrans("[]", "  ")).strip().lower()
