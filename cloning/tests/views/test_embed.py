"""Results in pages of others: nothing before its owner says so, and nothing after."""

import pytest
from django.contrib.auth.models import User

from cloning.jobs import discarding, revoking
from cloning.models import Generation, Status
from cloning.tests.people import sign_in_as
from cloning.tests.performing import store_sound

pytestmark = pytest.mark.django_db


@pytest.fixture
def spoken(ann, settings, make_voice, make_generation) -> Generation:
    settings.EMBED = True
    voice = make_voice("Secret name", owner=ann)
    generation = make_generation(
        [voice.references.get()], owner=ann, voice=voice, text="A secret text.", engine="preview"
    )
    store_sound(generation)
    generation.refresh_from_db()
    Generation.objects.filter(pk=generation.pk).update(status=Status.SUCCEEDED)
    return generation


def addresses(generation: Generation) -> list[str]:
    return [f"/embed/{generation.pk}/", f"/embed/{generation.pk}/sound"]


def statuses(client, generation: Generation) -> list[int]:
    return [client.get(address).status_code for address in addresses(generation)]


def switch(user: User, generation: Generation, value: str) -> int:
    return sign_in_as(user).post(f"/generations/{generation.pk}/embed/", {"embed": value}).status_code


def test_nothing_is_public_unless_its_owner_says_so(client, ann, spoken):
    assert statuses(client, spoken) == [404, 404]
    page = sign_in_as(ann).get(f"/generations/{spoken.pk}/").content.decode()
    assert "Let everybody hear it" in page and "&lt;iframe" not in page
    assert switch(User.objects.create_user("bob"), spoken, "1") == 404
    assert statuses(client, spoken) == [404, 404]
    assert switch(ann, spoken, "1") == 302
    page = sign_in_as(ann).get(f"/generations/{spoken.pk}/").content.decode()
    assert f"&lt;iframe src=&quot;http://testserver/embed/{spoken.pk}/&quot;" in page
    assert statuses(client, spoken) == [200, 200]
    assert client.get(f"/api/v1/files/{spoken.pk}.wav").status_code == 401, "no other address"
    assert switch(ann, spoken, "0") == 302
    assert statuses(client, spoken) == [404, 404]


def test_player_says_what_one_hears_and_nothing_else(client, ann, spoken):
    switch(ann, spoken, "1")
    player, sound = map(client.get, addresses(spoken))
    said = player.content.decode()
    assert "Synthetic voice · Preview" in said
    assert not [each for each in ("secret", "Secret", "ann", "Ada") if each in said]
    assert "X-Frame-Options" not in player and "frame-ancestors *" in player["Content-Security-Policy"]
    assert "default-src 'self'" in player["Content-Security-Policy"] and not player.cookies
    assert "Content-Disposition" not in sound and sound["Cache-Control"] == "no-store"
    ranged = client.get(addresses(spoken)[1], headers={"Range": "bytes=0-9"})
    assert (ranged.status_code, len(ranged.getvalue())) == (206, 10)


def test_no_other_page_can_be_framed(client, ann, spoken):
    for path in ("/verify/", "/account/sign-in/", "/embed/", addresses(spoken)[0]):
        answer = client.get(path)
        assert answer["X-Frame-Options"] == "DENY", path
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_deleting_and_revoking_end_it(client, ann, spoken):
    switch(ann, spoken, "1")
    moment = discarding.discard([spoken.pk], ann)
    assert statuses(client, spoken) == [404, 404]
    discarding.restore(moment, ann)
    assert statuses(client, spoken) == [200, 200]
    revoking.revoke(spoken.voice, seconds=0.0)
    assert statuses(client, spoken) == [404, 404]


def test_operator_switches_it_off_for_all(client, ann, spoken, settings):
    switch(ann, spoken, "1")
    settings.EMBED = False
    assert statuses(client, spoken) == [404, 404]
    assert "In other pages" not in sign_in_as(ann).get(f"/generations/{spoken.pk}/").content.decode()
    assert switch(ann, spoken, "1") == 404
    assert switch(ann, spoken, "0") == 302, "taking back is always possible"


def test_what_is_not_whole_is_not_public(client, ann, spoken):
    switch(ann, spoken, "1")
    Generation.objects.filter(pk=spoken.pk).update(status=Status.CANCELLED)
    assert statuses(client, spoken) == [404, 404]
