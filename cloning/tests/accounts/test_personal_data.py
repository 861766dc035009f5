"""What somebody takes along of what is theirs."""

import io
import json
import tracemalloc
import zipfile

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cloning.accounts import personal_data
from cloning.forms import ImportForm
from cloning.jobs import keys
from cloning.jobs.audit import record
from cloning.models import (
    Deed,
    Generation,
    Pronunciation,
    Reference,
    Scope,
    Voice,
    VoiceAlias,
    VoiceConsent,
)
from cloning.storage.archives import zip_files
from cloning.storage.uploads import TemporaryUpload
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.jobs.recording import finish

pytestmark = pytest.mark.django_db


def export(user: User, part: int = 1) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(zip_files(personal_data.list_entries(user, part)))))


def read(archive: zipfile.ZipFile, ending: str):
    (name,) = (each for each in archive.namelist() if each.endswith(ending))
    return json.loads(archive.read(name))


@pytest.fixture
def belongings(ann, make_generation, make_reference) -> Generation:
    """Of Ann, each once; the generation is returned. Of somebody else some more."""
    clip, voices_clip = make_reference(MALE_CLIP), make_reference(FEMALE_CLIP)
    Reference.objects.update(owner=ann)
    voice = Voice.objects.create(owner=ann, name="Grandmother", notes="Of 1990.")
    voice.references.set([voices_clip])
    generation = make_generation([clip, voices_clip], owner=ann, text="Über uns.", voice=voice)
    finish(generation)
    make_generation(owner=ann, sample_of=voice)
    eve = User.objects.create_user("eve")
    make_generation(owner=eve, text="Of Eve.")
    Voice.objects.create(owner=eve, name="Eve")
    for owner, word in ((ann, "SQL"), (eve, "GNU")):
        Pronunciation.objects.create(
            owner=owner, language="en", word=word, word_key=word.lower(), spelling="x"
        )
    for owner in (ann, eve):
        consent = VoiceConsent(owner=owner, name="Consent", language="en-US", suffix=".flac")
        consent.duration_seconds, consent.size_bytes = 1.0, 1
        consent.recording.save("", ContentFile(MALE_CLIP.read_bytes()))
    voice.consent = VoiceConsent.objects.get(owner=ann)
    voice.save()
    VoiceAlias.objects.create(owner=ann, name="nova", voice=voice)
    keys.make(ann, "laptop", [Scope.READ])
    for each in (ann, ann, eve):
        record(Deed.SIGNED_IN, user=each)
    keys.make(eve, "Eve's", [Scope.READ])
    return generation


def test_all_that_is_theirs_and_nothing_else(belongings, ann, monkeypatch):
    archive = export(ann)
    assert archive.testzip() is None
    made = f"generations/{belongings.created_at:%Y-%m-%d}-grandmother-über-uns-{belongings.pk}"
    consent = VoiceConsent.objects.get(owner=ann)
    clips = [f"clips/{reference.sha256}.flac" for reference in belongings.references.all()]
    assert sorted(archive.namelist()) == sorted(
        [
            "account.json",
            "pronunciations.json",
            "keys.json",
            "aliases.json",
            "consents.json",
            f"consents/{consent.pk}.flac",
            "webhooks.json",
            "batches.json",
            "audit.jsonl",
            "voices/grandmother.zip",
            f"{made}.json",
            f"{made}.wav",
            *clips,
        ]
    )
    assert read(archive, "account.json")["name"] == "ann"
    assert [each["word"] for each in read(archive, "pronunciations.json")] == ["SQL"]
    assert read(archive, "aliases.json") == {"nova": "Grandmother"}
    (given,) = read(archive, "consents.json")
    assert (given["name"], given["voices"]) == ("Consent", ["Grandmother"])
    assert archive.read(given["file"]) == MALE_CLIP.read_bytes()
    (key,) = read(archive, "keys.json")
    assert (key["name"], key["scopes"]) == ("laptop", ["read"])
    assert "sha256" not in key
    monkeypatch.setattr(personal_data, "LINES_AT_ONCE", 1)
    deeds = [json.loads(line) for line in export(ann).read("audit.jsonl").splitlines()]
    assert [(each["deed"], each["username"]) for each in deeds] == [("signed_in", "ann")] * 2
    asked = read(archive, f"{made}.json")
    assert (asked["text"], asked["voice"], asked["audio"]) == ("Über uns.", "Grandmother", f"{made}.wav")
    assert archive.read(asked["audio"]) == belongings.audio.read()
    assert {clip["file"] for clip in asked["clips"]} == set(clips)
    assert archive.read(clips[0]) == belongings.references.all()[0].file.read()


def test_voices_can_be_imported_again(belongings, ann):
    packed = TemporaryUpload.copy(export(ann).open("voices/grandmother.zip"), "grandmother.zip")
    with ImportForm({}, {"archive": packed}, user=ann) as form:
        assert form.is_valid(), form.errors
        assert (form.imported.voice.name, form.imported.voice.notes) == ("Grandmother 2", "Of 1990.")


def test_who_has_very_many_gets_several(belongings, ann, make_generation, monkeypatch):
    make_generation(owner=ann, text="The second one.")
    assert personal_data.count_parts(ann) == 1
    monkeypatch.setattr(personal_data, "GENERATIONS_A_PART", 1)
    assert personal_data.count_parts(ann) == 2
    assert read(export(ann), f"{belongings.pk}.json")["text"] == "Über uns."
    second = export(ann, 2)
    assert "account.json" not in second.namelist()
    assert read(second, ".json")["text"] == "The second one."


def test_lost_files_are_left_out(belongings, ann):
    belongings.audio.storage.delete(belongings.audio.name)
    Reference.objects.first().file.delete(save=False)
    names = export(ann).namelist()
    assert not any(name.endswith(".wav") for name in names)
    assert any(name.endswith(f"{belongings.pk}.json") for name in names)


def test_few_texts_are_in_memory_and_few_questions_asked(ann, make_generation):
    pattern = make_generation(owner=ann)
    names = [each.attname for each in Generation._meta.fields if not each.primary_key]
    values = {name: getattr(pattern, name) for name in names} | {"text": "a long text " * 10_000}
    Generation.objects.bulk_create([Generation(**values) for _ in range(300)])
    entries = personal_data.list_entries(ann)
    tracemalloc.start()
    with CaptureQueriesContext(connection) as captured:
        total = sum(len(piece) for piece in zip_files(entries))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 300 * 120_000
    assert peak < total / 2, f"{peak} bytes at once of {total}"
    assert len(captured) < 100
