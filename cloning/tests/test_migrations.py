"""Rows that were written by versions before."""

import uuid

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from cloning.jobs import joins, state
from cloning.jobs.leases import read_claimed
from cloning.models import Generation, Voice
from cloning.tests.performing import perform, work_once

BEFORE = [("cloning", "0002_stored_conditioning")]


@pytest.mark.django_db(transaction=True)
def test_generations_from_before_there_were_segments(make_reference) -> None:
    reference_id = make_reference().pk
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes("cloning")
    executor.migrate(BEFORE)
    old = executor.loader.project_state(BEFORE).apps.get_model("cloning", "Generation")
    try:
        for status, stage, total in (
            ("queued", "", 0),
            ("running", "speaking", 7),
            ("failed", "", 7),
            ("cancelled", "", 7),
            ("succeeded", "", 7),
        ):
            row = old.objects.create(
                text=f"This one is {status}.\n\nIt has a second sentence, too.",
                language="en",
                seed=7,
                requested_via="api",
                created_at=timezone.now(),
                status=status,
                stage=stage,
                segments_done=total and 3,
                segments_total=total,
                claim_token=None if status == "queued" else uuid.uuid4(),
                lease_expires_at=timezone.now(),
                attempts=3,
                audio="generated/a.wav" if status == "succeeded" else "",
                error_code="worker_lost" if status == "failed" else "",
            )
            row.references.set([reference_id])
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(latest)
    found = {generation.text.split(".")[0]: generation for generation in Generation.objects.all()}
    statuses = {name.removeprefix("This one is "): each.status for name, each in found.items()}
    assert statuses == {
        "queued": "cancelled",
        "running": "cancelled",
        "failed": "failed",
        "cancelled": "cancelled",
        "succeeded": "succeeded",
    }
    assert read_claimed() == [], "a token means that it is in hand"
    assert not joins.due().exists() and not work_once(), "nothing begins by itself"
    succeeded = found.pop("This one is succeeded")
    assert (succeeded.audio.name, succeeded.progress, succeeded.segments_total) == ("generated/a.wav", 1, 7)
    for generation in found.values():
        assert (generation.segments_done, generation.progress, generation.stage) == (0, 0, "")
    running = found["This one is running"]
    assert state.resume(running)
    assert (running.segments_total, running.segments.count()) == (2, 2)
    assert perform(running).status == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_voices_from_before_names_were_taken_once() -> None:
    executor = MigrationExecutor(connection)
    latest = executor.loader.graph.leaf_nodes("cloning")
    before = [("cloning", "0004_generations_of_before")]
    executor.migrate(before)
    old = executor.loader.project_state(before).apps.get_model("cloning", "Voice")
    try:
        for name in ("Ärztin", "Bob", "ärztin", "Ärztin 2"):
            old.objects.create(name=name, created_at=timezone.now())
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(latest)
    names = [voice.name for voice in Voice.objects.order_by("created_at")]
    assert names == ["Ärztin", "Bob", "ärztin 2", "Ärztin 2 2"]
    assert [voice.name for voice in Voice.objects.named_like("ÄRZ")] == ["Ärztin", "ärztin 2", "Ärztin 2 2"]
