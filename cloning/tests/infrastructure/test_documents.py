"""What the documents name is there."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
DOCUMENTS = [
    PROJECT / "README.md",
    PROJECT / "SECURITY.md",
    PROJECT / "docs" / "architecture.md",
    PROJECT / "docs" / "contributing.md",
    *(PROJECT / "docs" / "adr").glob("*.md"),
]
ROOMS = "cloning|docs|infrastructure|benchmarks|templates|static|voiceclone_site"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_and_links_lead_somewhere(document: Path):
    text = document.read_text()
    paths = set(re.findall(rf"`((?:{ROOMS})/[\w./-]*)`", text))
    links = set(re.findall(r"\]\(((?!https?:|#)[^)#]+)", text))
    missing = {path for path in paths if not (PROJECT / path).exists()} - {"infrastructure/.env"}
    assert missing | {link for link in links if not (document.parent / link).exists()} == set()


def test_every_decision_is_in_the_list():
    folder = PROJECT / "docs" / "adr"
    text = (folder / "README.md").read_text()
    assert {path.name for path in folder.glob("[0-9]*.md")} == set(re.findall(r"\]\(([\w-]+\.md)\)", text))


def test_the_makefile_has_the_commands_that_the_documents_name():
    text = "".join(document.read_text() for document in DOCUMENTS)
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)) <= targets


def test_commits_run_what_ci_checks():
    hooks = (PROJECT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"entry: (.+)", hooks) == ["make check"]
    assert "\nmake check\n" in (PROJECT / ".ci" / "run").read_text()
