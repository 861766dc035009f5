"""The process that measures a clip."""

import subprocess
import sys
from dataclasses import replace

import pytest

from cloning.coach import ClipReport, Part, checking
from cloning.coach.checking import check_clip, slots
from cloning.errors import ErrorCode, GenerationError
from cloning.tests.clips import MALE_CLIP


def test_a_clip_is_measured_elsewhere() -> None:
    """Who asks has neither onnxruntime nor what else it takes."""
    code = (
        "import sys; from pathlib import Path; from cloning.coach import check_clip; "
        f"found = check_clip(Path({str(MALE_CLIP)!r}), max_seconds=5); "
        "print(found.duration_seconds, [name for name in ('onnxruntime', 'pyworld', 'torch') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout == "5.0 []\n"


def test_a_report_is_kept_as_json() -> None:
    found = check_clip(MALE_CLIP, max_seconds=300, part=Part(1.0, 3.0))
    assert found.part == Part(1.0, 3.0)
    assert ClipReport.load(found.dump()) == found


def test_what_is_no_clip_is_refused(tmp_path) -> None:
    (tmp_path / "clip").write_bytes(b"This is no audio at all.\n" * 40)
    with pytest.raises(GenerationError, match="No audio was found") as caught:
        check_clip(tmp_path / "clip", max_seconds=300)
    assert caught.value.code == ErrorCode.REFERENCE_UNREADABLE


@pytest.mark.parametrize(
    ("name", "value"),
    [("timeout_seconds", 0.01), ("max_data_bytes", 1024**2), ("cpu_seconds", 0)],
)
def test_what_takes_too_much_is_ended(monkeypatch, name, value) -> None:
    monkeypatch.setattr(checking, "BOUNDS", replace(checking.BOUNDS, **{name: value}))
    with pytest.raises(GenerationError) as caught:
        check_clip(MALE_CLIP, max_seconds=300)
    assert caught.value.code == ErrorCode.SERVER_BUSY


def test_only_so_many_are_measured_at_once(monkeypatch) -> None:
    monkeypatch.setattr(slots, "wait_seconds", 0.01)
    monkeypatch.setattr(slots, "_free", type(slots._free)(1))
    with slots.take(), pytest.raises(GenerationError) as caught:
        check_clip(MALE_CLIP, max_seconds=300)
    assert caught.value.code == ErrorCode.PROBING_BUSY
