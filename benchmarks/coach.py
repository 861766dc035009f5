"""What the coach hears in clips of which it is known what is wrong with them, and whether removing noise helps a voice.

    pip install -r benchmarks/requirements-coach.txt
    python -m benchmarks.coach FOLDER

FOLDER holds several clips of each of several speakers, `<speaker>-….flac`, clean, mono, 16 kHz. Noise is pink, from a
seed; music are plucked strings, chords and drums, synthesised here. Speech is where a clean clip is at most 35 dB below
its loud frames, gaps of 0.2 s included. Prints the tables of docs/coach.md.
"""

import argparse
import itertools
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
import webrtcvad
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfiltfilt

from cloning.audio.levels import Samples
from cloning.audio.mastering import filter_samples
from cloning.coach import checking
from cloning.coach.measures import ClipMeasures
from cloning.coach.report import report
from cloning.coach.vad import FRAME_SAMPLES, find_speech
from cloning.coach.verdicts import Verdict, judge_all
from cloning.engines.preview import speaker
from cloning.errors import ErrorCode, GenerationError

RATE_HZ = 16_000
Flags = NDArray[np.bool_]
Clips = dict[str, Samples]
Kind = Callable[[Samples], Samples]
random = np.random.default_rng(0)

WEB_FRAME_SAMPLES, WEB_MODE = 320, 2
SPEECH_RANGE_DB, GAP_SAMPLES = 35, 3200
REMOVALS = ("afftdn", "afftdn=nr=24:tn=1")


def read(folder: Path) -> Clips:
    return {path.stem: soundfile.read(path, dtype="float32")[0] for path in sorted(folder.glob("*.flac"))}


def speaker_of(name: str) -> str:
    return name.partition("-")[0]


def make_pink(count: int) -> Samples:
    spectrum = np.fft.rfft(random.standard_normal(count))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(spectrum.size))), count)
    return np.asarray(noise / noise.std(), np.float32)


def make_music(count: int) -> Samples:
    music = np.zeros(count + 2 * RATE_HZ)
    scale_hz = 220 * 2 ** (np.array([0, 3, 5, 7, 8, 10, 12, 15, 17]) / 12)
    for start in range(0, count, RATE_HZ // 4):
        music[start : start + 19_200] += 0.5 * pluck(float(random.choice(scale_hz)))
        music[start : start + 1600] += 0.4 * random.standard_normal(1600) * np.exp(-np.arange(1600) / 300)
        if start % RATE_HZ == 0:
            for step in (0, 2, 4):
                music[start : start + RATE_HZ] += 0.2 * hold(float(scale_hz[random.integers(4) + step]) / 2)
    return np.asarray(music[:count] / music[:count].std(), np.float32)


def pluck(pitch_hz: float) -> Samples:
    """A string, by K. Karplus and A. Strong (1983)."""
    string = list(random.uniform(-1, 1, int(RATE_HZ / pitch_hz)))
    sound = []
    for index in range(19_200):
        place = index % len(string)
        sound.append(string[place])
        string[place] = 0.498 * (string[place] + string[(place + 1) % len(string)])
    return np.array(sound, np.float32)


def hold(pitch_hz: float) -> Samples:
    seconds = np.arange(RATE_HZ) / RATE_HZ
    envelope = np.minimum(1, np.minimum(seconds / 0.05, (1 - seconds) / 0.2))
    partials = [np.sin(2 * np.pi * pitch_hz * number * seconds) / number for number in range(1, 6)]
    return np.asarray(envelope * np.sum(partials, axis=0), np.float32)


def mix(samples: Samples, other: Samples, below_db: float) -> Samples:
    return samples + other * np.float32(math.sqrt(np.square(samples).mean()) * 10 ** (-below_db / 20))


def add_noise(below_db: float) -> Kind:
    return lambda samples: mix(samples, make_pink(samples.size), below_db)


def add_music(below_db: float) -> Kind:
    return lambda samples: mix(samples, make_music(samples.size), below_db)


def add_echo(fading_seconds: float) -> Kind:
    """Noise that fades by 60 dB, begins after 4 ms, and is as loud as what comes straight."""
    size = int(fading_seconds * 1.2 * RATE_HZ)
    echo = random.standard_normal(size) * 10 ** (-3 * np.arange(size) / (fading_seconds * RATE_HZ))
    echo[:64] = 0
    echo /= np.sqrt(np.square(echo).sum())
    echo[0] = 1
    return lambda samples: fftconvolve(samples, echo)[: samples.size].astype(np.float32)


def overdrive(times: float) -> Kind:
    return lambda samples: np.clip(samples / np.abs(samples).max() * times, -1, 1)


def low_pass(highest_hz: float) -> Kind:
    sections = butter(8, highest_hz, fs=RATE_HZ, output="sos")
    return lambda samples: sosfiltfilt(sections, samples).astype(np.float32)


KINDS: dict[str, tuple[str, Kind]] = {
    "as recorded": ("", lambda samples: samples),
    "noise, 20 dB below": ("noise", add_noise(20)),
    "noise, 15 dB below": ("noise", add_noise(15)),
    "noise, 10 dB below": ("noise", add_noise(10)),
    "noise, 5 dB below": ("noise", add_noise(5)),
    "echo, 60 dB in 0.3 s": ("echo", add_echo(0.3)),
    "echo, 60 dB in 0.5 s": ("echo", add_echo(0.5)),
    "echo, 60 dB in 0.8 s": ("echo", add_echo(0.8)),
    "twice too loud": ("clipping", overdrive(2)),
    "four times too loud": ("clipping", overdrive(4)),
    "up to 3.4 kHz": ("bandwidth", low_pass(3400)),
    "up to 5.5 kHz": ("bandwidth", low_pass(5500)),
    "40 dB quieter": ("level", lambda samples: samples * np.float32(0.01)),
    "music, 20 dB below": ("music", add_music(20)),
    "music, 10 dB below": ("music", add_music(10)),
    "as many pauses again": (
        "silence",
        lambda samples: np.concatenate([samples, np.zeros(samples.size, np.float32)]),
    ),
}
SHOWN: dict[str, str] = {
    "noise": "noise_db",
    "clipping": "clipped_share",
    "bandwidth": "bandwidth_hz",
    "level": "level_dbfs",
    "echo": "fall_db",
    "music": "steady_tones",
    "speakers": "voice_likeness",
    "silence": "silence_share",
}


def show_measures(clips: Clips) -> None:
    print("\n| clips | measure | least | median | most | told of |\n|---|---|---|---|---|---|")
    for kind, (fault, change) in KINDS.items():
        found = [report(change(samples)).measures for samples in clips.values()]
        for shown in [fault] if fault else SHOWN:
            show_row(f"{kind} ({len(found)})", shown, found)
    pairs = list(itertools.combinations(clips, 2))
    for kind, is_same in (("one voice, two clips", True), ("two voices", False)):
        joined = [pair for pair in pairs if (speaker_of(pair[0]) == speaker_of(pair[1])) == is_same]
        found = [report(np.concatenate([clips[one], clips[other]])).measures for one, other in joined]
        show_row(f"{kind} ({len(found)})", "speakers", found)


def show_row(kind: str, fault: str, found: Sequence[ClipMeasures]) -> None:
    values = np.array([getattr(measures, SHOWN[fault]) for measures in found])
    told = np.mean([judge_all(measures)[fault] != Verdict.OK for measures in found])
    figures = " | ".join(f"{value:.3g}" for value in (values.min(), np.median(values), values.max()))
    print(f"| {kind} | {fault} | {figures} | {told:.0%} |", flush=True)


def show_detectors(clips: Clips) -> None:
    """How well speech is told from pauses, F1 by the sample."""
    print("\n| noise below the speech | Silero | WebRTC |\n|---|---|---|")
    for below_db in (None, 20, 10, 5, 0):
        counts = np.zeros((2, 3))
        for samples in clips.values():
            padded = np.pad(samples, 3 * RATE_HZ // 2)
            heard = padded if below_db is None else add_noise(below_db)(padded)
            labels = label(padded)
            counts += [count(found, labels) for found in (detect_silero(heard), detect_webrtc(heard))]
        scores = [2 * hits / (2 * hits + wrong + missed) for hits, wrong, missed in counts]
        print(f"| {'none' if below_db is None else f'{below_db} dB'} | {scores[0]:.2f} | {scores[1]:.2f} |")


def label(samples: Samples) -> Flags:
    level_db = 10 * np.log10(np.convolve(np.square(samples), np.ones(480) / 480, "same") + 1e-12)
    is_loud = level_db > np.percentile(level_db, 95) - SPEECH_RANGE_DB
    window = np.ones(GAP_SAMPLES)
    closed = np.convolve(is_loud, window, "same") > 0.5
    return ~(np.convolve(~closed, window, "same") > 0.5)


def detect_silero(samples: Samples) -> Flags:
    return np.repeat(find_speech(samples) > 0.35, FRAME_SAMPLES)


def detect_webrtc(samples: Samples) -> Flags:
    detector = webrtcvad.Vad(WEB_MODE)
    pcm = (samples.clip(-1, 1) * 32767).astype("<i2")
    frames = pcm[: pcm.size // WEB_FRAME_SAMPLES * WEB_FRAME_SAMPLES].reshape(-1, WEB_FRAME_SAMPLES)
    return np.repeat([detector.is_speech(frame.tobytes(), RATE_HZ) for frame in frames], WEB_FRAME_SAMPLES)


def count(found: Flags, labels: Flags) -> tuple[int, int, int]:
    size = min(found.size, labels.size)
    found, labels = found[:size], labels[:size]
    return int((found & labels).sum()), int((found & ~labels).sum()), int((~found & labels).sum())


def show_denoising(clips: Clips) -> None:
    """How like the speaker's clean clips a noisy one is, before and after FFmpeg's noise removal."""
    failure = GenerationError(ErrorCode.ENCODING_FAILED, "afftdn")
    print("\n| noise below the speech | noisy | afftdn | afftdn, 24 dB, tracking |\n|---|---|---|---|")
    clean = {name: speaker.embed(samples.astype(np.float64)) for name, samples in clips.items()}
    for below_db in (20, 15, 10, 5):
        rows = []
        for name, samples in clips.items():
            own = [other for other in clips if other != name and speaker_of(other) == speaker_of(name)]
            noisy = add_noise(below_db)(samples)
            heard = [noisy, *(filter_samples(noisy, RATE_HZ, each, 60, failure) for each in REMOVALS)]
            rows.append([likeness(each, [clean[other] for other in own]) for each in heard])
        print(f"| {below_db} dB | " + " | ".join(f"{value:.3f}" for value in np.mean(rows, axis=0)) + " |")


def likeness(samples: Samples, others: Sequence[Samples]) -> float:
    vector = speaker.embed(samples.astype(np.float64))
    return float(np.mean([vector @ other for other in others]))


def show_costs(clips: Clips) -> None:
    print("\n| clip | seconds, with the start of the process |\n|---|---|")
    endless = itertools.cycle(clips.values())
    with tempfile.TemporaryDirectory() as folder:
        for seconds in (7, 30, 300):
            path = Path(folder) / "clip.wav"
            soundfile.write(path, np.concatenate(list(take(endless, seconds)))[: seconds * RATE_HZ], RATE_HZ)
            started_at = time.perf_counter()
            checking.check_clip(path, max_seconds=300)
            print(f"| {seconds} s | {time.perf_counter() - started_at:.1f} |")


def take(clips: Iterator[Samples], seconds: float) -> Iterator[Samples]:
    while seconds > 0:
        samples = next(clips)
        seconds -= samples.size / RATE_HZ
        yield samples


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    clips = read(parser.parse_args().folder)
    for show in (show_detectors, show_denoising, show_costs, show_measures):
        show(clips)


if __name__ == "__main__":
    main()
