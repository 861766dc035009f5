"""How often a recorded statement is refused that is of another speaker than the clips, and how often one of the same.

    python -m benchmarks.consents FOLDER [--stock 12]

FOLDER holds clips of real speakers, several of each, named `SPEAKER-….flac`. Every clip is a statement for every
other: as it is, and its beginning alone. With `--stock` the preview's English stock voices speak the statement and two
clips each: they are nobody's, so their table stands by itself. Compared is as the server does it. Prints the tables of
docs/trust.md.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import mean

import numpy as np
import soxr

from cloning.audio.decoding import decode_mono
from cloning.audio.levels import Samples
from cloning.coach.matching import cut_speech, embed
from cloning.engines.base import Floats, SynthesisOptions
from cloning.engines.preview import ENTRY
from cloning.engines.preview.speaker import SAMPLE_RATE_HZ
from cloning.engines.preview.stock import VOICES
from cloning.text.statements import SCRIPTS

THRESHOLDS = (0.66, 0.70, 0.72, 0.74, 0.76, 0.78)
BEGINNINGS_SECONDS = (None, 8.0, 5.0, 3.0)
MAX_SECONDS = 60.0
SENTENCES = (
    "The old lighthouse keeper counted the ships that passed before sunrise, and wrote their names into a book.",
    "When the fog came in, he lit the lamp and waited for the bell to answer, as he had done every night.",
)

Voiceprints = Sequence[tuple[str, str, Floats]]
"""Speaker, name and embedding of each."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--stock", type=int, default=0, help="how many stock voices of the preview speak, too"
    )
    options = parser.parse_args()
    clips = {path.stem: read(path) for path in sorted(options.folder.glob("*.flac"))}
    whole = [(name.partition("-")[0], name, embed(speech)) for name, speech in clips.items()]
    for seconds in BEGINNINGS_SECONDS:
        statements = [(speaker, name, embed(cut(clips[name], seconds))) for speaker, name, _ in whole]
        length = "whole clips" if seconds is None else f"the first {seconds:g} s of speech"
        report(f"{len(clips)} clips of real speakers, {length} as statements", statements, whole)
    if options.stock:
        spoken = list(speak(options.stock))
        statements = [each for each in spoken if each[1] == "statement"]
        report(
            f"{options.stock} stock voices", statements, [each for each in spoken if each[1] != "statement"]
        )


def read(path: Path) -> Samples:
    return cut_speech(decode_mono(path, SAMPLE_RATE_HZ, MAX_SECONDS))


def cut(speech: Samples, seconds: float | None) -> Samples:
    return speech if seconds is None else speech[: int(seconds * SAMPLE_RATE_HZ)]


def speak(count: int) -> Iterator[tuple[str, str, Floats]]:
    from django.conf import settings

    engine = ENTRY.load(settings)
    names = ["statement", *(f"clip {number}" for number in range(len(SENTENCES)))]
    texts = [SCRIPTS["en"].write(""), *SENTENCES]
    for key in sorted(VOICES["en"])[:count]:
        conditioning = engine.stock_conditioning(key, "en")
        options = [SynthesisOptions(seed=1)] * len(texts)
        for index, sound in engine.synthesize_all(texts, "en", conditioning, options):
            samples = soxr.resample(sound, engine.sample_rate_hz, SAMPLE_RATE_HZ)
            yield key, names[index], embed(cut_speech(samples.astype(np.float32)))


def report(title: str, statements: Voiceprints, clips: Voiceprints) -> None:
    found: Mapping[bool, list[float]] = {True: [], False: []}
    for (speaker, name, statement), (other, clip_name, clip) in product(statements, clips):
        if (speaker, name) != (other, clip_name):
            found[speaker == other].append(float(statement @ clip))
    same, different = found[True], found[False]
    print(f"\n{title}: {len(same)} pairs of one speaker ({mean(same):.3f}, least {min(same):.3f}), ", end="")
    print(f"{len(different)} of two ({mean(different):.3f}, most {max(different):.3f})\n")
    print("| threshold | another speaker refused | the same speaker refused |")
    print("|---|---|---|")
    for threshold in THRESHOLDS:
        refused, wrongly = (share_below(scores, threshold) for scores in (different, same))
        print(f"| {threshold:.2f} | {refused:.1%} | {wrongly:.1%} |")


def share_below(scores: Sequence[float], threshold: float) -> float:
    return sum(score < threshold for score in scores) / len(scores)


if __name__ == "__main__":
    main()
