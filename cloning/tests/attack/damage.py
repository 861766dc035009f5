"""What was derived from a voice is damaged on the disk: the next generation makes it again."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import safetensors.numpy

from cloning.tests.attack import leftovers
from cloning.tests.attack.report import Promise, Report
from cloning.tests.attack.server import attacked
from cloning.tests.attack.sizes import Size
from cloning.tests.attack.uploads import make_clips


def with_nan(content: bytes) -> bytes:
    arrays = {
        name: np.full_like(array, np.nan, dtype=np.float32)
        for name, array in safetensors.numpy.load(content).items()
    }
    return safetensors.numpy.save(arrays)


def with_other_shapes(content: bytes) -> bytes:
    return safetensors.numpy.save(
        {name: array.reshape(-1)[:1] for name, array in safetensors.numpy.load(content).items()}
    )


CLIPS, CONDITIONINGS = "normalized/*", "conditioning/*.safetensors"
DAMAGES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "empty clip": (CLIPS, lambda _: b""),
    "truncated clip": (CLIPS, lambda content: content[: len(content) // 3]),
    "clip of noise": (CLIPS, lambda content: random.Random(1).randbytes(len(content))),
    "empty conditioning": (CONDITIONINGS, lambda _: b""),
    "truncated conditioning": (CONDITIONINGS, lambda content: content[: len(content) // 2]),
    "conditioning without arrays": (CONDITIONINGS, lambda _: safetensors.numpy.save({})),
    "conditioning of NaN": (CONDITIONINGS, with_nan),
    "conditioning of other shapes": (CONDITIONINGS, with_other_shapes),
}


def attack(folder: Path, report: Report, size: Size) -> None:
    clips = make_clips(folder)
    with attacked(folder / "damage", report) as server, report.timed("damaged caches"):
        for name, (pattern, damage) in DAMAGES.items():
            server.delete_everything()
            server.post("Before.", clips["flac"])
            server.wait_for_ends(120)
            files = [path for path in server.storage_root.glob(pattern) if path.is_file()]
            for path in files:
                path.write_bytes(damage(path.read_bytes()))
            if pattern == CLIPS:  # is read only where there is no conditioning
                for path in server.storage_root.glob(CONDITIONINGS):
                    path.unlink()
            report.count("damaged caches", len(files))
            again = server.post("After.", clips["flac"])
            server.wait_for_ends(120)
            if not files or again is None or server.status_of(again) != "succeeded":
                why = server.rows(
                    "SELECT error_code, error_message FROM cloning_generation WHERE status = 'failed'"
                )
                server.fault(Promise.RECOVERY, f"{name}: {why if files else 'nothing to damage'}")
        leftovers.check(server)
