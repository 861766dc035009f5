"""Makes cloning/engines/preview/data/voices.npz: Kokoro's stock voices, every eighth row, as float16.

    npm pack kokoro-js@1.2.1 && tar xzf kokoro-js-1.2.1.tgz
    python -m benchmarks.training.make_voices package/voices

A voice has a style for each length of text from 1 to 510 tokens; the styles of neighbouring lengths hardly differ, and
the rows between are interpolated (RMS error 0.005, where two voices differ by 0.14).

Source: Kokoro-82M v1.0 by hexgrad (https://huggingface.co/hexgrad/Kokoro-82M), Apache-2.0, through kokoro-js 1.2.1.
"""

import sys
from pathlib import Path

import numpy as np

TARGET = Path(__file__).parents[2] / "cloning/engines/preview/data/voices.npz"
ROW_STEP = 8


def main(folder: str) -> None:
    files = sorted(Path(folder).glob("*.bin"))
    styles = np.stack([np.fromfile(file, "<f4").reshape(510, 256) for file in files])
    rows = np.append(np.arange(0, 509, ROW_STEP), 509)
    np.savez(
        TARGET,
        names=np.array([file.stem for file in files]),
        rows=rows.astype(np.int16),
        styles=styles[:, rows].astype(np.float16),
    )
    print(f"{len(files)} voices, {len(rows)} rows each, {TARGET.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(sys.argv[1])
