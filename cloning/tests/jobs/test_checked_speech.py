"""The whole way with the real recogniser: a take is spoken, heard, scored, and told of on the page and by the API."""

import math

import pytest

from cloning.jobs import checks
from cloning.models import Status
from cloning.recognition import share_understood
from cloning.tests.performing import perform

pytestmark = pytest.mark.django_db(transaction=True)
SAID = "Rice is often served in round bowls, and a pot of tea helps to pass the evening."


def test_what_is_heard_is_told(settings, make_generation, api, client) -> None:
    settings.CHECK_SPEECH = "score"
    checks.load_recogniser.cache_clear()
    generation = perform(make_generation(text=SAID))
    assert generation.status == Status.SUCCEEDED, generation.error_message
    body = api.get(f"/api/v1/generations/{generation.pk}").json()
    [segment] = body["segments"]
    scores = segment["scores"]
    assert share_understood(SAID, scores["heard"], "en") == pytest.approx(scores["understood"], abs=1e-4)
    assert scores["understood"] > 0.6  # espeak-ng is a robot
    assert scores["likeness"] in ("very like", "like", "hardly like")
    assert 0 < scores["similarity"] <= 1
    assert (scores["attempts"], scores["not_checked"]) == (1, None)
    assert body["scores"]["understood"] == scores["understood"]
    page = client.get(generation.get_absolute_url()).content.decode()
    assert f"like the reference: {math.floor(100 * scores['similarity']) / 100:.2f}" in page
    assert f"understood: {int(100 * scores['understood'])} %" in page
    assert "Words not checked" not in page
