"""GET /metrics, and what a worker tells of itself."""

import json
import re
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from cloning.errors import ErrorCode
from cloning.jobs import takes
from cloning.models import Worker
from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import free_port, serving
from cloning.tests.performing import perform
from cloning.tests.speaking import claim_take
from cloning.tests.waiting import wait_until

DASHBOARD = Path(__file__).parents[3] / "infrastructure" / "grafana-dashboard.json"
TOKEN = "a token"


def read(text: str) -> dict[str, float]:
    """Values by name and labels."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def scrape(settings, client):
    settings.METRICS_TOKEN = TOKEN

    def get() -> dict[str, float]:
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        return read(response.content.decode())

    return get


@pytest.mark.parametrize(
    ("token", "sent"), [("", ""), ("", "Bearer "), (TOKEN, ""), (TOKEN, "Bearer other"), (TOKEN, "Bearer ü")]
)
def test_nobody_else_sees_them(token, sent, settings, client, db) -> None:
    settings.METRICS_TOKEN = token
    assert client.get("/metrics", headers={"Authorization": sent}).status_code == 404


def test_what_waits_and_who_works(scrape, make_generation) -> None:
    make_generation(text="Good morning.")
    perform(make_generation())
    Worker.objects.create(host="here", pid=1, engine="preview")
    found = scrape()
    assert found["voiceclone_generations[('status', 'queued')]"] == 1
    assert found["voiceclone_generations[('status', 'running')]"] == 0
    assert found["voiceclone_sentences_waiting[]"] == 1
    assert found["voiceclone_unspoken_characters[]"] == len("Good morning.")
    assert 0 < found["voiceclone_longest_wait_seconds[]"] < 600
    assert found["voiceclone_workers[('engine', 'preview')]"] == 1


def test_what_was_spoken_and_what_failed_is_counted(scrape, make_generation) -> None:
    spoken = "voiceclone_takes_total[('engine', 'preview'), ('outcome', 'succeeded')]"
    failed = "voiceclone_takes_total[('engine', 'preview'), ('outcome', 'speech_silent')]"
    speech = "voiceclone_speech_seconds_total[('engine', 'preview')]"
    waited = "voiceclone_generation_wait_seconds_count[('engine', 'preview')]"
    before = scrape()
    generation = perform(make_generation())
    takes.fail(claim_take(make_generation()), ErrorCode.SPEECH_SILENT, "Nothing was said.")
    after = scrape()
    for name, count in ((spoken, 1), (failed, 1), (waited, 2)):
        assert after[name] - before.get(name, 0) == count
    assert after[speech] - before.get(speech, 0) == pytest.approx(generation.duration_seconds, abs=0.05)


def test_requests_are_counted_by_view_and_a_stranger_can_not_make_more_names(scrape, client, db) -> None:
    client.get("/nothing/at/all/1")
    client.generic("BREW", "/nothing/at/all/2")
    client.get("/history/")
    found = scrape()
    count = "voiceclone_http_request_seconds_count[('method', '{}'), ('status', '{}'), ('view', '{}')]"
    assert found[count.format("GET", 404, "none")] >= 1
    assert found[count.format("other", 404, "none")] >= 1
    assert found[count.format("GET", 200, "history")] >= 1
    assert not any("BREW" in name or "/nothing" in name for name in found)


def test_the_dashboard_asks_for_what_there_is(scrape, db) -> None:
    Worker.objects.create(host="here", pid=1, engine="preview")
    known = {
        name
        for metric in REGISTRY.collect()
        for name in (metric.name, *(each.name for each in metric.samples))
    }
    known |= {
        f"{metric.name}{end}"
        for metric in REGISTRY.collect()
        for end in ("_total", "_bucket", "_sum", "_count")
    }
    known |= {re.split(r"\[", name)[0] for name in scrape()}
    panels = json.loads(DASHBOARD.read_text())["panels"]
    asked = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in re.findall(r"(?:voiceclone|process)_\w+", target["expr"])
    }
    assert len(asked) >= 10
    assert asked <= known


def test_a_site_tells_of_web_and_worker_and_logs_lines_of_json(tmp_path) -> None:
    port = free_port()
    options = {"METRICS_TOKEN": "secret", "WORKER_METRICS_PORT": str(port), "LOG_FORMAT": "json"}
    with serving(tmp_path, **options) as site:
        generation_id = site.post("Good morning.", MALE_CLIP.read_bytes())["id"]
        wait_until(lambda: site.get(f"/api/v1/generations/{generation_id}")["status"] == "succeeded")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:
            worker = read(response.read().decode())
        request = urllib.request.Request(site.url + "/metrics", headers={"Authorization": "Bearer secret"})
        with urllib.request.urlopen(request) as response:
            web = read(response.read().decode())
        log = site.log.read_text()
    assert worker["voiceclone_takes_total[('engine', 'preview'), ('outcome', 'succeeded')]"] == 1
    assert worker["process_resident_memory_bytes[]"] > 1e7
    assert web["voiceclone_workers[('engine', 'preview')]"] == 1
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    about = [line for line in lines if line.get("generation_id") == generation_id]
    queued, *spoken = about
    assert queued["logger"] == "cloning.jobs.submission" and re.fullmatch(
        "[0-9a-f]{32}", queued["request_id"]
    )
    assert any(line["logger"] == "cloning.jobs.process" and line["level"] == "INFO" for line in spoken)
