"""The systemd units against the commands, the settings and the compose file."""

import configparser
import re
from pathlib import Path

import pytest
from django.core.management import load_command_class

from cloning.jobs.scheduling import Kind
from cloning.tests.infrastructure.test_compose import documented, service
from voiceclone_site import settings

PROJECT = Path(__file__).parents[3]
UNITS = {
    "web": ["serve", "--only", "web"],
    "worker": ["worker"],
    "worker@": ["worker", "--only", "%i"],
}


def read(name: str) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string((PROJECT / f"infrastructure/systemd/voiceclone-{name}.service").read_text())
    return unit["Service"]


@pytest.mark.parametrize(("name", "command"), UNITS.items())
def test_a_unit_starts_a_command_that_there_is(name: str, command: list[str]) -> None:
    unit = read(name)
    python, manage, *arguments = unit["ExecStart"].split()
    assert (python, manage) == (f"{unit['WorkingDirectory']}/.venv/bin/python", "manage.py")
    assert (PROJECT / manage).exists()
    parser = load_command_class("cloning", arguments[0]).create_parser("manage.py", arguments[0])
    for instance in Kind:
        parser.parse_args([each.replace("%i", instance) for each in arguments[1:]])
    assert arguments == command


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_writes_only_where_it_may_and_stops_as_its_container_does(name: str) -> None:
    unit = read(name)
    variables = dict(each.split("=") for each in unit["Environment"].split())
    assert set(variables) <= set(documented(PROJECT))
    assert unit["ProtectSystem"] == "strict"
    assert all(path.startswith(f"/var/lib/{unit['StateDirectory']}/") for path in variables.values())
    assert f"{unit['TimeoutStopSec']}s" == service(name.removesuffix("@"))["stop_grace_period"]


def test_the_units_differ_where_the_services_do() -> None:
    web, worker = read("web"), read("worker")
    differing = {key for key in {*web, *worker} if web.get(key) != worker.get(key)}
    assert differing == {"ExecStart", "Restart", "TimeoutStopSec", "PrivateDevices"}
    kept = read("worker@")
    assert {key for key in {*worker, *kept} if worker.get(key) != kept.get(key)} == {"ExecStart"}
    assert float(settings.DRAIN_SECONDS) < int(worker["TimeoutStopSec"])
    assert re.search(r"NVIDIA", (PROJECT / "infrastructure/systemd/voiceclone-worker.service").read_text())
