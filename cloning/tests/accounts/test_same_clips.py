"""A clip that several people have."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase
from django.urls import reverse

from cloning.jobs import cleanup
from cloning.models import Voice
from cloning.tests.people import sign_in_as


@pytest.fixture
def people(db, settings) -> dict[str, User]:
    settings.REQUIRE_LOGIN = True
    return {name: User.objects.create_user(name) for name in ("owner", "other")}


def test_same_clip_of_two_people_is_one_file_until_the_last_is_gone(people, clips, settings) -> None:
    found = []
    for name in ("owner", "other"):
        upload = SimpleUploadedFile("speech.wav", clips["speech"])
        form = {"name": "Bo", "reference": upload}
        assert sign_in_as(people[name]).post(reverse("voices"), form).status_code == 302
        found.append(Voice.objects.get(owner=people[name], name="Bo"))
    first, second = (voice.references.get() for voice in found)
    assert first != second
    assert first.file.name == second.file.name
    file = Path(settings.STORAGE_ROOT / first.file.name)
    with TestCase.captureOnCommitCallbacks(execute=True):
        cleanup.delete_voice(found[0].pk)
    assert file.exists()
    with TestCase.captureOnCommitCallbacks(execute=True):
        cleanup.delete_voice(found[1].pk)
    assert not file.exists()
