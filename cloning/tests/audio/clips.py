"""Clips to try: real speech, tones, and what FFmpeg makes of them; and measures that owe nothing to our code."""

import re
import subprocess
import wave
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from cloning import audio
from cloning.errors import GenerationError
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP

SPEECH = MALE_CLIP  # 7.06 s
OTHER_SPEECH = FEMALE_CLIP  # 4.56 s
CARRIED_FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()  # has every encoder that these tests need


def make(target: Path, *arguments: str) -> Path:
    """Runs FFmpeg with `arguments` to write `target`."""
    subprocess.run([CARRIED_FFMPEG, "-v", "error", "-y", *arguments, str(target)], check=True)
    return target


def speech_samples(source: Path = SPEECH, rate_hz: int = 16_000) -> np.ndarray:
    plain = ("-f", "f32le", "-ar", str(rate_hz), "-ac", "1", "-")
    command = [CARRIED_FFMPEG, "-v", "error", "-i", str(source), *plain]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, "<f4")


def peaky_samples(rate_hz: int = 24_000) -> np.ndarray:
    """Speech with pairs of clicks that rise 12 dB above its own peaks, and between samples higher still."""
    samples = speech_samples(rate_hz=rate_hz) * np.float32(0.35)
    samples[5_000::12_000] = 1
    samples[5_001::12_000] = 1
    return samples


def decode(sound: bytes, rate_hz: int = 24_000) -> np.ndarray:
    """Whatever FFmpeg makes of it when it can't seek."""
    plain = ("-f", "f32le", "-ar", str(rate_hz), "-ac", "1", "-")
    command = [CARRIED_FFMPEG, "-v", "error", "-i", "-", *plain]
    return np.frombuffer(subprocess.run(command, check=True, capture_output=True, input=sound).stdout, "<f4")


def measure_with_ffmpeg(samples: np.ndarray, rate_hz: int = 24_000) -> tuple[float, float]:
    """LUFS and dBTP by FFmpeg's ebur128."""
    plain = ("-f", "f32le", "-ar", str(rate_hz), "-ac", "1", "-i", "-")
    command = [CARRIED_FFMPEG, "-hide_banner", *plain, "-af", "ebur128=peak=true", "-f", "null", "-"]
    log = subprocess.run(
        command, check=True, capture_output=True, input=samples.astype("<f4").tobytes()
    ).stderr.decode()
    return (
        float(re.findall(r"^ +I: +(-?[\d.]+) LUFS", log, re.MULTILINE)[-1]),
        float(re.findall(r"^ +Peak: +(-?[\d.]+) dBFS", log, re.MULTILINE)[-1]),
    )


def write_wav(target: Path, samples: np.ndarray, rate_hz: int = 16_000) -> Path:
    """Shape (samples,) or (samples, channels), in [-1, 1]."""
    with wave.open(str(target), "wb") as output:
        output.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        output.setsampwidth(2)
        output.setframerate(rate_hz)
        output.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return target


def read_wav(source: Path) -> tuple[np.ndarray, int]:
    with wave.open(str(source), "rb") as opened:
        assert (opened.getnchannels(), opened.getsampwidth()) == (1, 2)
        frames = opened.readframes(opened.getnframes())
        return np.frombuffer(frames, "<i2").astype(np.float32) / 32768, opened.getframerate()


def loudness_and_peak(source: Path) -> tuple[float, float]:
    """LUFS and dBTP, computed here from ITU-R BS.1770-4 (its filter tables are for 48 kHz)."""
    from scipy.signal import lfilter, resample_poly  # takes seconds

    samples, rate_hz = read_wav(source)
    samples = resample_poly(samples.astype(float), 48_000 // rate_hz, 1)
    shelved = lfilter(
        [1.53512485958697, -2.69169618940638, 1.19839281085285],
        [1, -1.69065929318241, 0.73248077421585],
        samples,
    )
    weighted = lfilter([1, -2, 1], [1, -1.99004745483398, 0.99007225036621], shelved)
    blocks = np.lib.stride_tricks.sliding_window_view(weighted, 19_200)[::4_800]
    powers = np.square(blocks).mean(axis=1)
    powers = powers[powers > 10 ** ((-70 + 0.691) / 10)]
    powers = powers[powers > powers.mean() / 10]
    true_peak = np.abs(resample_poly(samples, 4, 1)).max()
    return -0.691 + 10 * np.log10(powers.mean()), 20 * np.log10(true_peak)


def tone(seconds: float, amplitude: float = 0.3, rate_hz: int = 16_000) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate_hz)) / rate_hz)).astype("f4")


CONTAINERS = {
    "wav": ["-c:a", "pcm_s16le"],
    "float.wav": ["-c:a", "pcm_f32le"],
    "alaw.wav": ["-c:a", "pcm_alaw", "-ar", "8000"],
    "w64": [],
    "mp3": ["-c:a", "libmp3lame", "-ar", "44100", "-ac", "2"],
    "m4a": ["-c:a", "aac", "-ar", "44100"],
    "alac.m4a": ["-c:a", "alac"],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-c:a", "libopus"],
    "flac": ["-c:a", "flac"],
    "webm": ["-c:a", "libopus", "-ar", "48000", "-live", "1"],  # as browsers record: no duration
    "mka": ["-c:a", "flac"],
    "aiff": [],
    "amr": ["-c:a", "libopencore_amrnb", "-ar", "8000", "-b:a", "12.2k"],
    "3gp": ["-c:a", "libopencore_amrnb", "-ar", "8000", "-b:a", "12.2k"],
    "aac": ["-c:a", "aac"],
    "caf": [],
    "au": [],
    "wma": ["-c:a", "wmav2", "-ar", "44100"],
    "surround.flac": ["-ac", "6"],
}


def get_refusal(source: Path, **limits) -> GenerationError:
    """What `probe` says against the clip, in words that leak nothing of the machine."""
    with pytest.raises(GenerationError) as caught:
        audio.probe(source, **({"min_seconds": 1, "max_seconds": 300, "timeout_seconds": 120} | limits))
    message = str(caught.value)
    assert message.endswith(".") and len(message) < 200
    for leaked in ("ffmpeg version", "Invalid data", "Error", str(source), "/tmp"):
        assert leaked not in message
    return caught.value
