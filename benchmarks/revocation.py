"""How soon nothing of a revoked voice can be had: `python -m benchmarks.revocation [--results 100] [--sentences 3]`.

A real site and worker speak results with a voice, then a long one that somebody listens to. In the middle of that the
voice is revoked. Seconds are from the moment when the call is sent, until each of these is so for good.
"""

import argparse
import http.client
import json
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.site import BOUNDARY, Site, encode_form, serving

SENTENCE = "The old lighthouse keeper counted the ships that passed the harbour before sunrise. "
LONG_SENTENCES = 200
PATIENCE_SECONDS = 60.0
FOLDERS = ("incoming", "normalized", "conditioning", "generated")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=int, default=100, help="that were spoken with it before")
    parser.add_argument("--sentences", type=int, default=3, help="of each")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), ENGINE="preview", PREVIEW_VOICE="espeak") as site,
    ):
        voice = make_voice(site)
        results = [speak(site, voice, asked.sentences) for _ in range(asked.results)]
        results = [site.wait_for(each) for each in results]
        long = speak(site, voice, LONG_SENTENCES)
        listener = Listener(site, long)
        listener.start()
        wait_until(lambda: listener.heard_bytes > 0 and site.get(long["status_url"])["status"] == "running")
        print_table(measure(site, voice, results, long, listener))


class Listener(threading.Thread):
    def __init__(self, site: Site, generation: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self._site, self._path = site, f"{generation['status_url']}/stream.mp3"
        self.heard_bytes = 0
        self.ended_at = 0.0

    def run(self) -> None:
        with closing(self._site.connect()) as connection:
            connection.request("GET", self._path)
            answer = connection.getresponse()
            try:
                while piece := answer.read1(4096):
                    self.heard_bytes += len(piece)
            except (http.client.HTTPException, OSError):
                pass  # the break is how an end is told that is none
        self.ended_at = time.monotonic()


def make_voice(site: Site) -> str:
    with closing(site.connect()) as connection:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        connection.request("POST", "/api/v1/voices", encode_form({"name": "Lighthouse"}), headers)
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        return str(json.loads(answer.read())["id"])


def speak(site: Site, voice: str, sentences: int) -> dict[str, Any]:
    body = json.dumps({"text": SENTENCE * sentences, "voice": voice})
    headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
    with closing(site.connect()) as connection:
        connection.request("POST", "/api/v1/voice-clone/generate", body, headers)
        answer = connection.getresponse()
        generation: dict[str, Any] = json.loads(answer.read())
    assert answer.status == 202, generation
    return generation


def measure(
    site: Site, voice: str, results: list[dict[str, Any]], long: dict[str, Any], listener: Listener
) -> dict[str, str]:
    took: dict[str, float] = {}
    begun_at = time.monotonic()

    def watch(what: str, is_so: Callable[[], bool]) -> None:
        wait_until(is_so)
        took[what] = time.monotonic() - begun_at

    files = [each["download_url"] for each in results]
    watched = {
        "nobody can speak with it": lambda: status_of(site, f"/api/v1/voices/{voice}") == 404,
        "the last result can't be fetched": lambda: status_of(site, files[-1]) == 404,
        "the running one is gone": lambda: status_of(site, long["status_url"]) == 404,
        "the listener's stream has ended": lambda: not listener.is_alive(),
        "no file is left in the storage": lambda: not list_files(site),
        "no row is left": lambda: not count_rows(site),
    }
    threads = [threading.Thread(target=watch, args=each) for each in watched.items()]
    for thread in threads:
        thread.start()
    with closing(site.connect()) as connection:
        connection.request("POST", f"/api/v1/voices/{voice}/revoke")
        answer = json.loads(connection.getresponse().read())
    answered_seconds = time.monotonic() - begun_at
    for thread in threads:
        thread.join()
    assert all(status_of(site, path) == 404 for path in files)
    deleted = f"{answer['generations']} results, {answer['takes']} takes, {answer['speech_seconds']:.0f} s of speech"
    table = {"the call has answered": f"{answered_seconds:.2f} s ({deleted})"}
    return table | {what: f"{took[what]:.2f} s" for what in watched if what in took}


def status_of(site: Site, path: str) -> int:
    with closing(site.connect()) as connection:
        connection.request("GET", path, headers={"Range": "bytes=0-0"})
        return connection.getresponse().status


def list_files(site: Site) -> list[Path]:
    storage = site.folder / "storage"
    return [path for name in FOLDERS for path in (storage / name).rglob("*") if path.is_file()]


def count_rows(site: Site) -> int:
    tables = (
        "generation",
        "take",
        "segment",
        "reference",
        "voice",
        "storedconditioning",
        "soundchunk",
        "encoding",
    )
    with closing(sqlite3.connect(f"file:{site.folder}/storage/db.sqlite3?mode=ro", uri=True)) as database:
        counts = [database.execute(f"SELECT count(*) FROM cloning_{name}").fetchone()[0] for name in tables]  # noqa: S608
    return sum(counts)


def wait_until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() >= give_up_at:
            raise SystemExit("It did not happen in a minute.")
        time.sleep(0.02)


def print_table(table: dict[str, str]) -> None:
    for what, figure in table.items():
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
