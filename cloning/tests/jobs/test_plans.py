"""Beside very many generations nothing reads them all: the plan of each query that `benchmarks/rows.py` times.

On SQLite here, on PostgreSQL from `cloning/tests/test_postgresql.py`. There are few rows, so the databases are told
that reading a whole table is dear: what has no index for it does so all the same, and is found.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from benchmarks import rows
from benchmarks.rows import Filled, find_actions
from cloning.jobs import estimates, sweeping
from cloning.models import Channel, Generation, Segment, Status, Take, Voice
from cloning.views import history

pytestmark = pytest.mark.django_db

COUNT = 1500
FEW = COUNT // 2
INDEXES_OF_FEW = {
    index.name for model in (Generation, Take) for index in model._meta.indexes if index.condition
}
LARGE_TABLES = ("cloning_generation", "cloning_segment", "cloning_take", "cloning_generation_references")
Query = tuple[str, Any]


@pytest.fixture
def filled(monkeypatch, settings) -> Filled:
    monkeypatch.setattr(rows, "VOICES", 20)
    monkeypatch.setattr(rows, "ACTIVE", 5)
    monkeypatch.setattr(sweeping, "_list_at", math.inf)
    monkeypatch.setattr(history, "MAX_COUNTED", 50)
    monkeypatch.setattr(estimates, "LOOKED_THROUGH_TAKES", 50)
    settings.KEEP_GENERATIONS_DAYS, settings.KEEP_REFERENCES_DAYS = 36_500, 1
    users = User.objects.bulk_create(User(username=f"user{number}") for number in range(20))
    filled = Filled(rows.add_voices(), list(users))
    add_generations(filled)
    rows.add_dialogues(filled)
    if connection.vendor == "postgresql":  # which analyses by itself; SQLite, as it is used here, never does
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            for way in ("seqscan", "mergejoin", "hashjoin"):  # good ways to join tables that are small
                cursor.execute(f"SET LOCAL enable_{way} = off")
    return filled


def add_generations(filled: Filled) -> None:
    now = timezone.now()
    generations = Generation.objects.bulk_create(
        Generation(
            text="Good morning.",
            language="en" if number % 10 else "de",
            requested_via=Channel.PAGE,
            owner=filled.users[number % 19],
            voice=filled.voices[1 + number % 19] if number % 100 else filled.voices[0],
            status=Status.FAILED if number % 50 == 0 else Status.SUCCEEDED,
            is_starred=number % 60 == 0,
            engine="preview",
            segments_done=1,
            segments_total=1,
            created_at=now - timedelta(hours=number),
            finished_at=now - timedelta(hours=number),
        )
        for number in range(COUNT)
    )
    links: Any = Generation.references.through
    references = {voice.pk: voice.references.get().pk for voice in Voice.objects.all()}
    links.objects.bulk_create(
        links(generation_id=each.pk, reference_id=references[each.voice.pk]) for each in generations
    )
    segments = Segment.objects.bulk_create(
        Segment(generation=each, index=0, text=each.text, pause_seconds=0) for each in generations
    )
    Take.objects.bulk_create(
        Take(
            segment=each,
            text=each.text,
            engine="preview",
            status=Status.SUCCEEDED,
            started_at=each.generation.created_at,
            finished_at=each.generation.finished_at,
        )
        for each in segments
    )


@contextmanager
def watching() -> Iterator[list[Query]]:
    """The queries that read or change rows, with their parameters."""
    seen: list[Query] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield seen


def find_whole_reads(sql: str, params: Any) -> list[str]:
    """What the plan of a query reads of a large table from end to end."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            steps = [step for *_, step in cursor.fetchall()]
            return [step for step in steps if is_whole_read(step, sql)]
        analyze = "ANALYZE, " if sql.startswith("SELECT") and "FOR UPDATE" not in sql else ""
        cursor.execute(f"EXPLAIN ({analyze}FORMAT JSON) {sql}", params)
        [(plan,)] = cursor.fetchall()
    [found] = json.loads(plan) if isinstance(plan, str) else plan
    return [describe(node) for node in walk(found["Plan"]) if reads_much(node)]


def is_whole_read(step: str, sql: str) -> bool:
    """Of SQLite. In the order of an index it reads as far as the page goes."""
    if not (read := re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)):
        return False
    name, index = read.groups()
    aliased = re.search(rf'"(cloning_\w+)" "?{name}"?\b', sql)
    table = aliased[1] if aliased else name
    is_page = index and "LIMIT" in sql
    return table in LARGE_TABLES and not is_page and index not in INDEXES_OF_FEW


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", []):
        yield from walk(inner)


def reads_much(node: dict[str, Any]) -> bool:
    """Of PostgreSQL: whether it reads a large table from end to end, or more of it than a page needs."""
    if node.get("Relation Name") not in LARGE_TABLES:
        return False
    read = node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)
    return node["Node Type"] == "Seq Scan" or read * node.get("Actual Loops", 1) > FEW


def describe(node: dict[str, Any]) -> str:
    names = (
        "Node Type",
        "Relation Name",
        "Index Name",
        "Actual Rows",
        "Rows Removed by Filter",
        "Actual Loops",
    )
    return " ".join(str(node[name]) for name in names if name in node)


def test_no_query_reads_all_generations(filled) -> None:
    found = []
    for name, action in find_actions(filled):
        with watching() as queries:
            action()
        assert queries, name
        for sql, params in dict.fromkeys((sql, tuple(params or ())) for sql, params in queries):
            found += [f"{name}: {read}\n    {sql[:900]}" for read in find_whole_reads(sql, params)]
    assert not found, "\n".join(found)
