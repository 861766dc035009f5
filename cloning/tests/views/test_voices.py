"""Saving a voice and choosing it."""

import pytest

from cloning.models import Generation, Voice
from cloning.tests.pages import Page


def test_saved_voice_can_be_chosen(browser, submit, spoken) -> None:
    assert 'name="voice"' not in browser.get("/").content.decode(), "nothing to choose from yet"
    response = browser.post(f"{spoken.get_absolute_url()}voice/", {"name": "Ada & Bob"}, follow=True)
    assert "The voice “Ada &amp; Bob” is saved" in response.content.decode()
    voice = Voice.objects.get()
    chip = Page(response).control_of_value(str(voice.pk))
    assert (chip["name"], chip["type"]) == ("voice", "radio")
    assert submit((), voice=str(voice.pk)).status_code == 302
    generation = Generation.objects.latest("created_at")
    assert generation.voice == voice
    assert list(generation.references.all()) == list(spoken.references.all())


@pytest.mark.parametrize("name", ["", "  ", "a" * 81])
def test_voice_without_a_proper_name(name: str, browser, spoken) -> None:
    response = browser.post(f"{spoken.get_absolute_url()}voice/", {"name": name})
    assert response.status_code == 422
    assert Page(response).texts["id_name_error"]
    assert not Voice.objects.exists()
