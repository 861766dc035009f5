"""How many bad takes the scores find, how many a second attempt mends, and what that costs. For docs/trust.md.

    python3 infrastructure/install.py light check
    python -m benchmarks.checks [--sentences 6] [--hard 12]

Good takes are the preview's, in two of Kokoro's voices; bad ones are made of them by editing samples, one fault each.
"Like its reference" is asked of them as of an engine that clones: the reference is another sentence in the voice. Then
the preview reads sentences that are hard to read; what is below the bar is spoken again, as CHECK_SPEECH=retry does.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceclone_site.settings")

import django

django.setup()

import numpy as np  # noqa: E402
import soxr  # noqa: E402
from django.conf import settings  # noqa: E402

from cloning.audio.levels import Samples  # noqa: E402
from cloning.audio.watermark import Watermarker  # noqa: E402
from cloning.audio.wav import write_wav  # noqa: E402
from cloning.engines.base import Engine, Floats, SynthesisOptions  # noqa: E402
from cloning.engines.preview.engine import PreviewEngine  # noqa: E402
from cloning.jobs.attempts import speak_best  # noqa: E402
from cloning.recognition import SAMPLE_RATE_HZ, Recogniser, share_understood  # noqa: E402
from cloning.scoring import Fault, Heard, TakeScores, find_faults  # noqa: E402
from cloning.scoring.measuring import embed_clips, measure_take  # noqa: E402

VOICE, OTHER = "af_heart", "am_michael"
LEARNT_FROM = "The north wind and the sun were disputing which was the stronger, when a traveller came along."
SENTENCES = (
    "The birch canoe slid on the smooth planks, and nobody heard it.",
    "It is easy to tell the depth of a well when the sun is high.",
    "The boy was there when the sun rose over the quiet harbour.",
    "Rice is often served in round bowls at the end of the week.",
    "A pot of tea helps to pass the evening while the rain falls.",
    "Four hours of steady work faced us before we could go home.",
    "The soft cushion broke the fall of the man on the stairs.",
    "The hogs were fed chopped corn and garbage every morning.",
)
HARD = (
    "Worcestershire sauce, please.",
    "Xerxes quizzed Przemysl.",
    "Read what he read in Reading.",
    "Sixth sick sheikh's sixth sheep's sick.",
    "Yes.",
    "No, no, no.",
    "The rural juror.",
    "Eyjafjallajokull erupted.",
    "Buffalo buffalo buffalo.",
    "Tchaikovsky met Dvorak in Gdynia.",
    "Which witch is which?",
    "Lead pipes lead to lead.",
)


@dataclass
class Spent:
    """Processor time in seconds."""

    speaking: float = 0.0
    measuring: float = 0.0
    marking: float = 0.0
    hearing: float = 0.0
    speech: float = 0.0
    spoken: int = 0
    scored: int = 0
    marked: int = 0


class Bench:
    def __init__(self) -> None:
        self.engine = PreviewEngine()
        self.recogniser = Recogniser(settings.MODEL_CACHE)
        self.spent = Spent()

    def speak(self, text: str, voice: str, options: SynthesisOptions | None = None) -> Samples:
        began = time.process_time()
        conditioning = self.engine.stock_conditioning(voice, "en")
        samples = self.engine.synthesize(text, "en", conditioning, options or SynthesisOptions())
        self.spent.speaking += time.process_time() - began
        self.spent.spoken += 1
        self.spent.speech += samples.size / self.engine.sample_rate_hz
        return samples

    def score(self, samples: Samples, text: str, reference: Floats | None) -> TakeScores:
        began = time.process_time()
        scores = measure_take(samples, self.engine.sample_rate_hz, text, "en", 1.0, reference)
        self.spent.measuring += time.process_time() - began
        began = time.process_time()
        speech = soxr.resample(samples, self.engine.sample_rate_hz, SAMPLE_RATE_HZ).astype(np.float32)
        heard = self.recogniser.text_of(speech, "en")
        scores = replace(scores, heard=Heard(heard, share_understood(text, heard, "en")), unheard=None)
        self.spent.scored += 1
        self.spent.hearing += time.process_time() - began
        return replace(scores, faults=find_faults(scores, is_clone=reference is not None))

    def mark(self, samples: Samples) -> None:
        began = time.process_time()
        marker = Watermarker(self.engine.sample_rate_hz, b"key of a benchmark")
        marker.process(samples)
        self.spent.marked += 1
        self.spent.marking += time.process_time() - began


def learn(engine: Engine, samples: Samples) -> Floats:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.wav"
        write_wav(soxr.resample(samples, engine.sample_rate_hz, SAMPLE_RATE_HZ), SAMPLE_RATE_HZ, path)
        return embed_clips([path])


def edits(rate_hz: int) -> dict[str, Callable[[Samples, Samples, Samples], Samples]]:
    """What is done to a take; beside it are another sentence in its voice, and the sentence in another voice."""
    noise = np.random.default_rng(7)

    def add_noise(take: Samples, _more: Samples, _other: Samples) -> Samples:
        level = float(np.sqrt(np.mean(np.square(take))))
        return (take + noise.normal(0, level, take.size)).astype(np.float32)

    def clip(take: Samples, _more: Samples, _other: Samples) -> Samples:
        peak = float(np.abs(take).max())
        return np.clip(8 * take, -peak, peak)

    def repeat(take: Samples, _more: Samples, _other: Samples) -> Samples:
        first, last = take.size // 3, 2 * take.size // 3
        return np.concatenate([take[:last], take[first:]])

    hole = np.zeros(2 * rate_hz, np.float32)
    return {
        "runs on, with half of another sentence": lambda take, more, _: np.concatenate(
            [take, more[: more.size // 2]]
        ),
        "a third of it said twice": repeat,
        "its last quarter cut off": lambda take, _more, _other: take[: 3 * take.size // 4],
        "two seconds of silence in it": lambda take, _more, _other: np.concatenate(
            [take[: take.size // 2], hole, take[take.size // 2 :]]
        ),
        "white noise as loud as it": add_noise,
        "another speaker": lambda _take, _more, other: other,
        "eight times too loud": clip,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=len(SENTENCES))
    parser.add_argument("--hard", type=int, default=len(HARD))
    options = parser.parse_args()
    bench = Bench()
    report_scripted(bench, SENTENCES[: options.sentences])
    report_costs(bench.spent)
    report_hard(bench, HARD[: options.hard])


def report_scripted(bench: Bench, sentences: tuple[str, ...]) -> None:
    reference = learn(bench.engine, bench.speak(LEARNT_FROM, VOICE))
    takes = [bench.speak(text, VOICE) for text in sentences]
    for take in takes:
        bench.mark(take)
    others = [bench.speak(text, OTHER) for text in sentences]
    good = [bench.score(take, text, reference) for take, text in zip(takes, sentences, strict=True)]
    print(f"| made of {len(takes)} takes | found | without the recogniser | by what |\n|---|---|---|---|")
    print_row("nothing: false alarms", good)
    for name, edit in edits(bench.engine.sample_rate_hz).items():
        made = [
            bench.score(edit(take, takes[number - 1], others[number]), sentences[number], reference)
            for number, take in enumerate(takes)
        ]
        print_row(name, made)
    print()


def print_row(name: str, scores: list[TakeScores]) -> None:
    found = sum(bool(each.faults) for each in scores)
    deaf = sum(any(fault != Fault.WORDS for fault in each.faults) for each in scores)
    by = {fault: sum(fault in each.faults for each in scores) for fault in Fault}
    told = ", ".join(f"{fault} {count}" for fault, count in by.items() if count)
    print(f"| {name} | {found} of {len(scores)} | {deaf} | {told} |", flush=True)


def report_costs(spent: Spent) -> None:
    """Of a take on average, as shares of speaking one."""
    speaking = spent.speaking / spent.spoken
    shares = {
        "measuring": spent.measuring / spent.scored,
        "marking": spent.marking / spent.marked,
        "hearing": spent.hearing / spent.scored,
    }
    for name, seconds in shares.items():
        print(f"{name}: {seconds:.3f} s, {100 * seconds / speaking:.1f} % of speaking")
    print(
        f"speaking: {speaking:.2f} s of processor time, {spent.speech / spent.spoken:.1f} s of speech\n",
        flush=True,
    )


def report_hard(bench: Bench, sentences: tuple[str, ...]) -> None:
    settings.CHECK_SPEECH = "retry"
    bad, cured, again = 0, 0, 0
    for text, attempts in try_all(bench, sentences):
        if attempts[0].faults:
            bad += 1
            again += len(attempts) - 1
            cured += not attempts[-1].faults
        told = ", ".join(
            f"{each.heard.understood:.2f} {each.heard.text!r}" for each in attempts if each.heard
        )
        print(f"{text}: {told}", flush=True)
    print(
        f"Of {len(sentences)} hard sentences {bad} below the bar at first, {cured} mended by {again} more attempts."
    )


def try_all(bench: Bench, sentences: tuple[str, ...]) -> Iterator[tuple[str, list[TakeScores]]]:
    for text in sentences:
        scored: list[TakeScores] = []

        def score(samples: Samples, text: str = text, scored: list[TakeScores] = scored) -> TakeScores:
            scored.append(bench.score(samples, text, None))
            return scored[-1]

        def speak(options: SynthesisOptions, text: str = text) -> Samples:
            return bench.speak(text, VOICE, options)

        speak_best(SynthesisOptions(), speak, score, is_sampled=False)
        yield text, scored


if __name__ == "__main__":
    main()
