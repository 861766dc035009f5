"""What is said to speak is what the workers have loaded."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cloning.jobs.speaking import find_engine
from cloning.models import Worker

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("selected", "loaded", "speaks"),
    [
        ("xtts_v2", ["preview"], "preview"),  # the web machine has the weights, the worker has not
        ("preview", ["xtts_v2"], "xtts_v2"),
        ("preview", ["preview", "xtts_v2"], "xtts_v2"),
        ("xtts_v2", [], "xtts_v2"),
        ("preview", [""], "preview"),  # a row of before workers said it
    ],
)
def test_what_the_workers_have_loaded_speaks(selected, loaded, speaks, settings, client, api) -> None:
    settings.ENGINE = selected
    for number, engine in enumerate(loaded):
        Worker.objects.create(host="there", pid=number, engine=engine)
    assert find_engine().name == speaks
    assert ("Preview" in client.get("/pronunciations/").content.decode()) == (speaks == "preview")
    assert api.get("/api/v1/health").json()["engine"] == speaks


def test_a_worker_that_is_gone_speaks_no_more(settings) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + 1)
    Worker.objects.create(host="there", pid=1, engine="xtts_v2", seen_at=long_ago)
    assert find_engine().name == "preview"
