"""The pages of the voices."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cloning.jobs.voices import create_from
from cloning.models import Generation, Voice
from cloning.tests.pages import ATTACK, HTMX, Page
from cloning.tests.performing import perform
from cloning.tests.wrong_requests import UNKNOWN_ID


@pytest.fixture
def make(browser, clips, db):
    def send(name: str = "Ada", *names: str, path: str = "/voices/", **fields: str):
        files = [SimpleUploadedFile(f"{each}.wav", clips[each]) for each in names or ("speech",)]
        return browser.post(path, {"name": name, "reference": files, **fields})

    return send


@pytest.fixture
def ada(make) -> Voice:
    make()
    return Voice.objects.get()


def body_of(response) -> str:
    return response.content.decode()


def test_saved_voice_can_be_chosen(browser, submit, spoken) -> None:
    response = browser.post(f"{spoken.get_absolute_url()}voice/", {"name": "Ada & Bob"}, follow=True)
    assert "The voice “Ada &amp; Bob” is saved" in response.content.decode()
    voice = Voice.objects.get()
    chip = Page(response).control_of_value(str(voice.pk))
    assert (chip["name"], chip["type"]) == ("voice", "radio")
    assert submit((), voice=str(voice.pk)).status_code == 302
    generation = Generation.objects.latest("created_at")
    assert generation.voice == voice
    assert list(generation.references.all()) == list(spoken.references.all())


@pytest.mark.parametrize("name", ["", "  ", "a" * 81, "ADA"])
def test_voice_without_a_proper_name(name: str, browser, spoken) -> None:
    create_from(spoken, "Ada")
    response = browser.post(f"{spoken.get_absolute_url()}voice/", {"name": name})
    assert response.status_code == 422
    assert Page(response).texts["id_name_error"]
    assert Voice.objects.count() == 1


def test_first_visit(browser, db) -> None:
    body = body_of(browser.get("/voices/"))
    assert "No voices yet" in body and "New voice" in body


def test_new_voice_has_a_page_with_clips_and_a_sample(browser, make) -> None:
    response = make("Grandma", "speech", "other", language="de")
    voice = Voice.objects.get()
    assert response["Location"] == f"/voices/{voice.pk}/"
    page = body_of(browser.get(response["Location"]))
    assert "speech.wav" in page and "other.wav" in page and "It is being spoken" in page
    perform(Generation.objects.get())
    page = body_of(browser.get(response["Location"]))
    assert f"/api/v1/files/{voice.sample.pk}.wav" in page and "Guten Morgen" in page
    listed = body_of(browser.get("/voices/"))
    assert f"/api/v1/files/{voice.sample.pk}.wav" in listed and "<span>Deutsch</span>" in listed
    assert str(voice.sample.pk) not in body_of(browser.get("/")), "it is nobody's generation"


@pytest.mark.parametrize(
    "name, clip, field",
    [("", "speech", "id_name"), ("ADA", "speech", "id_name"), ("Bob", "text", "id_reference")],
)
def test_what_is_wrong_stands_beside_its_field(name: str, clip: str, field: str, ada, make) -> None:
    response = make(name, clip)
    assert response.status_code == 422
    assert Page(response).texts[f"{field}_error"].strip()
    assert Voice.objects.count() == 1


def test_search(browser, make) -> None:
    for name in ("Ada", "Bob"):
        make(name)
    browser.get("/voices/")  # what was said of them is read
    page = body_of(browser.get("/voices/", {"q": "aD"}))
    assert "Ada" in page and "Bob" not in page and 'value="aD"' in page
    partial = browser.get("/voices/", {"q": "bo"}, headers={**HTMX, "HX-Target": "voices"})
    assert "Bob" in body_of(partial) and "<html" not in body_of(partial)
    browser.post(f"/voices/{Voice.objects.get(name='Bob').pk}/", {"name": "Bob", "language": "fr"})
    page = body_of(browser.get("/voices/", {"language": "fr"}))
    assert "Bob" in page and "Ada" not in page and '<option value="fr" selected>' in page
    assert "No voice is found" in body_of(browser.get("/voices/", {"language": "de"}))
    assert "No voice is found" in body_of(browser.get("/voices/", {"q": ATTACK + "\0"}))


def test_voice_is_renamed_and_described(browser, ada, make) -> None:
    address = f"/voices/{ada.pk}/"
    browser.post(address, {"name": "Lovelace", "language": "fr", "notes": "Of 1843."})
    ada.refresh_from_db()
    assert (ada.name, ada.language, ada.notes) == ("Lovelace", "fr", "Of 1843.")
    make("Bob")
    response = browser.post(address, {"name": "bob", "language": "", "notes": ""})
    assert response.status_code == 422
    assert "There is a voice of this name already" in Page(response).texts["id_name_error"]
    assert "<h1><bdi>Lovelace</bdi></h1>" in body_of(response), "it is still called so"


def test_clips_are_added_and_removed(browser, ada, make) -> None:
    assert make("", "other", path=f"/voices/{ada.pk}/clips/").status_code == 302
    assert ada.references.count() == 2
    response = browser.post(f"/voices/{ada.pk}/clips/")
    assert response.status_code == 422 and "Choose a clip" in Page(response).texts["id_reference_error"]
    for _ in range(2):
        clip = ada.references.first()
        response = browser.post(f"/voices/{ada.pk}/clips/{clip.pk}/remove/", follow=True)
    assert "A voice needs a clip" in body_of(response)
    assert ada.references.count() == 1


def test_sample_is_spoken_anew(browser, ada) -> None:
    before = Generation.objects.get()
    assert browser.post(f"/voices/{ada.pk}/sample/").status_code == 302
    assert Generation.objects.get() != before


def test_deletion_can_be_undone(browser, ada) -> None:
    response = browser.post(f"/voices/{ada.pk}/delete/", follow=True)
    assert "is deleted" in body_of(response) and "Undo" in body_of(response)
    assert browser.get(f"/voices/{ada.pk}/").status_code == 404
    assert str(ada.pk) not in body_of(browser.get("/voices/"))
    assert str(ada.pk) not in body_of(browser.get("/"))
    response = browser.post(f"/voices/{ada.pk}/restore/", follow=True)
    assert "is back" in body_of(response)
    assert "Undo" not in body_of(browser.get("/voices/", {"deleted": str(ada.pk)}))
    assert browser.get("/voices/", {"deleted": "x"}).status_code == 200


def test_what_was_spoken_is_listed(browser, ada, submit) -> None:
    submit((), voice=str(ada.pk), text="Said by Ada.")
    page = body_of(browser.get(f"/voices/{ada.pk}/"))
    assert page.count("Said by Ada.") >= 1
    assert "Used" in body_of(browser.get("/voices/"))


def test_voice_is_chosen_by_a_link(browser, ada) -> None:
    assert re.search(rf'value="{ada.pk}"[^>]* checked', body_of(browser.get("/", {"voice": str(ada.pk)})))
    browser.post(f"/voices/{ada.pk}/", {"name": "Ada", "language": "fr"})
    assert '<option value="fr" selected>' in body_of(browser.get("/", {"voice": str(ada.pk)})), "its own"
    assert '<option value="en" selected>' in body_of(browser.get("/", {"voice": ATTACK}))


def test_export_and_import(browser, api, ada) -> None:
    content = b"".join(api.get(f"/api/v1/voices/{ada.pk}/export"))
    archive = SimpleUploadedFile("ada.zip", content)
    assert "Ada 2" in body_of(browser.post("/voices/import/", {"archive": archive}, follow=True))
    response = browser.post("/voices/import/", {"archive": SimpleUploadedFile("x.zip", b"no archive")})
    assert response.status_code == 422 and Page(response).texts["import_archive_error"]


@pytest.mark.parametrize(
    "path", ["", "clips/", "sample/", "delete/", "restore/", f"clips/{UNKNOWN_ID}/remove/"]
)
def test_voice_that_is_not_there(path: str, browser, db) -> None:
    assert browser.post(f"/voices/{UNKNOWN_ID}/{path}").status_code == 404


def test_pages_are_sound(browser, ada, make, submit) -> None:
    """Names, ids and descriptions, and nothing that was typed as markup."""
    make(ATTACK, notes=ATTACK)
    hostile = Voice.objects.get(name=ATTACK)
    submit((), voice=str(hostile.pk), text=ATTACK)
    for path in ("/voices/", f"/voices/{hostile.pk}/", f"/voices/?q={ATTACK}"):
        response = browser.get(path)
        page = Page(response)
        assert ATTACK not in body_of(response)
        assert len(page.ids) == len(set(page.ids))
        for control in page.controls:
            assert control.get("aria-label") or control.get("id") in page.label_targets, control
            described = (control.get("aria-describedby") or "").split()
            assert set(described) <= set(page.ids), control


def test_stock_voices_are_offered_as_such(browser, submit, settings, db) -> None:
    settings.PREVIEW_VOICE = "kokoro"
    page = body_of(browser.get("/voices/"))
    assert "Stock voices" in page and "nobody's clone" in page and "/?voice=stock:ff_siwis" in page
    assert "Heart" not in body_of(browser.get("/voices/", {"q": "siwi"}))
    home = body_of(browser.get("/", {"voice": "stock:ff_siwis"}))
    assert re.search('<input type="radio" name="voice" value="stock:ff_siwis"[^>]* checked', home)
    assert '<span class="chip" data-language="fr">' in home
    assert "Siwis, Français" in home and '<details class="stock" open>' in home
    assert submit((), voice="stock:ff_siwis", language="fr").status_code == 302
    generation = Generation.objects.get()
    page = body_of(browser.get(generation.get_absolute_url()))
    assert "Siwis (stock voice)" in page and "Save this voice" not in page
