"""GET /api/v1/generations, GET and DELETE of one, and stopping and continuing it"""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from cloning.api.v1 import generations
from cloning.errors import ErrorCode
from cloning.jobs import discarding, estimates, scheduling, state, takes
from cloning.jobs.takes import Progress
from cloning.jobs.voices import create_from
from cloning.models import Generation, Reference, Segment, Stage, Status, Take
from cloning.tests.performing import perform, work_once
from cloning.tests.speaking import THREE, claim_take, made_sound
from cloning.tests.wrong_requests import UNKNOWN_ID


def status_url(generation: Generation) -> str:
    return f"/api/v1/generations/{generation.pk}"


def test_status_of_a_queued_generation_has_its_sentences(api, make_generation) -> None:
    body = api.get(status_url(make_generation(text=THREE))).json()
    assert (body["status"], body["progress"], body["position_in_queue"]) == ("queued", 0, 1)
    assert [(segment["index"], segment["text"]) for segment in body["segments"]] == [
        (index, sentence) for index, sentence in enumerate(THREE.split("\n\n"))
    ]
    first = body["segments"][0]
    assert (first["status"], first["start_seconds"], first["take"]) == ("queued", 0, None)
    assert first["duration_seconds"] is first["audio_url"] is None
    assert [take["status"] for take in first["takes"]] == ["queued"]
    assert body["segments"][1]["start_seconds"] is None, "not known before the first is spoken"


def test_status_of_a_running_generation(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    take = claim_take(generation)
    takes.report(take, Progress(Stage.SPEAKING, 0.6))
    body = api.get(status_url(generation)).json()
    assert (body["status"], body["progress"], body["position_in_queue"]) == ("running", 0.2, None)
    assert [segment["status"] for segment in body["segments"]] == ["running", "queued", "queued"]


def test_finished_sentences_of_one_that_is_still_spoken(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    assert work_once(generation.pk)
    body = api.get(status_url(generation)).json()
    assert (body["status"], body["download_url"]) == ("running", None)
    first, second, third = body["segments"]
    assert first["status"] == "succeeded"
    assert first["audio_url"] == f"{status_url(generation)}/segments/0.wav"
    assert first["takes"][0]["audio_url"] == f"{first['audio_url']}?take=1"
    assert second["start_seconds"] == pytest.approx(
        first["duration_seconds"] + first["pause_seconds"], abs=0.002
    )
    assert third["start_seconds"] is None


def test_sentences_of_one_that_succeeded_follow_each_other(api, make_generation) -> None:
    body = api.get(status_url(perform(make_generation(text=THREE)))).json()
    ends = [segment["start_seconds"] + segment["duration_seconds"] for segment in body["segments"]]
    for segment, end, following in zip(body["segments"], ends, body["segments"][1:], strict=False):
        assert end + segment["pause_seconds"] == pytest.approx(following["start_seconds"], abs=0.002)
    assert ends[-1] == pytest.approx(body["duration_seconds"], abs=0.5)
    assert (body["position_in_queue"], body["estimated_seconds_left"]) == (None, None)


def test_place_in_the_queue(api, make_generation) -> None:
    now = timezone.now()
    waiting = [make_generation(created_at=now + timedelta(seconds=number)) for number in range(3)]
    assert [api.get(status_url(each)).json()["position_in_queue"] for each in waiting] == [1, 2, 3]


def test_no_figure_before_there_is_a_past_and_one_after(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    assert api.get(status_url(generation)).json()["estimated_seconds_left"] is None
    perform(generation)
    assert api.get(status_url(generation)).json()["estimated_seconds_left"] is None
    estimates._paces.clear()
    seconds = api.get(status_url(make_generation(text=THREE * 9))).json()["estimated_seconds_left"]
    assert 0 < seconds < 600


def test_etag_makes_polling_cheap(api, make_generation) -> None:
    generation = make_generation()
    first = api.get(status_url(generation))
    assert first["Cache-Control"] == "private, no-cache"
    known = {"If-None-Match": first["ETag"]}
    again = api.get(status_url(generation), headers=known)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    perform(generation)
    changed = api.get(status_url(generation), headers=known)
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_etag_of_another_answer_is_no_fault(api, spoken) -> None:
    for headers in ({"If-None-Match": "nonsense"}, {"If-Match": '"other"'}, {"If-None-Match": '"' * 999}):
        assert api.get(status_url(spoken), headers=headers).status_code == 200


def test_unknown_generation(api, db) -> None:
    url = f"/api/v1/generations/{UNKNOWN_ID}"
    for response in (
        api.get(url),
        api.delete(url),
        api.post(f"{url}/cancel"),
        api.post(f"{url}/resume"),
    ):
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "generation_unknown"


def test_cancelled_before_anything_was_spoken(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    response = api.post(f"{status_url(generation)}/cancel")
    assert response.status_code == 200
    body = response.json()
    assert (body["status"], body["download_url"]) == ("cancelled", None)
    assert body["error"]["code"] == "cancelled"
    assert {take["status"] for segment in body["segments"] for take in segment["takes"]} == {"cancelled"}
    assert not work_once(), "there is nothing to speak or to join"


def test_stopped_in_the_middle_it_offers_what_was_spoken(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    work_once(generation.pk)
    body = api.post(f"{status_url(generation)}/cancel").json()
    assert body["error"]["message"] == "Stopped at 1 of 3 sentences."
    perform(generation)
    body = api.get(status_url(generation)).json()
    assert body["status"] == "cancelled"
    assert body["duration_seconds"] == pytest.approx(body["segments"][0]["duration_seconds"], abs=0.5)
    assert api.get(body["download_url"]).status_code == 200


def test_cancel_of_what_has_ended_changes_nothing(api, spoken) -> None:
    before = api.get(status_url(spoken)).json()
    response = api.post(f"{status_url(spoken)}/cancel")
    assert (response.status_code, response.json()) == (200, before)


def test_continued_it_speaks_no_sentence_twice(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    work_once(generation.pk)
    api.post(f"{status_url(generation)}/cancel")
    first = Take.objects.get(status=Status.SUCCEEDED)
    response = api.post(f"{status_url(generation)}/resume")
    assert (response.status_code, response.json()["status"]) == (202, "queued")
    assert response.json()["error"] is None
    body = api.get(status_url(perform(generation))).json()
    assert (body["status"], body["progress"]) == ("succeeded", 1)
    assert [len(segment["takes"]) for segment in body["segments"]] == [1, 1, 1]
    first.refresh_from_db()
    assert (first.attempts, Take.objects.count()) == (1, 3)


def test_continued_after_all_was_spoken_it_is_only_joined(api, make_generation) -> None:
    generation = make_generation()
    work_once(generation.pk)
    api.post(f"{status_url(generation)}/cancel")
    body = api.post(f"{status_url(generation)}/resume").json()
    assert (body["status"], body["progress"]) == ("running", 1)
    assert perform(generation).status == "succeeded"


def test_failed_one_is_continued(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    takes.fail(claim_take(generation), ErrorCode.SYNTHESIS_FAILED, "It did not work.")
    assert api.get(status_url(generation)).json()["error"]["code"] == "synthesis_failed"
    assert api.post(f"{status_url(generation)}/resume").json()["error"] is None
    assert perform(generation).status == "succeeded"


def test_what_waits_runs_or_has_succeeded_is_not_continued(api, make_generation) -> None:
    generation = make_generation()

    def resume() -> tuple[int, str]:
        response = api.post(f"{status_url(generation)}/resume")
        return response.status_code, response.json()["error"]["code"]

    assert resume() == (409, "not_stopped")
    work_once(generation.pk)
    assert resume() == (409, "not_stopped")
    perform(generation)
    assert resume() == (409, "not_stopped")


def test_full_queue_takes_none_that_was_stopped(api, make_generation, settings) -> None:
    generation = make_generation()
    state.cancel(generation)
    settings.MAX_QUEUED = 0
    response = api.post(f"{status_url(generation)}/resume")
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert response.json()["error"]["code"] == "queue_full"
    assert api.get(status_url(generation)).json()["status"] == "cancelled"


@pytest.mark.parametrize("call", ["cancel", "resume"])
def test_pages_elsewhere_stop_and_continue_nothing(call: str, api, make_generation) -> None:
    generation = make_generation()
    if call == "resume":
        state.cancel(generation)
    for origin in ("https://evil.example", "null", "http://localhost:5173"):
        response = api.post(f"{status_url(generation)}/{call}", headers={"Origin": origin})
        assert (response.status_code, response.json()["error"]["code"]) == (403, "origin_not_allowed")
    before = generation.status
    generation.refresh_from_db()
    assert generation.status == before


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


def test_list_is_a_summary(api, make_generation) -> None:
    generation = make_generation(text=THREE)
    takes.report(claim_take(generation), Progress(Stage.SPEAKING, 0.6))
    [listed] = api.get("/api/v1/generations").json()["results"]
    whole = api.get(status_url(generation)).json()
    assert listed["progress"] == 0.2
    assert listed.items() <= whole.items()
    assert whole.keys() - listed.keys() == {
        "cast",
        "segments",
        "position_in_queue",
        "estimated_seconds_left",
    }


def test_list_asks_the_database_a_fixed_number_of_times(
    api, make_generation, django_assert_max_num_queries
) -> None:
    for _ in range(10):
        claim_take(make_generation())
    with django_assert_max_num_queries(3):
        api.get("/api/v1/generations")


def test_status_asks_the_database_as_often_for_many_sentences_as_for_one(
    api, make_generation, django_assert_max_num_queries
) -> None:
    generation = make_generation(text="\n\n".join([THREE] * 10))
    assert Segment.objects.count() == 30
    with django_assert_max_num_queries(9):
        api.get(status_url(generation))


@pytest.mark.django_db(transaction=True)
def test_delete_takes_every_file_along(api, make_generation, stored_files) -> None:
    spoken = perform(make_generation())
    assert len(stored_files()) == 5  # upload, normalised, conditioning, take, joined file
    response = api.delete(status_url(spoken))
    assert (response.status_code, response.content) == (204, b"")
    assert stored_files() == []
    assert not Reference.objects.exists()
    assert api.get(status_url(spoken)).status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("user", ["generation", "voice"])
def test_delete_leaves_a_reference_that_is_in_use(user: str, api, make_generation, stored_files) -> None:
    spoken = perform(make_generation())
    if user == "voice":
        create_from(spoken, "Ada")
    else:
        make_generation()
    api.delete(status_url(spoken))
    assert [name.split("/")[0] for name in stored_files()] == ["conditioning", "incoming", "normalized"]
    assert Reference.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_delete_ends_what_runs(api, make_generation, stored_files) -> None:
    generation = make_generation()
    take = claim_take(generation)
    assert api.delete(status_url(generation)).status_code == 204
    assert not takes.report(take, Progress(Stage.SPEAKING))
    assert not takes.accept(take, ContentFile(b"RIFF"), made_sound())
    assert scheduling.claim_next() is None
    assert stored_files() == []


def test_base_url_is_where_absolute_addresses_start(api, spoken, settings) -> None:
    settings.BASE_URL = "https://voice.example"
    body = api.get(status_url(spoken)).json()
    assert body["absolute_download_url"] == f"https://voice.example/api/v1/files/{spoken.pk}.wav"


@pytest.mark.parametrize("number", [3, 4])
def test_disk_full_while_a_result_is_stored(
    number: int, disk_full_at, make_generation, api, stored_files
) -> None:
    generation = make_generation()
    disk_full_at(number)  # after the normalised clip and the conditioning, the take is stored, then the whole
    perform(generation)
    body = api.get(status_url(generation)).json()
    assert (body["status"], body["error"]["code"]) == ("failed", "storage_full")
    left = [name for name in stored_files() if name.startswith("generated/")]
    assert len(left) == number - 3, "what was spoken stays"
    assert all(name.startswith("generated/takes/") for name in left)


def test_star(api, make_generation) -> None:
    generation = make_generation()
    url = status_url(generation)
    assert api.get(url).json()["starred"] is False
    for starred in (True, True, False):
        answer = api.patch(url, {"starred": starred}, content_type="application/json")
        assert (answer.status_code, answer.json()["starred"]) == (200, starred)
        assert api.get("/api/v1/generations").json()["results"][0]["starred"] is starred


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "nonsense", '{"starred": 1}', '{"starred": "true"}', '{"starred": null}']
)
def test_star_is_true_or_false(api, make_generation, body: str) -> None:
    answer = api.patch(status_url(make_generation()), body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "request_unreadable")


def test_what_a_page_deleted_is_had_back(api, make_generation) -> None:
    first, second = make_generation(), make_generation()
    discarding.discard([first.pk, second.pk], None)
    assert api.get(status_url(first)).status_code == 404
    answer = api.post(f"{status_url(first)}/restore")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert api.get(status_url(first)).status_code == 200
    assert api.post(f"{status_url(first)}/restore").status_code == 200, "it is there"
    assert api.get(status_url(second)).status_code == 404, "that alone"
    Generation.objects.filter(pk=second.pk).update(deleted_at=timezone.now() - discarding.UNDO)
    assert api.post(f"{status_url(second)}/restore").status_code == 404
    assert api.post(f"/api/v1/generations/{UNKNOWN_ID}/restore").status_code == 404


def test_pages_of_other_origins_may_not_star_or_restore(api, make_generation) -> None:
    url = status_url(make_generation())
    foreign = {"Origin": "http://localhost:5173"}
    assert (
        api.patch(url, {"starred": True}, content_type="application/json", headers=foreign).status_code == 403
    )
    assert api.post(f"{url}/restore", headers=foreign).status_code == 403
