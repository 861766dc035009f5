"""What the form makes of good input. What it says to bad input is in api/v1/test_generate.py, for every field."""

import io
import json
from typing import Any

import pytest
from django.utils.datastructures import MultiValueDict

from cloning import audio
from cloning.api import openapi
from cloning.errors import ErrorCode, GenerationError
from cloning.forms import GenerationForm, TakeForm, VoiceForm, form_errors
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation, Reference, Voice
from cloning.storage.uploads import TemporaryUpload
from cloning.tests.wrong_requests import WRONG


def form_of(clip: bytes | None, name: str = "voice.wav", **data: Any) -> GenerationForm:
    files = [TemporaryUpload.copy(io.BytesIO(clip), name)] if clip is not None else []
    return GenerationForm({"text": "Good morning.", **data}, MultiValueDict({"reference": files}))


def saved(form: GenerationForm) -> list[Reference]:
    assert form.is_valid(), form.errors
    generation = form.build_generation(Channel.PAGE)
    submit(generation, form.uploads)
    return list(generation.references.all())


def test_reference_is_described_by_what_is_in_it(clips, db) -> None:
    reference = saved(form_of(clips["mp3"], "voice.exe"))[0]
    assert (reference.suffix, reference.format_name, reference.size_bytes) == (
        ".mp3",
        "mp3",
        len(clips["mp3"]),
    )
    assert reference.duration_seconds == pytest.approx(3.0, abs=0.1)
    assert reference.file.name == f"incoming/{reference.pk}.mp3"
    assert reference.file.read() == clips["mp3"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "C:\\Windows\\voice.wav", "声.wav", "<script>.wav", "a" * 400 + ".wav"]
)
def test_name_of_the_upload_is_never_a_path(name: str, clips, db, stored_files) -> None:
    form = form_of(clips["speech"], name)
    reference = saved(form)[0]
    form.cleaned_data["reference"][0].close()
    assert stored_files() == [f"incoming/{reference.pk}.wav"]
    assert 0 < len(reference.original_name) <= 255
    assert "/" not in reference.original_name


def test_reference_deleted_between_check_and_save(clips, db, monkeypatch) -> None:
    saved(form_of(clips["speech"]))
    form = form_of(clips["speech"])
    monkeypatch.setattr(audio, "probe", None)  # the clip is known: nothing is decoded
    assert form.is_valid()
    Generation.objects.all().delete()
    assert not Reference.objects.exists()
    submit(form.build_generation(Channel.PAGE), form.uploads)
    reference = Reference.objects.get()
    assert reference.duration_seconds == pytest.approx(3.0, abs=0.05)
    assert reference.file.name == f"incoming/{reference.pk}.wav"
    assert reference.file.read() == clips["speech"]


def test_clip_that_is_known_is_not_decoded_again(clips, db, monkeypatch) -> None:
    saved(form_of(clips["speech"]))
    monkeypatch.setattr(audio, "probe", None)
    assert len(saved(form_of(clips["speech"]))) == 1
    assert Reference.objects.count() == 1


def test_known_clip_is_refused_where_the_limit_is_lower_now(clips, db, settings) -> None:
    saved(form_of(clips["speech"]))
    settings.MAX_REFERENCE_SECONDS = 2
    assert form_of(clips["speech"]).errors.as_data()["reference"][0].code == "reference_too_long"


@pytest.mark.parametrize(
    "data", [{"text": ""}, {"text": "…"}, {"speed": "9"}, {"language": "xx"}, {"voice": "none"}]
)
def test_nothing_is_decoded_for_a_form_that_is_wrong_elsewhere(data, clips, db, monkeypatch) -> None:
    monkeypatch.setattr(audio, "probe", None)
    assert not form_of(clips["speech"], **data).is_valid()


def test_nothing_is_decoded_for_a_full_queue(clips, db, settings, monkeypatch) -> None:
    settings.MAX_QUEUED = 0
    monkeypatch.setattr(audio, "probe", None)
    with pytest.raises(GenerationError) as raised:
        form_of(clips["speech"]).is_valid()
    assert raised.value.code == ErrorCode.QUEUE_FULL


def test_each_clip_of_a_request_is_decoded_once(clips, db, monkeypatch) -> None:
    decoded, probe = [], audio.probe
    monkeypatch.setattr(
        audio, "probe", lambda *args, **kwargs: decoded.append(args) or probe(*args, **kwargs)
    )
    uploads = [
        TemporaryUpload.copy(io.BytesIO(clips[name]), name)
        for name in ("speech", "speech", "other", "speech")
    ]
    form = GenerationForm({"text": "Good morning."}, MultiValueDict({"reference": uploads}))
    assert len(saved(form)) == 2
    assert len(decoded) == 2


def test_form_stores_nothing(clips, db, nothing_kept) -> None:
    form = form_of(clips["speech"])
    assert form.is_valid()
    form.build_generation(Channel.PAGE)
    form.cleaned_data["reference"][0].close()
    assert nothing_kept()


def test_generation_records_who_asked_and_how(clips, admin_user, settings) -> None:
    form = form_of(clips["speech"])
    form.user = admin_user
    assert form.is_valid()
    assert form.build_generation(Channel.COMMAND).owner is None  # there are no accounts
    settings.REQUIRE_LOGIN = True
    generation = form.build_generation(Channel.COMMAND)
    assert (generation.requested_via, generation.owner) == ("command", admin_user)


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
    document = json.dumps(openapi.document())
    assert [wrong.code for wrong in WRONG.values() if f'"{wrong.code}"' not in document] == []


def test_voice_needs_a_name(spoken) -> None:
    for name in ("", "   ", "a" * 81, "\0"):
        assert not VoiceForm({"name": name}).is_valid()
    assert VoiceForm({"name": "Ada"}).is_valid()
    assert not Voice.objects.exists()


def take_form(generation: Generation, **data: Any) -> TakeForm:
    return TakeForm(data, segment=generation.segments.get())


def test_another_take_of_the_same_text_has_a_new_seed(make_generation) -> None:
    generation = make_generation(text="There are 3 of them.")
    for data in (
        {},
        {"text": "There are three of them."},
        {"text": "There are three of them.\r\n", "seed": ""},
    ):
        form = take_form(generation, **data)
        assert form.is_valid(), form.errors
        assert form.cleaned_data["text"] == "There are three of them."
        assert form.cleaned_data["seed"] != generation.seed


def test_corrected_text_is_made_ready_to_be_read_out(make_generation) -> None:
    form = take_form(make_generation(), text=" There are\r\n\r\n4 of them, ", seed="0")
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {"text": "There are four of them.", "seed": 0}


def test_text_of_an_engine_that_took_longer_ones_is_spoken_again_as_it_is(make_generation) -> None:
    generation = make_generation()
    long = "This sentence was split for an engine that takes more at once. " * 9
    generation.segments.update(text=long.strip())
    form = take_form(generation, text=long)
    assert form.is_valid(), form.errors


@pytest.mark.parametrize(
    "text, code",
    [
        ("", "text_missing"),
        (" \n ", "text_missing"),
        ("…", "text_unspeakable"),
        ("Good\0morning", "text_unspeakable"),
        ("This sentence is one of many that are too much to be spoken at once. " * 9, "text_too_long"),
        ("a" * 20_000, "text_too_long"),
    ],
)
def test_corrected_text_that_can_not_be_spoken(text: str, code: str, make_generation) -> None:
    form = take_form(make_generation(), text=text)
    assert [(error.field, error.code) for error in form_errors(form)] == [("text", code)]
