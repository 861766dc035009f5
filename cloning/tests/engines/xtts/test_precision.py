"""What is computed in which precision, and on how many cores."""

import os
from pathlib import Path

import pytest
import torch

from cloning.engines.base import Conditioning, EngineError, SynthesisOptions
from cloning.engines.xtts import linear
from cloning.engines.xtts.cores import available_cores
from cloning.engines.xtts.decoding import Decoder
from cloning.engines.xtts.engine import XttsEngine
from cloning.engines.xtts.linear import choose_precision, pack_linear
from cloning.engines.xtts.sampling import SamplingSettings
from cloning.tests.engines.xtts.texts import SENTENCES


@pytest.mark.parametrize(("precision", "error"), [("float32", 1e-6), ("float16", 1e-3), ("int8", 0.1)])
@pytest.mark.parametrize("transposed", [False, True])
def test_packed_product(precision: str, error: float, transposed: bool) -> None:
    """Weights in both memory orders, and outputs whose sizes differ by six orders of magnitude."""
    generator = torch.Generator().manual_seed(0)
    sizes = torch.logspace(-6, 0, 48)[:, None]
    weight = torch.randn(48, 64, generator=generator) * sizes
    weight[3] = 0
    bias, rows = torch.randn(48, generator=generator) * sizes[:, 0], torch.randn(5, 64, generator=generator)
    expected = rows @ weight.T + bias
    stored = weight.T.contiguous().T if transposed else weight.clone()
    apply = pack_linear(stored, bias, precision, torch.device("cpu"))
    stored.zero_()
    result = apply(rows)
    off = (result - expected).norm(dim=0) / (expected.norm(dim=0) + 1e-12)
    # float16 can't hold what is below 6e-5 well; the two others are as exact for small outputs as for large.
    assert off[sizes[:, 0] > (1e-3 if precision == "float16" else 0)].max() < error


def test_packs_where_onednn_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, bias = torch.randn(6, 4), torch.randn(6)
    rows = torch.randn(3, 4)
    expected = rows @ weight.T + bias
    monkeypatch.setattr(linear.torch.backends.mkldnn, "is_available", lambda: False)
    apply = pack_linear(weight, bias, "float32", torch.device("cpu"))
    weight.zero_()
    torch.testing.assert_close(apply(rows), expected)


@pytest.mark.parametrize(("precision", "least_cosine"), [("float16", 0.999999), ("int8", 0.999)])
def test_lower_precision_stays_near(
    checkpoint: Path,
    engine: XttsEngine,
    conditioning: Conditioning,
    precision: str,
    least_cosine: float,
) -> None:
    """Scores of the first code for 17 texts; rows of a batch must not influence one another."""
    near = XttsEngine(checkpoint, device="cpu", precision=precision)
    assert near.precision == precision
    exact_scores, near_scores = (
        torch.stack([first_scores(each, [item], conditioning)[0] for item in SENTENCES.items()])
        for each in (engine, near)
    )
    assert torch.cosine_similarity(exact_scores, near_scores).min() > least_cosine
    assert not torch.equal(exact_scores, near_scores)
    together = first_scores(near, list(SENTENCES.items())[:4], conditioning)
    torch.testing.assert_close(together, near_scores[:4], rtol=1e-4, atol=1e-4)


def first_scores(
    engine: XttsEngine, texts: list[tuple[str, str]], conditioning: Conditioning
) -> torch.Tensor:
    rows = [engine._row(text, language, conditioning, SynthesisOptions()) for language, text in texts]
    decoder = Decoder(engine._gpt, SamplingSettings())
    decoder.add(rows)
    decoder.step()
    latents = torch.stack([row.latents[0] for row in rows])
    with torch.inference_mode():
        return engine._gpt.logits(latents)


def test_automatic_precision_and_what_a_device_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert (choose_precision("auto", cpu), choose_precision("auto", gpu)) == ("float16", "float32")
    with pytest.raises(EngineError, match="int8 is for CPUs"):
        choose_precision("int8", gpu)
    monkeypatch.setattr(linear, "_quantizing_libraries", lambda: ["qnnpack"])
    assert choose_precision("auto", cpu) == "float32"
    with pytest.raises(EngineError, match="can't do XTTS_PRECISION=float16"):
        choose_precision("float16", cpu)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "max 100000\n"}, None),
        ({"proc/self/cgroup": "0::/job/step\n", "sys/fs/cgroup/job/cpu.max": "150000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "20000 100000\n"}, 1),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/job\n3:memory:/\n",
                "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "100000\n",
                "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            1,
        ),
    ],
)
def test_cores_are_those_of_affinity_and_quota(
    tmp_path: Path, files: dict[str, str], cores: int | None
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert available_cores(tmp_path) == (cores or len(os.sched_getaffinity(0)))
