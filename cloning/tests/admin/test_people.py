"""What operators do with accounts in the admin."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cloning.models import Departure, Generation, Reference, Voice
from cloning.tests.clips import MALE_CLIP

USERS = "/admin/auth/user/"


@pytest.fixture
def anns(ann, make_generation, make_reference) -> Voice:
    """What would keep the database from deleting her."""
    make_reference(MALE_CLIP)
    Reference.objects.update(owner=ann)
    voice = Voice.objects.create(owner=ann, name="Ann")
    voice.references.set(Reference.objects.all())
    make_generation(owner=ann)
    return voice


def act(client: Client, action: str, user: User, **more: str) -> str:
    data = {"action": action, "_selected_action": [str(user.pk)], **more}
    return client.post(USERS, data, follow=True).content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_one_of_several", [True, False])
def test_account_goes_with_everything(is_one_of_several, ann, anns, admin_client, stored_files) -> None:
    path = f"{USERS}{ann.pk}/delete/"
    assert (
        "ann, 1 generations (0 min of speech), 0 books, 0 batches, 1 voices"
        in admin_client.get(path).content.decode()
    )
    if is_one_of_several:
        assert "Successfully deleted 1 user" in act(admin_client, "delete_selected", ann, post="yes")
    else:
        assert admin_client.post(path, {"post": "yes"}).status_code == 302
    assert [user.username for user in User.objects.all()] == ["admin"]
    assert not (Generation.objects.exists() or Voice.objects.exists() or stored_files())
    assert not Departure.objects.exists()


@pytest.mark.django_db
def test_link_by_which_a_password_is_set(ann, accounts, admin_client) -> None:
    accounts.BASE_URL = "https://voice.example"
    said = act(admin_client, "make_link", ann)
    link = re.findall(r"https://voice\.example(/account/set/[^\s<]+)", said)[0]
    assert "ann" in Client().get(link, follow=True).content.decode()
    accounts.REQUIRE_LOGIN = False
    assert "/account/set/" not in act(admin_client, "make_link", ann)


@pytest.mark.django_db
def test_only_who_may_change_accounts_gets_links(ann, accounts) -> None:
    staff = Client()
    staff.force_login(User.objects.create_user("clerk", is_staff=True))
    assert "/account/set/" not in act(staff, "make_link", ann)
