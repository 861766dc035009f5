"""What a book takes, by its length: python -m benchmarks.longform [CHARACTERS …]

Books of as many characters, chapters of 15,000, with an engine that only waits and gives out sound of real length, so
that memory and time are those of everything else: from the file to the M4B, which ffprobe reads. A site of its own
for each. Memory is resident, and the most that each process had.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.site import PROJECT, list_processes, read_peak
from benchmarks.waiting_site import BOUNDARY, VOICE, WaitingSite, ask, serving

SENTENCE = "The lamp of the lighthouse was lit on every evening, though nobody had lived there for years. "
CHAPTER_CHARS = 15_000
CHARS_A_SECOND = 15
GIVE_UP_SECONDS = 3600.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("characters", type=int, nargs="*", default=[50_000, 500_000])
    options = parser.parse_args()
    print(f"Load average before: {os.getloadavg()[0]:.1f}.\n")
    print(
        "| characters | chapters | sent, s | spoken, s | speech, h | M4B, s | marks | web, MB | worker, MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for characters in options.characters:
        print(measure(characters), flush=True)


def measure(characters: int) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            "STORAGE_ROOT": str(folder / "storage"),
            "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "WAIT_SECONDS": "0.001",
            "WAIT_CHARS_A_SECOND": str(CHARS_A_SECOND),
        }
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, cwd=PROJECT, env={**os.environ, **environment}, check=True)
        with serving(folder, webs=1, workers=1, **environment) as site:
            return read_out(site, folder, characters)


def read_out(site: WaitingSite, folder: Path, characters: int) -> str:
    """A row of the table."""
    url = site.urls[0]
    began = time.monotonic()
    book = post(url, write_book(characters))
    sent_seconds = time.monotonic() - began
    while book["status"] == "running":
        assert time.monotonic() < began + GIVE_UP_SECONDS, book
        time.sleep(1)
        book = ask(url, book["status_url"]).body
    assert book["status"] == "succeeded", book
    spoken_seconds = time.monotonic() - began
    binding = time.monotonic()
    file = folder / "book.m4b"
    download(f"{url}{book['download_url']}", file)
    binding_seconds = time.monotonic() - binding
    marks = count_marks(file)
    web = max(
        read_peak(int(each.split()[0])) for each in list_processes(site.webs[0].pid) if "gunicorn" in each
    )
    worker = read_peak(site.workers[0].pid)
    hours = book["duration_seconds"] / 3600
    return (
        f"| {characters:,} | {len(book['chapters'])} | {sent_seconds:.1f} | {spoken_seconds:.0f} | {hours:.1f} | "
        f"{binding_seconds:.0f} | {marks} | {web:.0f} | {worker:.0f} |"
    )


def write_book(characters: int) -> bytes:
    paragraphs = []
    for number in range(1, -(-characters // CHAPTER_CHARS) + 1):
        chars = min(CHAPTER_CHARS, characters - (number - 1) * CHAPTER_CHARS)
        paragraphs += [f"Chapter {number}", (SENTENCE * (chars // len(SENTENCE) + 1))[:chars]]
    return "\n\n".join(paragraphs).encode()


def post(url: str, content: bytes) -> dict[str, Any]:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="voice"\r\n\r\n{VOICE}\r\n--{BOUNDARY}\r\n'
    head += 'Content-Disposition: form-data; name="file"; filename="book.txt"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = ask(url, "/api/v1/books", body, headers)
    assert answer.status == 202, answer
    made: dict[str, Any] = answer.body
    return made


def download(url: str, target: Path) -> None:
    """Asked for again while it is still being made."""
    give_up_at = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < give_up_at:
        try:
            with urllib.request.urlopen(url, timeout=600) as response, target.open("wb") as file:  # noqa: S310
                while chunk := response.read(1024 * 1024):
                    file.write(chunk)
            return
        except urllib.error.HTTPError as error:
            assert error.code == 503, error.read()
            time.sleep(1)


def count_marks(file: Path) -> int:
    command = ["ffprobe", "-v", "error", "-show_chapters", "-of", "json", str(file)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return len(found["chapters"])


if __name__ == "__main__":
    main()
