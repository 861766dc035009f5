"""Dialogues on the pages, without JavaScript and with HTMX."""

import re

import pytest

from cloning.models import Generation, Voice
from cloning.models import generation as generation_model
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.pages import HTMX
from cloning.tests.speaking import accept_sounds

pytestmark = pytest.mark.django_db

TEXT = "Anna: Good morning.\r\nTom: <b>Good morning</b>, Anna.\r\nNote: it rained all day long."


@pytest.fixture
def voices(make_reference) -> dict[str, Voice]:
    made = {}
    for name, clip in (("Anna", FEMALE_CLIP), ("Grandfather", MALE_CLIP)):
        made[name] = Voice.objects.create(name=name)
        made[name].references.set([make_reference(clip)])
    return made


def fields_of(body: str) -> dict[str, str]:
    """What is chosen for each name."""
    rows = re.findall(r'name="cast_name" value="([^"]*)">\s*<label.*?<select(.*?)</select>', body, re.DOTALL)
    chosen = {name: re.search(r'value="([^"]*)" selected', options) for name, options in rows}
    return {name: found[1] if found else "" for name, found in chosen.items()}


def test_form_without_javascript_comes_back_with_the_cast_to_be_filled(browser, voices) -> None:
    first = browser.post("/", {"text": TEXT, "dialogue": "true", "language": "en"})
    body = first.content.decode()
    assert first.status_code == 422
    assert "Say who speaks what, then generate." in body
    assert fields_of(body) == {"Anna": str(voices["Anna"].pk), "Tom": "", "Note": ""}
    assert "Choose a voice for Tom." in body
    assert "Choose a voice for Anna." not in body
    assert "Choose a clip" not in body
    grandfather = str(voices["Grandfather"].pk)
    cast = {"cast_name": ["Anna", "Tom", "Note"], "cast_voice": [str(voices["Anna"].pk), grandfather, "text"]}
    second = browser.post("/", {"text": TEXT, "dialogue": "true", "language": "en", **cast})
    generation = Generation.objects.get()
    assert (second.status_code, second["Location"]) == (302, generation.get_absolute_url())
    assert [each.name for each in generation.cast.all()] == ["Anna", "Tom"]


@pytest.fixture
def dialogue(browser, voices) -> Generation:
    cast = {"cast_name": ["Anna", "Tom"], "cast_voice": [str(voice.pk) for voice in voices.values()]}
    browser.post("/", {"text": TEXT.partition("\r\nNote")[0], "dialogue": "true", "language": "en", **cast})
    return Generation.objects.get()


@pytest.mark.parametrize("many", [0, 1000])
def test_its_page_says_who_says_what(many, browser, dialogue, voices, monkeypatch) -> None:
    monkeypatch.setattr(generation_model, "MANY", many)  # both ways to look for a voice
    accept_sounds(dialogue)
    body = browser.get(dialogue.get_absolute_url()).content.decode()
    assert re.findall(r'<bdi class="speaker hue-\d+">(.*?)</bdi>', body) == ["Anna", "Tom"]
    assert "Save this voice" not in body
    for path in (
        "/",
        "/history/",
        f"/history/?voice={voices['Anna'].pk}",
        f"/voices/{voices['Grandfather'].pk}/",
    ):
        listed = browser.get(path).content.decode()
        assert f'id="generation-{dialogue.pk}"' in listed
        assert re.findall(r'<span class="speaker hue-\d+" dir="auto">(.*?)</span>', listed) == ["Anna", "Tom"]
    assert browser.post(f"/generations/{dialogue.pk}/voice/", {"name": "Both"}).status_code == 422


@pytest.mark.parametrize("use", ["text", "settings"])
def test_used_again_it_keeps_its_cast(use, browser, dialogue, voices) -> None:
    voices["Anna"].delete()
    body = browser.get(f"/?use={use}&of={dialogue.pk}").content.decode()
    assert re.search(r'id="id_dialogue"[^>]* checked', body)
    grandfather = str(voices["Grandfather"].pk)
    if use == "text":
        assert fields_of(body) == {"Anna": "", "Tom": grandfather}
    else:  # for when the text has the names again
        kept = f'name="cast_name" value="tom"><input type="hidden" name="cast_voice" value="{grandfather}"'
        assert kept in body


def test_many_names_cost_no_query_each(browser, voices, django_assert_max_num_queries) -> None:
    text = "".join(f"Name{number}: Yes.\n" for number in range(20))
    with django_assert_max_num_queries(6):
        body = browser.post("/cast/", {"text": text, "dialogue": "true"}, headers=HTMX).content.decode()
    assert body.count("<select") == 20


def test_the_cast_follows_the_text(browser, voices) -> None:
    data = {"text": TEXT, "dialogue": "true", "cast_name": ["Tom", "Ada"], "cast_voice": ["text", "x"]}
    body = browser.post("/cast/", data, headers=HTMX).content.decode()
    assert fields_of(body) == {"Anna": str(voices["Anna"].pk), "Tom": "text", "Note": ""}
    assert "Choose a voice for" not in body
    assert "<b>" not in body
    off = browser.post("/cast/", {"text": TEXT}, headers=HTMX).content.decode()
    assert "<select" not in off
    none = browser.post("/cast/", {"text": "Hi. \0", "dialogue": "true"}, headers=HTMX).content.decode()
    assert "No line begins with a name yet." in none
    assert browser.get("/cast/").status_code == 405


def test_htmx_gets_the_form_with_its_cast(browser, voices) -> None:
    data = {"text": TEXT, "dialogue": "true", "language": "en", "cast_name": ["Anna"], "cast_voice": ["gone"]}
    answer = browser.post("/", data, headers=HTMX)
    assert answer.status_code == 422
    body = answer.content.decode()
    assert "The voice for Anna is not there" in body
    assert "data-filled" in body
