"""GET /api/v1/generations, and GET and DELETE of one"""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from cloning.api.v1 import generations
from cloning.jobs import state
from cloning.jobs.state import Progress
from cloning.jobs.submission import save_voice
from cloning.models import Reference, Stage
from cloning.tests.performing import perform
from cloning.tests.wrong_requests import UNKNOWN_ID


def test_status_of_a_running_generation(api, make_generation) -> None:
    generation = make_generation()
    state.claim(generation)
    state.report(generation, Progress(Stage.SPEAKING, 1, 3, 0.33))
    body = api.get(f"/api/v1/generations/{generation.pk}").json()
    assert (body["status"], body["progress"]) == ("running", 0.33)


def test_unknown_generation(api, db) -> None:
    for response in (
        api.get(f"/api/v1/generations/{UNKNOWN_ID}"),
        api.delete(f"/api/v1/generations/{UNKNOWN_ID}"),
    ):
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "generation_unknown"


def test_list_newest_first_in_pages(api, make_generation, monkeypatch) -> None:
    monkeypatch.setattr(generations, "PAGE_SIZE", 2)
    now = timezone.now()
    expected = [str(make_generation(created_at=now - timedelta(hours=hours)).pk) for hours in range(5)]
    url, seen = "/api/v1/generations", []
    while url:
        page = api.get(url).json()
        seen.append([found["id"] for found in page["results"]])
        url = page["next"]
    assert seen == [expected[:2], expected[2:4], expected[4:]]


@pytest.mark.parametrize("page", ["0", "-1", "2", "x", "9" * 5000])
def test_page_that_does_not_exist(page: str, api, db) -> None:
    response = api.get(f"/api/v1/generations?page={page}")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "page_unknown"


def test_empty_list(api, db) -> None:
    assert api.get("/api/v1/generations").json() == {"results": [], "next": None}


def test_list_asks_the_database_a_fixed_number_of_times(
    api, make_generation, django_assert_max_num_queries
) -> None:
    for _ in range(10):
        make_generation()
    with django_assert_max_num_queries(3):
        api.get("/api/v1/generations")


@pytest.mark.django_db(transaction=True)
def test_delete_takes_every_file_along(api, make_generation, stored_files) -> None:
    spoken = perform(make_generation())
    assert len(stored_files()) == 4  # upload, normalised, conditioning, result
    response = api.delete(f"/api/v1/generations/{spoken.pk}")
    assert (response.status_code, response.content) == (204, b"")
    assert stored_files() == []
    assert not Reference.objects.exists()
    assert api.get(f"/api/v1/generations/{spoken.pk}").status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("user", ["generation", "voice"])
def test_delete_leaves_a_reference_that_is_in_use(user: str, api, make_generation, stored_files) -> None:
    spoken = perform(make_generation())
    if user == "voice":
        save_voice(spoken, "Ada")
    else:
        make_generation()
    api.delete(f"/api/v1/generations/{spoken.pk}")
    assert [name.split("/")[0] for name in stored_files()] == ["conditioning", "incoming", "normalized"]
    assert Reference.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_delete_ends_what_runs(api, make_generation, stored_files) -> None:
    generation = make_generation()
    state.claim(generation)
    assert api.delete(f"/api/v1/generations/{generation.pk}").status_code == 204
    assert not state.report(generation, Progress(Stage.SPEAKING))
    late = ContentFile(b"RIFF")
    assert not state.succeed(generation, late, sample_rate_hz=24_000, duration_seconds=1.0, peaks=[])
    assert stored_files() == []


def test_base_url_is_where_absolute_addresses_start(api, spoken, settings) -> None:
    settings.BASE_URL = "https://voice.example"
    body = api.get(f"/api/v1/generations/{spoken.pk}").json()
    assert body["absolute_download_url"] == f"https://voice.example/api/v1/files/{spoken.pk}.wav"


def test_disk_full_while_the_result_is_stored(disk_full_at, make_generation, api, stored_files) -> None:
    generation = make_generation()
    disk_full_at(3)  # after the normalised clip and the conditioning
    perform(generation)
    error = api.get(f"/api/v1/generations/{generation.pk}").json()["error"]
    assert error["code"] == "storage_full"
    assert not [name for name in stored_files() if name.startswith("generated/")]
