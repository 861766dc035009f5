"""The page of the names that programs ask for, and what OpenAI's dialect makes of them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cloning.api.openai.voices import choose_voice
from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.jobs import aliases, cleanup
from cloning.models import Voice, VoiceAlias

PAGE = "/voices/names/"
STOCK = [StockVoice("heart", "Heart", frozenset(["en"])), StockVoice("dora", "Dora", frozenset(["es"]))]


@pytest.fixture(autouse=True)
def stock(monkeypatch) -> None:
    monkeypatch.setattr(
        registry,
        "stock_voices",
        lambda language="": [each for each in STOCK if not language or language in each.languages],
    )


def send(client: Client, **meanings: str):
    fields = {"alias_name": list(meanings), "alias_voice": list(meanings.values())}
    return client.post(PAGE, fields)


def test_page_has_all_names_and_what_they_mean(client, make_voice, settings) -> None:
    settings.VOICE_ALIASES = {"nova": "Ada", "reader": "heart"}
    ada = make_voice("Ada")
    assert send(client, alloy=str(ada.pk), echo="stock:dora", reader="").status_code == 302
    page = client.get(PAGE).content.decode()
    for name in (*aliases.NAMES, "reader"):
        assert f'name="alias_name" value="{name}"' in page
    assert page.count(f'<option value="{ada.pk}" selected>') == 1
    assert page.count('<option value="stock:dora" selected>') == 1
    assert "As the server has it: Ada" in page
    assert choose_voice("alloy", "Hi.", "", User()).voice == str(ada.pk)
    assert choose_voice("ALLOY", "Hi.", "", User()).voice == str(ada.pk)
    assert choose_voice("echo", "Hi.", "", User()).voice == "stock:dora"
    assert choose_voice("reader", "Hi.", "", User()).voice == "stock:heart"


def test_page_goes_before_the_setting_and_a_voice_of_the_name_before_both(
    client, make_voice, settings
) -> None:
    settings.VOICE_ALIASES = {"nova": "heart"}
    send(client, nova="stock:dora")
    assert choose_voice("nova", "Hi.", "", User()).voice == "stock:dora"
    nova = make_voice("Nova")
    assert choose_voice("nova", "Hi.", "", User()).voice == str(nova.pk)
    assert "A voice is called so itself" in client.get(PAGE).content.decode()
    cleanup.delete_voice(nova.pk)
    send(client, nova="")
    assert choose_voice("nova", "Hi.", "", User()).voice == "stock:heart"
    assert not VoiceAlias.objects.exists()


def test_name_of_ones_own_is_added_listed_and_removed(client, make_voice) -> None:
    ada = make_voice("Ada")
    assert client.post(PAGE, {"new_name": " Narrator ", "new_voice": str(ada.pk)}).status_code == 302
    assert 'value="Narrator"' in client.get(PAGE).content.decode()
    assert choose_voice("narrator", "Hi.", "", User()).voice == str(ada.pk)
    names = [voice["name"] for voice in client.get("/v1/audio/voices").json()["voices"]]
    assert names.count("Narrator") == 1
    assert send(client, Narrator="").status_code == 302
    assert not VoiceAlias.objects.exists()


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"new_name": "alloy", "new_voice": "stock:dora"}, "This name is in the list already."),
        ({"new_name": "Narrator"}, "Choose a voice for Narrator."),
        ({"new_voice": "stock:dora"}, "Write a name of at most 80 characters."),
        ({"new_name": "a" * 81, "new_voice": "stock:dora"}, "Write a name of at most 80 characters."),
        ({"new_name": "Narrator", "new_voice": "stock:gone"}, "There is no such voice"),
        ({"alias_name": "nova", "alias_voice": "stock:gone"}, "There is no such voice"),
        ({"alias_name": "nova", "alias_voice": "\0"}, "There is no such voice"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(client, db, fields, message) -> None:
    answer = client.post(PAGE, {"alias_name": ["echo"], "alias_voice": ["stock:dora"], **fields})
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not VoiceAlias.objects.exists()


def test_names_that_were_not_offered_are_not_looked_at(client, db) -> None:
    assert send(client, anything="stock:dora").status_code == 302
    assert not VoiceAlias.objects.exists()


def test_there_are_not_more_than_may_be(client, db, monkeypatch) -> None:
    monkeypatch.setattr(aliases, "MAX_ALIASES", 1)
    assert send(client, alloy="stock:dora").status_code == 302
    answer = send(client, alloy="stock:heart", echo="stock:dora")
    assert answer.status_code == 422
    assert "There are 1 names already" in answer.content.decode()
    assert VoiceAlias.objects.get().stock_voice == "dora"


def test_voice_that_goes_takes_its_names_along(client, make_voice) -> None:
    ada = make_voice("Ada")
    send(client, alloy=str(ada.pk))
    cleanup.delete_voice(ada.pk)
    assert not VoiceAlias.objects.exists()


def test_everybody_has_names_of_their_own(settings, make_voice, db) -> None:
    settings.REQUIRE_LOGIN = True
    ada, bob = (User.objects.create_user(name) for name in ("ada", "bob"))
    shared = make_voice("Ada", owner=ada, is_shared=True)
    secret = make_voice("Secret", owner=ada)
    for user in (ada, bob):
        client = Client()
        client.force_login(user)
        assert send(client, alloy=str(shared.pk)).status_code == 302
        assert send(client, echo=str(secret.pk)).status_code == (302 if user is ada else 422)
    assert VoiceAlias.objects.filter(owner=bob).get().voice == shared
    assert choose_voice("alloy", "Hi.", "", bob).voice == str(shared.pk)
    Voice.objects.filter(pk=shared.pk).update(is_shared=False)
    assert choose_voice("alloy", "Hi.", "", bob).voice.startswith("stock:")  # as if it had no meaning
    assert choose_voice("alloy", "Hi.", "", ada).voice == str(shared.pk)
    assert choose_voice("echo", "Hi.", "", bob).voice.startswith("stock:")


def test_lists_ask_the_database_once_for_all_models(
    client, make_voice, django_assert_max_num_queries
) -> None:
    make_voice("Ada")
    with django_assert_max_num_queries(6):
        listed = client.get("/v1/models").json()["data"]
    assert all("Ada" in [voice["name"] for voice in each["voices"]] for each in listed)
