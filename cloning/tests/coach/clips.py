"""Two clean voices, and what becomes of them."""

import numpy as np

from cloning.tests.audio.clips import OTHER_SPEECH, SPEECH, speech_samples

RATE_HZ = 16_000

man = speech_samples(SPEECH)
woman = speech_samples(OTHER_SPEECH)


def twice(samples: np.ndarray) -> np.ndarray:
    return np.concatenate([samples, samples])


def add_noise(samples: np.ndarray, below_db: float) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(samples.size).astype("f4")
    return samples + noise * samples.std() * np.float32(10 ** (-below_db / 20))


def cut_off(samples: np.ndarray, times_too_loud: float) -> np.ndarray:
    return np.clip(samples / np.abs(samples).max() * times_too_loud, -1, 1)


def as_by_telephone(samples: np.ndarray) -> np.ndarray:
    spectrum = np.fft.rfft(samples)
    spectrum[round(3400 / RATE_HZ * samples.size) :] = 0
    return np.fft.irfft(spectrum, samples.size).astype("f4")


def in_a_room(samples: np.ndarray) -> np.ndarray:
    """Which fades by 60 dB in half a second, and is as loud as what comes straight."""
    size = RATE_HZ // 2
    echo = np.random.default_rng(0).standard_normal(size) * 10 ** (-3 * np.arange(size) / size)
    echo[:64] = 0
    echo /= np.sqrt(np.square(echo).sum())
    echo[0] = 1
    count = samples.size + size
    return np.fft.irfft(np.fft.rfft(samples, count) * np.fft.rfft(echo, count), count)[: samples.size].astype(
        "f4"
    )


def play_music(seconds: float) -> np.ndarray:
    """A chord each half a second."""
    time = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    root_hz = 220 * 2 ** (np.array([0, 5, 7, 3])[(time / 0.5).astype(int) % 4] / 12)
    phase = np.cumsum(2 * np.pi * root_hz / RATE_HZ)
    chord = sum(
        np.sin(phase * interval * partial) / partial for interval in (1, 1.25, 1.5) for partial in range(1, 8)
    )
    return (chord / np.std(chord)).astype("f4")


def with_music(samples: np.ndarray, below_db: float) -> np.ndarray:
    music = play_music(samples.size / RATE_HZ)[: samples.size]
    return samples + music * samples.std() * np.float32(10 ** (-below_db / 20))


def silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * RATE_HZ), "f4")
