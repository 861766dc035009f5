"""Holds docker-compose.yml, the Dockerfile, the settings and the commands together. No container engine is needed."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from django.core.management import load_command_class
from jsonschema import Draft7Validator

from voiceclone_site import settings

PROJECT = Path(__file__).parents[3]
FOLDER = PROJECT / "infrastructure"
COMPOSE_FILES = ["docker-compose.yml", "docker-compose.cuda.yml", "docker-compose.fleet.yml"]
SERVICES = ["web", "worker", "wyoming"]


class ComposeLoader(yaml.SafeLoader):
    """Compose's own tags say how files are merged."""


for tag in ("!reset", "!override"):
    ComposeLoader.add_constructor(
        tag,
        lambda loader, node: (
            loader.construct_mapping(node, deep=True)
            if isinstance(node, yaml.MappingNode)
            else loader.construct_sequence(node)
        ),
    )


def read(name: str) -> dict[str, Any]:
    return yaml.load((FOLDER / name).read_text(), ComposeLoader)  # noqa: S506 - a SafeLoader


def service(name: str) -> dict[str, Any]:
    return read("docker-compose.yml")["services"][name]


def documented(folder: Path) -> dict[str, str]:
    return dict(re.findall(r"^#([A-Z0-9_]+)=(.*)$", (folder / ".env.example").read_text(), re.MULTILINE))


def stages() -> dict[str, str]:
    """The instructions of each stage of the Dockerfile, with those of the stages that it is built on."""
    found: dict[str, str] = {}
    for parent, name, body in re.findall(
        r"^FROM (\S+) AS (\S+)\n(.*?)(?=^FROM|\Z)",
        (FOLDER / "Dockerfile").read_text(),
        re.MULTILINE | re.DOTALL,
    ):
        found[name] = found.get(parent, "") + body
    return found


@pytest.mark.parametrize("name", COMPOSE_FILES)
def test_the_published_schema_accepts_the_file(name: str):
    schema = json.loads((Path(__file__).parent / "data" / "compose-spec.json").read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(read(name))] == []


def test_services_and_volumes_are_those_of_the_architecture():
    compose = read("docker-compose.yml")
    assert list(compose["services"]) == SERVICES
    assert list(compose["volumes"]) == ["backend_storage", "backend_model_cache"]


def test_every_variable_is_a_setting_and_its_documented_default_is_the_real_one():
    text = "".join((FOLDER / name).read_text() for name in COMPOSE_FILES)
    defaults = dict(re.findall(r"\$\{([A-Z_]+):?-([^}]*)\}", text))
    required = dict.fromkeys(re.findall(r"\$\{([A-Z_]+):\?", text), "")
    assert {**defaults, **required} == documented(FOLDER)
    assert text.count("${") == len(re.findall(r"\$\{[A-Z_]+:?[-?]", text)), "a variable has no default"
    known = documented(PROJECT).keys()
    assert documented(FOLDER).keys() - known == {"IMAGE_TARGET", "FLEET_PASSWORD"}
    for name in SERVICES:
        assert service(name)["environment"].keys() <= known
    for instructions in stages().values():
        variables = set(re.findall(r"\b([A-Z][A-Z_]+)=", instructions))
        assert variables <= known | {"PATH", "HOME", "PYTHONUNBUFFERED", "NVIDIA_VISIBLE_DEVICES",
                                     "NVIDIA_DRIVER_CAPABILITIES"}  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_written_outlives_the_container_and_nothing_else_can_be_written(name: str):
    environment = service(name)["environment"]
    assert service(name)["volumes"] == [
        f"backend_storage:{environment['STORAGE_ROOT']}",
        f"backend_model_cache:{environment['MODEL_CACHE']}",
    ]
    assert service(name)["read_only"] is True
    assert "/tmp" in service(name)["tmpfs"]
    assert service(name)["cap_drop"] == ["ALL"]
    assert service(name)["security_opt"] == ["no-new-privileges:true"]
    assert "environment" not in service(name)["build"].get("args", {})


def test_static_files_can_be_collected():
    static_root = Path("/app") / settings.STATIC_ROOT.relative_to(settings.BASE_DIR)
    assert str(static_root) in service("web")["tmpfs"]


def test_the_port_is_published_where_the_server_listens():
    environment = service("web")["environment"]
    assert environment["HOST"] == "0.0.0.0"  # noqa: S104
    assert service("web")["ports"] == [f"${{HOST:-127.0.0.1}}:${{PORT:-8000}}:{environment['PORT']}"]
    assert "ports" not in service("worker")
    environment = service("wyoming")["environment"]
    assert environment["WYOMING_HOST"] == "0.0.0.0"  # noqa: S104
    assert service("wyoming")["ports"] == [
        f"${{WYOMING_HOST:-127.0.0.1}}:${{WYOMING_PORT:-10200}}:{environment['WYOMING_PORT']}"
    ]
    assert service("web")["environment"]["WYOMING_PORT"] == "0", "it has a service of its own"


def parse(arguments: list[str]) -> None:
    """Ends the test when manage.py would refuse this command line."""
    load_command_class("cloning", arguments[0]).create_parser("manage.py", arguments[0]).parse_args(
        arguments[1:]
    )


@pytest.mark.parametrize("name", SERVICES)
def test_commands_and_health_checks_exist(name: str):
    parse(service(name)["command"])
    test = service(name)["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "manage.py"]
    parse(test[3:])
    assert test[-1] == name


def test_the_worker_waits_for_the_database_and_time_is_given_to_stop():
    for name in ("worker", "wyoming"):
        assert service(name)["depends_on"] == {"web": {"condition": "service_healthy"}}
    for name in SERVICES:
        assert int(service(name)["stop_grace_period"].removesuffix("s")) >= 30


def test_the_targets_exist_and_none_runs_as_root():
    targets = re.findall(
        r"[\w-]+(?= \()", (FOLDER / ".env.example").read_text().partition("#IMAGE_TARGET")[0]
    )
    assert targets == ["light", "xtts", "xtts-cuda"]
    assert read("docker-compose.cuda.yml")["services"]["web"]["build"]["target"] in targets
    for target in targets:
        lines = stages()[target].splitlines()
        assert "USER 10001:10001" in lines
        assert 'ENTRYPOINT ["tini", "--", "python", "manage.py"]' in lines
        assert (
            lines[-1] == "" or lines[-1] == "COPY . /app"
        )  # code comes last: a change of it rebuilds nothing else
    assert list(stages())[-1] == "light", "the last one is built when no target is named"


def test_the_images_get_nothing_that_could_be_a_secret():
    allowed = [line for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert "*" in (PROJECT / ".dockerignore").read_text().splitlines()
    assert allowed == [
        "!requirements.txt", "!infrastructure/constraints.txt", "!infrastructure/install.py",
        "!manage.py", "!cloning", "!voiceclone_site", "!static", "!templates",
    ]  # fmt: skip
    assert all((PROJECT / line.removeprefix("!")).exists() for line in allowed)


def test_a_fleet_adds_what_its_settings_name():
    fleet = read("docker-compose.fleet.yml")["services"]
    assert list(fleet) == [
        "proxy",
        "web",
        "worker",
        "wyoming",
        "migrate",
        "postgres",
        "rabbitmq",
        "minio",
        "bucket",
    ]
    for name in ("web", "worker", "wyoming", "migrate"):
        environment = fleet[name]["environment"]
        assert environment.keys() <= documented(PROJECT).keys()
        for setting, host in (
            ("DATABASE_URL", "postgres"),
            ("CELERY_BROKER_URL", "rabbitmq"),
            ("S3_ENDPOINT_URL", "minio"),
        ):
            assert urlsplit(environment[setting].replace("?", "")).hostname == host
            assert host in fleet
    assert fleet["bucket"]["command"][-1].endswith(f"/{fleet['web']['environment']['S3_BUCKET']}")
    assert fleet["web"]["ports"] == []
    assert fleet["proxy"]["ports"] == [service("web")["ports"][0]]
    waited_for = {other for each in fleet.values() for other in each.get("depends_on", {})}
    assert waited_for <= {*fleet, *SERVICES}
    drain = float(fleet["worker"]["environment"]["DRAIN_SECONDS"])
    assert drain < int(service("worker")["stop_grace_period"].removesuffix("s"))
    parse(service("worker")["command"])


def test_the_broker_lets_a_worker_hold_a_message_as_long_as_it_may_speak():
    arguments = read("docker-compose.fleet.yml")["services"]["rabbitmq"]["environment"][
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"
    ]
    milliseconds = int(arguments.rpartition(" ")[2])
    assert milliseconds > 1000 * settings.DEADLINE_SECONDS
