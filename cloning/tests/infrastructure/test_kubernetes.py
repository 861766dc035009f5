"""The manifests against Kubernetes' own schemas, the image, the commands, the settings and the tables."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.db import connection
from django.urls import resolve

from cloning.models import Take
from cloning.tests.infrastructure.test_compose import documented

PROJECT = Path(__file__).parents[3]
FOLDER = PROJECT / "infrastructure" / "kubernetes"
VERSION = "1.33"
KINDS = {
    "web.yaml": ["Deployment", "Service", "Ingress", "PodDisruptionBudget"],
    "worker.yaml": ["Deployment"],
    "migrate.yaml": ["Job"],
    "gpu/models.yaml": ["PersistentVolumeClaim"],
}
PODS = ["web.yaml", "worker.yaml", "migrate.yaml"]


def read(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def pod(name: str) -> dict[str, Any]:
    return read(name)[0]["spec"]["template"]["spec"]


def containers(name: str) -> list[dict[str, Any]]:
    return [*pod(name).get("initContainers", []), *pod(name)["containers"]]


def variables(name: str) -> dict[str, str]:
    lines = [line for line in (FOLDER / name).read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("name", KINDS)
def test_kubernetes_schemas_accept_the_manifests(name: str) -> None:
    assert [each["kind"] for each in read(name)] == KINDS[name]
    for manifest in read(name):
        kubernetes_validate.validate(manifest, VERSION, strict=True)
        manifest["spec"]["surprise"] = 1
        with pytest.raises(kubernetes_validate.ValidationError, match="surprise"):
            kubernetes_validate.validate(manifest, VERSION, strict=True)


def test_kustomize_finds_every_file_and_name() -> None:
    [base], [gpu] = read("kustomization.yaml"), read("gpu/kustomization.yaml")
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert {*base["resources"], "kustomization.yaml"} == files
    patches = {patch["path"] for patch in gpu["patches"]}
    assert {*gpu["resources"], *patches} == {"../", "models.yaml", "worker.yaml"}
    assert base["secretGenerator"][0]["envs"] == ["secrets.env"]
    assert "secrets.env" in (PROJECT / ".gitignore").read_text().splitlines()
    assert gpu["images"][0]["name"] == base["images"][0]["newName"]
    generated = {base["configMapGenerator"][0]["name"], base["secretGenerator"][0]["name"]}
    for name in PODS:
        for container in containers(name):
            assert container["image"] == base["images"][0]["name"]
            assert {source["name"] for each in container["envFrom"] for source in each.values()} == generated


def test_every_variable_is_a_setting() -> None:
    literals = [
        each.partition("=")[0] for each in read("kustomization.yaml")[0]["configMapGenerator"][0]["literals"]
    ]
    own = [
        each["name"] for name in PODS for container in containers(name) for each in container.get("env", [])
    ]
    assert {*literals, *own, *variables("secrets.env.example")} <= documented(PROJECT).keys()
    assert {"DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY"} <= variables("secrets.env.example").keys()


@pytest.mark.parametrize("name", PODS)
def test_commands_exist(name: str) -> None:
    commands = [container["args"] for container in containers(name)]
    for container in containers(name):
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if command := container.get(probe, {}).get("exec", {}).get("command"):
                assert command[:2] == ["python", "manage.py"]
                commands.append(command[2:])
            if request := container.get(probe, {}).get("httpGet"):
                resolve(request["path"])
    for command, *arguments in commands:
        parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
        parser.parse_args(arguments)


@pytest.mark.parametrize("name", PODS)
def test_nothing_runs_as_root_or_writes_where_it_must_not(name: str) -> None:
    assert pod(name)["securityContext"]["runAsNonRoot"] is True
    assert (
        f"USER {pod(name)['securityContext']['runAsUser']}:"
        in (PROJECT / "infrastructure/Dockerfile").read_text()
    )
    volumes = {each["name"] for each in pod(name)["volumes"]}
    for container in containers(name):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
        assert {"/tmp", "/data/storage"} <= mounts.keys()
        assert set(mounts.values()) <= volumes
    assert ("/app/staticfiles" in mounts) == (name == "web.yaml")
    assert ("/data/model_cache" in mounts) == (name == "worker.yaml")


def test_a_worker_has_time_to_drain() -> None:
    literals = dict(
        each.split("=") for each in read("kustomization.yaml")[0]["configMapGenerator"][0]["literals"]
    )
    assert float(literals["DRAIN_SECONDS"]) < pod("worker.yaml")["terminationGracePeriodSeconds"]


def test_workers_follow_the_sentences_that_wait(make_generation) -> None:
    [scaled] = read("autoscaling.yaml")
    assert scaled["spec"]["scaleTargetRef"]["name"] == read("worker.yaml")[0]["metadata"]["name"]
    assert (
        scaled["spec"]["scaleTargetRef"]["envSourceContainerName"]
        == pod("worker.yaml")["containers"][0]["name"]
    )
    [trigger] = scaled["spec"]["triggers"]
    assert trigger["type"] == "postgresql"
    assert trigger["metadata"]["connectionFromEnv"] in variables("secrets.env.example")
    make_generation(text="One thing.\n\nAnother thing that is to be said.")
    with connection.cursor() as cursor:
        cursor.execute(trigger["metadata"]["query"])
        assert cursor.fetchall() == [(Take.objects.count(),)]
