"""docs/licences.md, against the files of the repository and what the installed packages bring."""

import re
from importlib.metadata import distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
PAGE = (PROJECT / "docs" / "licences.md").read_text()
DATA = ("*.onnx", "*.npz", "*.woff2", "*.flac", "*.bin", "*.safetensors", "*-spec.json")
MODEL_SUFFIXES = (".onnx", ".bin", ".dic", ".pt", ".pth", ".pkl", ".safetensors")
LARGE_BYTES = 1_000_000


def rows_of(heading: str) -> dict[str, list[str]]:
    """The cells of a table below a heading, by what stands first in each row."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| `([^`]+)` \| (.*) \|$", section, re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in found}


def test_every_file_of_data_is_named_and_is_there() -> None:
    rooms = [PROJECT / name for name in ("cloning", "static", "templates", "voiceclone_site")]
    shipped = {str(path.relative_to(PROJECT)) for room in rooms for kind in DATA for path in room.rglob(kind)}
    named = rows_of("In the repository")
    assert shipped <= named.keys()
    assert [name for name in named if not (PROJECT / name).is_file()] == []
    assert all(len(cells) == 3 and all(cells) for cells in named.values())


def test_every_package_with_a_model_is_named() -> None:
    bringing = {
        each.name.replace("_", "-").lower()
        for each in distributions()
        for file in each.files or []
        if file.suffix in MODEL_SUFFIXES and is_large(Path(str(file.locate())))
    }
    named = rows_of("In packages that are installed")
    assert bringing <= named.keys()
    assert all(len(cells) == 2 and all(cells) for cells in named.values())


def is_large(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > LARGE_BYTES


@pytest.mark.parametrize("package", sorted(rows_of("In packages that are installed")))
def test_named_packages_are_pinned(package: str) -> None:
    pins = [(PROJECT / name).read_text() for name in ("requirements.txt", "infrastructure/constraints.txt")]
    name = "[-_]".join(map(re.escape, package.split("-")))
    found = re.compile(rf"(^|\[){name}(\]|==)", re.MULTILINE | re.IGNORECASE)
    assert any(map(found.search, pins))
