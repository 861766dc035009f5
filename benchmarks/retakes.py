"""How soon the whole is joined again once another take was chosen: `python -m benchmarks.retakes [--repeats 7]`.

Over HTTP, against a real site on this machine: ten minutes of speech (in espeak-ng's voice, which speaks them soonest),
one sentence of which has two takes. From the call that chooses the other take until the new file is given out, for each
format that it was asked for in; and for a WAV file that is wanted in another format.
"""

import argparse
import json
import os
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.site import Site, serving
from benchmarks.streaming import text_of
from cloning.formats import AudioFormat

CHARS_PER_SECOND = 15
SENTENCE_INDEX = 20
TAKE_SEED = 5
ASK_SECONDS = 0.01
GIVE_UP_SECONDS = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    settings = {"ENGINE": "preview", "PREVIEW_VOICE": "espeak", "MAX_TEXT_CHARS": "200000"}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), **settings) as site:
        print(f"| another take of {options.minutes:g} minutes, load {os.getloadavg()[0]:.1f} | first file s | "
              "median s | slowest s |\n|---|---|---|---|")  # fmt: skip
        for stored in AudioFormat:
            generation = speak(site, options.minutes, stored)
            measure(site, generation, stored, f"as {stored.label}", options.repeats)
            if stored == AudioFormat.WAV:
                for wanted in (AudioFormat.MP3, AudioFormat.OPUS, AudioFormat.FLAC):
                    measure(site, generation, wanted, f"as WAV, wanted as {wanted.label}", options.repeats)


def speak(site: Site, minutes: float, audio_format: AudioFormat) -> dict[str, Any]:
    """A generation, one sentence of which has two takes."""
    text = text_of(round(60 * minutes * CHARS_PER_SECOND))
    generation = site.wait_for(site.submit(text, format=audio_format))
    address = f"{generation['status_url']}/segments/{SENTENCE_INDEX}"
    send(site, "POST", f"{address}/takes", {"seed": TAKE_SEED, "text": "It is another sentence, of its own."})
    while (
        site.get(generation["status_url"])["segments"][SENTENCE_INDEX]["takes"][-1]["status"] != "succeeded"
    ):
        time.sleep(0.1)
    return site.get(generation["status_url"])


def measure(site: Site, generation: dict[str, Any], wanted: AudioFormat, name: str, repeats: int) -> None:
    address = f"/api/v1/files/{generation['id']}{wanted.suffix}"
    known, first_seconds = wait_for_file(site, address, "")
    seconds = []
    for number in range(repeats):
        started_at = time.monotonic()
        take = {"take": 2 - number % 2} if known else {}
        send(site, "PATCH", f"{generation['status_url']}/segments/{SENTENCE_INDEX}", take)
        known, _ = wait_for_file(site, address, known)
        seconds.append(time.monotonic() - started_at)
        time.sleep(1)
    if repeats % 2:  # as it was found
        send(site, "PATCH", f"{generation['status_url']}/segments/{SENTENCE_INDEX}", {"take": 1})
        wait_for_file(site, address, known)
    print(f"| {name} | {first_seconds:.2f} | {median(seconds):.2f} | {max(seconds):.2f} |", flush=True)


def send(site: Site, method: str, path: str, members: dict[str, Any]) -> None:
    with closing(site.connect()) as connection:
        connection.request(method, path, json.dumps(members), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status not in (200, 202):
            raise SystemExit(f"{response.status}: {response.read()[:500]!r}")


def wait_for_file(site: Site, path: str, known: str) -> tuple[str, float]:
    """The entity tag of a file that is not the known one, and how long it took to be given out whole."""
    started_at = time.monotonic()
    while time.monotonic() < started_at + GIVE_UP_SECONDS:
        with closing(site.connect()) as connection:
            connection.request("GET", path, headers={"If-None-Match": known} if known else {})
            response = connection.getresponse()
            response.read()
            if response.status == 200 and (found := response.headers["ETag"]) != known:
                return str(found), time.monotonic() - started_at
        time.sleep(ASK_SECONDS)
    raise SystemExit(f"No new file came of {path}.")


if __name__ == "__main__":
    main()
