"""What the calls answer that say whether the server is well."""

from collections.abc import Mapping

from cloning.api.serializers import ENGINE, Field, Serializer
from cloning.jobs.speaking import find_engine

OK_OR_FAILING = {"enum": ["ok", "failing"]}
CHECKS = ("database", "storage", "ffmpeg", "worker")
Checks = Mapping[str, str]


def check_result(name: str) -> Field[Checks]:
    return Field(name, OK_OR_FAILING, lambda checks, _: checks[name])


def health_of(*names: str) -> Serializer[Checks]:
    results = Serializer[Checks](*map(check_result, names))
    return Serializer[Checks](
        Field("status", OK_OR_FAILING, lambda checks, _: "failing" if "failing" in checks.values() else "ok"),
        Field("engine", ENGINE, lambda _checks, _: find_engine().name),
        Field("checks", results.schema(), results.serialize),
    )


HEALTH = health_of(*CHECKS)
READY = health_of(*CHECKS[:-1])
LIVE = Serializer[Checks](Field("status", {"const": "ok"}, lambda _checks, _: "ok"))
