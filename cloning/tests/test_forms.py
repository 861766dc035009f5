"""What the form makes of good input. What it says to bad input is in test_api.py, for every field."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.datastructures import MultiValueDict

from cloning.forms import GenerationForm, VoiceForm
from cloning.models import Channel, Reference, Voice
from cloning.tests.api.test_api import WRONG


def form_of(clip: bytes | None, name: str = "voice.wav", **data: Any) -> GenerationForm:
    files = [SimpleUploadedFile(name, clip)] if clip is not None else []
    return GenerationForm({"text": "Good morning.", **data}, MultiValueDict({"reference": files}))


def saved(form: GenerationForm) -> list[Reference]:
    assert form.is_valid(), form.errors
    return form.save(Channel.PAGE, AnonymousUser())[1]


def test_reference_is_described_by_what_is_in_it(clips, db) -> None:
    reference = saved(form_of(clips["mp3"], "voice.exe"))[0]
    assert (reference.suffix, reference.format_name, reference.size_bytes) == (
        ".mp3",
        "mp3",
        len(clips["mp3"]),
    )
    assert reference.duration_seconds == pytest.approx(3.0, abs=0.1)
    assert reference.file.name == f"incoming/{reference.sha256}.mp3"
    assert reference.file.read() == clips["mp3"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\Windows\\voice.wav", "声.wav", "<script>.wav", "a" * 400 + ".wav"]
)
def test_name_of_the_upload_is_never_a_path(name: str, clips, db, stored_files) -> None:
    reference = saved(form_of(clips["speech"], name))[0]
    assert stored_files() == [f"incoming/{reference.sha256}.wav"]
    assert 0 < len(reference.original_name) <= 255
    assert "/" not in reference.original_name


def test_reference_deleted_between_check_and_save(clips, db) -> None:
    saved(form_of(clips["speech"]))
    form = form_of(clips["speech"])
    assert form.is_valid()
    Reference.objects.all().delete()
    reference = form.save(Channel.PAGE, AnonymousUser())[1][0]
    assert reference.duration_seconds == pytest.approx(3.0, abs=0.05)
    assert Reference.objects.get() == reference


def test_generation_records_who_asked_and_how(clips, admin_user) -> None:
    form = form_of(clips["speech"])
    assert form.is_valid()
    generation, _ = form.save(Channel.COMMAND, admin_user)
    assert (generation.requested_via, generation.requested_by) == ("command", admin_user)


def test_line_ends_of_a_browser_count_once(clips, db, settings) -> None:
    settings.MAX_TEXT_CHARS = 9
    form = form_of(clips["speech"], text="Good\r\nday.")
    assert form.is_valid()
    assert form.cleaned_data["text"] == "Good\nday."


def test_limit_counts_characters_not_bytes(clips, db, settings) -> None:
    settings.MAX_TEXT_CHARS = 5
    assert form_of(clips["speech"], text="早上好朋友", language="zh").is_valid()


@pytest.mark.parametrize("name", ["speed", "temperature", "seed", "language", "format"])
def test_empty_option_means_its_default(name: str, clips, db) -> None:
    form = form_of(clips["speech"], **{name: ""})
    assert form.is_valid()
    expected = {"speed": 1.0, "temperature": 0.75, "language": "en", "format": "wav"}.get(
        name, form.cleaned_data[name]
    )
    assert form.cleaned_data[name] == expected
    assert form.cleaned_data[name] is not None


@pytest.mark.parametrize("fields", [{"speed": "0.5"}, {"speed": "2"}, {"temperature": "1.5"}, {"seed": "0"}])
def test_bounds_are_allowed(fields: dict[str, str], clips, db) -> None:
    form = form_of(clips["speech"], **fields)
    assert form.is_valid()
    name, value = next(iter(fields.items()))
    assert form.cleaned_data[name] == float(value)


def test_limit_of_a_reference_is_the_settings(clips, db, settings) -> None:
    settings.MAX_REFERENCE_SECONDS = 2
    assert form_of(clips["speech"]).errors.as_data()["reference"][0].code == "reference_too_long"
    settings.MAX_REFERENCE_MB = 1
    form = form_of(clips["speech"] + bytes(2 * 1024**2))
    assert form.errors.as_data()["reference"][0].code == "reference_too_large"


def test_every_code_is_in_the_document() -> None:
    from cloning.api.openapi import FIELD_CODES

    assert {wrong.code for wrong in WRONG.values()} - {"reference_too_large"} <= set(FIELD_CODES)


def test_voice_needs_a_name(spoken) -> None:
    for name in ("", "   ", "a" * 81, "a\0b"):
        assert not VoiceForm({"name": name}).is_valid()
    assert VoiceForm({"name": "Ada"}).is_valid()
    assert not Voice.objects.exists()
