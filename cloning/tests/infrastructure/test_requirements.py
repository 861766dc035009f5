"""Holds imports, requirements.txt and constraints.txt together."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

PROJECT = Path(__file__).parents[3]
OWN = {"cloning", "voiceclone_site"}
TESTED_TOO = "benchmarks"  # ours as well; tests share its checkpoint, the product may not import it
XTTS_ROOM = PROJECT / "cloning" / "engines" / "xtts"
RECOGNITION = PROJECT / "cloning" / "recognition"
AGENTS = PROJECT / "cloning" / "agents"
FLEET = [PROJECT / "cloning" / "jobs" / "fleet", PROJECT / "voiceclone_site" / "celery.py"]
TESTS_ROOM = PROJECT / "cloning" / "tests"
SOURCES = [path for room in sorted(OWN) for path in (PROJECT / room).rglob("*.py")]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?(==\S+?);?(?:\s|$)", text, re.MULTILINE)
    return {canonical(name): version for name, version in found}


def declared() -> dict[str, set[str]]:
    """Distributions by group."""
    parts = re.split(r"^# --- (\w+):.*$", (PROJECT / "requirements.txt").read_text(), flags=re.MULTILINE)
    return {group: set(pins(text)) for group, text in zip(parts[1::2], parts[2::2], strict=True)}


@cache
def distributions() -> dict[str, list[str]]:
    return {name: [canonical(one) for one in names] for name, names in packages_distributions().items()}


def imported(path: Path) -> Iterator[str]:
    """Top-level names of other people's packages that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            modules = [node.module]
        for module in modules:
            name = module.partition(".")[0]
            is_own = name in OWN or (name == TESTED_TOO and TESTS_ROOM in path.parents)
            if not is_own and name not in sys.stdlib_module_names:
                yield name


def allowed_groups(path: Path) -> set[str]:
    if TESTS_ROOM in path.parents:
        return {"light", "fleet", "agents", "xtts", "check", "test"}
    if any(path.is_relative_to(each) for each in FLEET):
        return {"light", "fleet"}
    if RECOGNITION in path.parents:
        return {"light", "check"}
    if AGENTS in path.parents:
        return {"light", "agents"}
    return {"light", "xtts"} if XTTS_ROOM in path.parents else {"light"}


def test_the_groups_are_those_that_the_makefile_installs():
    groups = declared()
    assert list(groups) == ["light", "fleet", "agents", "xtts", "check", "test"]
    makefile = (PROJECT / "Makefile").read_text()
    assert set(re.findall(r"\$\(INSTALL\) ([\w ]+\w)", makefile)) == {
        "light",
        "xtts",
        "light xtts",
        "light check",
        "light fleet agents xtts check test",
    }
    assert sum(map(len, groups.values())) == len(set().union(*groups.values())), "a package is in two groups"


def test_every_line_is_pinned_and_no_version_stands_in_two_places():
    text = (PROJECT / "requirements.txt").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    direct = pins(text)
    assert len(direct) == len(lines)
    assert not direct.keys() & pins((PROJECT / "infrastructure" / "constraints.txt").read_text()).keys()


def test_what_is_imported_is_declared():
    """A failure says which file imports what; declare it in a group that the file may use, or import it elsewhere."""
    groups = declared()
    undeclared = {}
    for path in SOURCES:
        allowed = set().union(*(groups[group] for group in allowed_groups(path)))
        names = {name for name in imported(path) if not allowed & set(distributions().get(name, [name]))}
        if names:
            undeclared[str(path.relative_to(PROJECT))] = names
    assert undeclared == {}


IMPORT_EVERYTHING = """
import importlib, json, sys
forbidden, modules = json.loads(sys.stdin.read())
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in forbidden:
            raise ModuleNotFoundError(f"{name} is not in the light group")
sys.meta_path.insert(0, Missing())
import django
django.setup()
failed = []
for module in modules:
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if "not in the light group" not in str(error):
            raise
        failed.append(module)
print(json.dumps(failed))
"""


def test_what_the_light_installation_runs_loads_nothing_of_the_other_groups(tmp_path):
    """Every module of the product is imported where the packages of the other groups can't be."""
    groups = declared()
    others = (groups["fleet"] | groups["agents"] | groups["xtts"] | groups["check"] | groups["test"]) - {
        "six"
    }  # boto3's python-dateutil brings that along
    forbidden = [name for name, names in distributions().items() if set(names) <= others]
    assert {"torch", "TTS", "pytest", "huggingface_hub"} <= set(forbidden)
    paths = [path.relative_to(PROJECT) for path in SOURCES if TESTS_ROOM not in path.parents]
    modules = [".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths]
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING],
        input=json.dumps([forbidden, modules]),
        cwd=PROJECT,
        env={
            "DJANGO_SETTINGS_MODULE": "voiceclone_site.settings",
            "STORAGE_ROOT": str(tmp_path),
            "PATH": os.defpath,
        },
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    failed = json.loads(ended.stdout.splitlines()[-1])
    assert "cloning.engines.xtts.engine" in failed
    assert "cloning.jobs.fleet.app" in failed
    assert "cloning.agents.tools" in failed
    optional = ("cloning.engines.xtts.", "cloning.jobs.fleet.", "voiceclone_site.celery", "cloning.agents.")
    assert [name for name in failed if not name.startswith(optional)] == []
    assert not {"cloning.engines.xtts.weights", "cloning.engines.xtts.fetch"} & set(failed)
