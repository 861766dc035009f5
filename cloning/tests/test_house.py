"""Rules of the house that no other tool holds."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
MAX_LINES = 400

SOURCES = [
    path
    for folder in ("cloning", "voiceclone_site", "benchmarks", "infrastructure")
    for path in sorted((PROJECT / folder).rglob("*.py"))
    if "migrations" not in path.parts
]


def test_no_file_outgrows_a_few_screens() -> None:
    assert [path for path in SOURCES if len(path.read_text().splitlines()) > MAX_LINES] == []


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if "benchmarks" in path.parts],
    ids=lambda path: str(path.relative_to(PROJECT)),
)
def test_benchmarks_import_nothing_from_tests(path: Path) -> None:
    assert not re.search(r"^\s*(?:from|import) cloning\.tests", path.read_text(), re.MULTILINE)


def test_nothing_is_imported_from_conftest() -> None:
    importing = [
        path for path in SOURCES if re.search(r"^\s*from .*conftest import", path.read_text(), re.MULTILINE)
    ]
    assert importing == []


def test_every_test_stands_where_its_subject_does() -> None:
    """A folder of tests is a room of `cloning`, or one of the few that test the whole."""
    rooms = {path.name for path in (PROJECT / "cloning").iterdir() if path.is_dir()}
    folders = {
        path.name
        for path in (PROJECT / "cloning" / "tests").iterdir()
        if path.is_dir() and path.name not in ("__pycache__", "data")
    }
    assert folders - rooms <= {"attack", "e2e", "infrastructure"}
