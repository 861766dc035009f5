"""Generations from before there were segments: nothing of theirs is spoken in part, and none is in hand."""

from django.db import migrations
from django.utils import timezone


def settle(apps, schema_editor):
    generations = apps.get_model("cloning", "Generation").objects.filter(segments=None)
    # A token used to stay with what had ended; now it means that a worker has the row in hand.
    pks = list(generations.values_list("pk", flat=True))
    for start in range(0, len(pks), 500):
        rows = generations.filter(pk__in=pks[start : start + 500])
        rows.filter(status__in=["queued", "running"]).update(status="cancelled", finished_at=timezone.now())
        unfinished = rows.filter(status__in=["cancelled", "failed"])
        unfinished.update(segments_done=0, segments_total=0, unspoken_chars=0)
        rows.update(stage="", claim_token=None, lease_expires_at=None, attempts=0)


class Migration(migrations.Migration):
    dependencies = [("cloning", "0003_segments_and_takes")]

    operations = [migrations.RunPython(settle, migrations.RunPython.noop)]
