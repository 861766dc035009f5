"""From a fresh clone to the first spoken sentence: `python benchmarks/first_minute.py`.

Clones the repository as it is committed, runs `make run` there, sends a clip and a sentence to the API and prints how
long it took and how large `.venv` has become. Ends with 1 when a limit that was given is passed.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
CLIP = "cloning/tests/data/1688-142285-0007.flac"
TEXT = "Good morning. The train leaves at half past nine."
BOUNDARY = "first-minute"
GIVE_UP_SECONDS = 900.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(server: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + GIVE_UP_SECONDS
    while "Ready:" not in log.read_text():
        if server.poll() is not None or time.monotonic() > give_up_at:
            sys.exit(f"make run did not get ready:\n{log.read_text()}")
        time.sleep(0.1)


def speak(url: str, clip: Path) -> dict[str, object]:
    body = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="text"\r\n\r\n{TEXT}\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="reference"; filename="a.flac"\r\n\r\n'
    ).encode() + clip.read_bytes()
    request = urllib.request.Request(  # noqa: S310
        f"{url}/api/v1/voice-clone/generate",
        data=body + f"\r\n--{BOUNDARY}--\r\n".encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )
    with urllib.request.urlopen(request, timeout=GIVE_UP_SECONDS) as response:  # noqa: S310
        result: dict[str, object] = json.load(response)
    if result["status"] != "succeeded":
        sys.exit(f"Not spoken: {json.dumps(result)}")
    with urllib.request.urlopen(str(result["absolute_download_url"])) as audio:  # noqa: S310
        if not audio.read().startswith(b"RIFF"):
            sys.exit("What was spoken is no WAV file.")
    return result


def size_mb(folder: Path) -> float:
    """As `du` counts: blocks on disk, links not followed."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) / 1e6


def measure(folder: Path) -> tuple[float, float]:
    """Seconds until the sentence was spoken, and MB of `.venv`."""
    clone, log, port = folder / "clone", folder / "log", free_port()
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
    variables = {
        name: value for name, value in os.environ.items() if name not in ("STORAGE_ROOT", "DATABASE_URL")
    }
    variables |= {"PORT": str(port), "MODEL_CACHE": str(folder / "model_cache"), "API_WAIT_SECONDS": "900"}
    started_at = time.monotonic()
    with log.open("wb") as output:
        server = subprocess.Popen(["make", "run"], cwd=clone, env=variables, stdout=output, stderr=output)
    try:
        wait_until_ready(server, log)
        print(f"Ready after {time.monotonic() - started_at:.1f} s", flush=True)
        result = speak(f"http://localhost:{port}", clone / CLIP)
        seconds = time.monotonic() - started_at
        print(f"Spoken after {seconds:.1f} s by {result['engine']}: {result['duration_seconds']} s of sound")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    venv_mb = size_mb(clone / ".venv")
    print(f".venv: {venv_mb:.0f} MB")
    return seconds, venv_mb


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--max-seconds", type=float, default=float("inf"))
    parser.add_argument("--max-mb", type=float, default=float("inf"))
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="first-minute-"))
    try:
        seconds, venv_mb = measure(folder)
    finally:
        shutil.rmtree(folder)
    if seconds > arguments.max_seconds or venv_mb > arguments.max_mb:
        sys.exit(f"The limits are {arguments.max_seconds:.0f} s and {arguments.max_mb:.0f} MB.")


if __name__ == "__main__":
    main()
