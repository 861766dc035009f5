"""A voice that is revoked: what goes, what stays, and what else happens in the same moment."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from cloning.errors import GenerationError
from cloning.formats import AudioFormat
from cloning.jobs import books, discarding, encodings, joins, revoking, state, sweeping, takes, voices
from cloning.jobs.acting import Actor, acting
from cloning.jobs.audit import record
from cloning.jobs.cleanup import delete_generation
from cloning.jobs.process import advance
from cloning.jobs.stream import LiveTake, Position, find_source, read_on
from cloning.jobs.submission import Role, submit
from cloning.models import (
    AuditEntry,
    Batch,
    Book,
    BookStatus,
    Channel,
    Deed,
    Delivery,
    Generation,
    Reference,
    SoundChunk,
    StoredConditioning,
    Take,
    Voice,
    VoiceAlias,
    VoiceConsent,
    Webhook,
    WebhookEvent,
)
from cloning.tests.clips import FEMALE_CLIP, MALE_CLIP
from cloning.tests.jobs.recording import (
    THREE_SEGMENTS,
    accept,
    accept_join,
    at_once,
    claim_first,
    finish,
    speak_all,
    takes_of,
)
from cloning.tests.performing import perform

pytestmark = pytest.mark.django_db(transaction=True)

NAME, WORD = "Zwirbelina Quastenflosser", "Wolpertinger"


@pytest.fixture
def voice(make_reference) -> Voice:
    made = Voice.objects.create(name=NAME, notes=f"{WORD} speaks softly.")
    made.references.set([make_reference(MALE_CLIP)])
    return made


@pytest.fixture
def consent(voice) -> VoiceConsent:
    given = VoiceConsent(name=NAME, language="en", duration_seconds=1.0, size_bytes=4, suffix=".wav")
    given.recording.save("", ContentFile(b"RIFF"), save=False)
    given.save()
    Voice.objects.filter(pk=voice.pk).update(consent=given, agreement="recorded", speaker_name=NAME)
    return given


def dump() -> str:
    """Every column of every table."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table != "django_migrations":
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  # a name of ours
                found += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(found)


def read_database_files() -> bytes:
    path = Path(str(connection.settings_dict["NAME"]))
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def test_a_search_finds_nothing_but_the_tombstone(voice, consent, make_generation, settings, stored_files):
    settings.WEBHOOKS = True
    webhook = Webhook.objects.create(url="https://example.org/", events=list(WebhookEvent))
    clip = voice.references.get()
    Reference.objects.filter(pk=clip.pk).update(original_name=f"{WORD}.wav")
    VoiceAlias.objects.create(name=f"{WORD} again", voice=voice)
    voice.refresh_from_db()
    voice.name, voice.agreement_note = f"{NAME} the second", f"From {NAME}."
    voices.save_details(voice, Channel.PAGE)
    LogEntry.objects.create(
        user=User.objects.create_user("operator"),
        content_type=ContentType.objects.get_for_model(Voice),
        object_id=str(voice.pk),
        object_repr=str(voice),
        action_flag=CHANGE,
    )
    alone = Generation(voice=voice, text=f"A {WORD}.", language="en", requested_via=Channel.API)
    submit(alone)
    other = Voice.objects.create(name="Another")
    other.references.set([voices_clip := clip_of(FEMALE_CLIP)])
    together = Generation(text=f"Ann: {WORD}.\nBob: Yes.", language="en", requested_via=Channel.API)
    submit(together, roles=[Role("Ann", voice), Role("Bob", other)])
    voices.speak_sample(voice, Channel.PAGE)
    failed = make_generation(voice=voice, references=[clip], text=f"{WORD} fails.")
    for generation in (alone, together, Generation.objects.get(sample_of=voice)):
        assert perform(generation).audio
    encodings.encode(alone, AudioFormat.MP3)
    take = claim_first(failed)
    takes.fail(take, "synthesis_failed", f"No sound for “{WORD}”.")
    assert (
        WORD in dump() and NAME in dump() and WORD in Delivery.objects.get(event=WebhookEvent.FAILED).payload
    )
    assert StoredConditioning.objects.filter(references=clip).exists()
    revoked_ids = [row.pk for row in (clip, alone, together, failed, consent)]

    with acting(Actor(address="192.0.2.7")):
        revoked = revoking.revoke(Voice.objects.get(pk=voice.pk))

    assert revoked.is_finished
    assert (revoked.voices, revoked.generations, revoked.clips) == ([voice.pk], 3, 1)
    assert (revoked.takes, revoked.consents) == (5, 1) and revoked.speech_seconds > 1
    found = dump()
    assert WORD not in found and NAME.casefold() not in found.casefold() and clip.sha256 not in found
    tombstone = AuditEntry.objects.get(deed=Deed.VOICE_REVOKED)
    assert (tombstone.voice_id, tombstone.voice_name, tombstone.address) == (voice.pk, "", "192.0.2.7")
    assert tombstone.about == "3 generations, 5 takes, 1 clips, 1 consents deleted"
    assert not [pk for pk in revoked_ids if any_row_has(pk, found)]
    assert [name for name in stored_files() if name.startswith(("incoming/", "normalized/"))] == sorted(
        name for name in (voices_clip.file.name, Reference.objects.get().normalized.name) if name
    ), "the other voice's"
    assert not [name for name in stored_files() if name.startswith("generated/")]
    assert StoredConditioning.objects.count() == len(
        [n for n in stored_files() if n.startswith("conditioning/")]
    )
    assert not StoredConditioning.objects.filter(references=None).exists()
    assert list(Webhook.objects.all()) == [webhook]
    if connection.vendor == "sqlite":
        assert WORD.encode() not in read_database_files() and NAME.encode() not in read_database_files()


def any_row_has(pk: Any, found: str) -> bool:
    """But for the audit, and what a webhook was told, which name ids."""
    ids = (str(pk), pk.hex)
    rows = (
        row for row in found.splitlines() if not row.startswith(("cloning_auditentry", "cloning_delivery"))
    )
    return any(each in row for row in rows if not row.startswith("django_admin_log") for each in ids)


def clip_of(path: Path, owner: User | None = None) -> Reference:
    content = path.read_bytes()
    row = Reference(
        owner=owner,
        sha256=f"{len(content):064}",
        original_name=path.name,
        suffix=".flac",
        format_name="flac",
        duration_seconds=9.0,
        size_bytes=len(content),
    )
    row.file.save("", ContentFile(content), save=False)
    row.save()
    return row


def test_what_a_worker_has_in_hand_is_thrown_away(voice, make_generation, stored_files):
    generation = make_generation(voice=voice, references=[voice.references.get()], text=THREE_SEGMENTS)
    joined = finish(make_generation(voice=voice, references=[voice.references.get()]))
    Generation.objects.filter(pk=joined.pk).update(is_join_due=True)
    assert joins.claim(joined)
    take = claim_first(generation)
    assert revoking.revoke(voice, seconds=0.0).is_finished is False
    assert not accept(take) and not accept_join(joined)
    assert revoking.finish_all()
    assert not accept(take) and not accept_join(joined)
    assert stored_files() == []


def test_a_stream_ends_with_a_reason(voice, make_generation):
    generation = make_generation(voice=voice, references=[voice.references.get()], text=THREE_SEGMENTS)
    take = claim_first(generation)
    SoundChunk.objects.create(take=take, claim_token=take.claim_token or "", index=0, samples=b"\0\0" * 100)
    position = read_on(generation.pk, Position()).end
    revoking.revoke(voice, seconds=0.0)
    for read in (lambda: read_on(generation.pk, position), lambda: find_source(generation.pk)):
        with pytest.raises(GenerationError, match="deleted"):
            read()
    assert not SoundChunk.objects.exists()
    with LiveTake(take) as live:  # the worker speaks on until its next report
        revoking.finish_all()
        live.publish(np.ones(10, np.float32))
    assert not SoundChunk.objects.exists()


def test_once_is_enough_and_two_at_once_leave_one_tombstone(voice):
    same = Voice.objects.get(pk=voice.pk)
    assert at_once(lambda: revoking.revoke(voice), lambda: revoking.revoke(same)) == []
    assert AuditEntry.objects.filter(deed=Deed.VOICE_REVOKED).count() == 1
    assert revoking.revoke(voice) is None and not Voice.objects.exists()


def test_nothing_brings_it_back(voice, make_generation):
    generation = speak_all(make_generation(voice=voice, references=[voice.references.get()]))
    voices.delete_with_undo(voice)
    moment = discarding.discard([generation.pk], None)
    assert revoking.revoke(voice, seconds=0.0), "what was deleted a moment ago, too"
    assert voices.restore(voice.pk, None) is None
    assert not discarding.restore_one(generation.pk, None) and not discarding.restore(moment, None)
    assert not state.resume(generation)
    with pytest.raises(GenerationError, match="deleted in this moment"):
        takes.add_take(takes_of(generation)[0].segment, "Again.", 1)
    with pytest.raises(GenerationError, match="no such voice"):
        submit(Generation(voice=voice, text="Hello.", language="en", requested_via=Channel.API))


def test_while_the_storage_is_away_the_rows_go_and_the_sweep_finds_the_files(
    voice, make_generation, stored_files, monkeypatch
):
    finish(make_generation(voice=voice, references=[voice.references.get()]))

    def fail(_name: str) -> None:
        raise OSError("no route to the bucket")

    with monkeypatch.context() as away:
        away.setattr(default_storage._wrapped, "delete", fail)
        assert revoking.revoke(voice).is_finished
    assert not (Generation.objects.exists() or Reference.objects.exists() or Voice.objects.exists())
    assert len(stored_files()) == 3
    monkeypatch.setattr(sweeping, "MIN_AGE", timedelta(0))
    for finding in sweeping.find_all():
        finding.mend()
    assert stored_files() == []


def test_the_same_recording_of_its_owner_goes_with_it_and_another_owners_stays(
    ann, make_reference, stored_files
):
    bob = User.objects.create_user("bob")
    anns, bobs = (Voice.objects.create(owner=owner, name="Ann", is_shared=True) for owner in (ann, bob))
    clip = make_reference(MALE_CLIP, owner=ann)
    part = clip.make_part((0.0, 2.0))
    part.save()
    copy = Reference(owner=bob, **{name: getattr(clip, name) for name in COPIED}, file=clip.file.name)
    copy.save()
    trimmed = Voice.objects.create(owner=ann, name="Ann, trimmed")
    unlike = Voice.objects.create(owner=ann, name="Somebody else")
    unlike_clip = make_reference(FEMALE_CLIP, owner=ann)
    for each, reference in ((anns, clip), (trimmed, part), (bobs, copy), (unlike, unlike_clip)):
        each.references.add(reference)
    assert [each.name for each in revoking.foresee(anns).other_voices] == ["Ann, trimmed"]
    assert list(revoking.find_same_recordings(anns)) == [bobs]
    assert set(revoking.revoke(anns).voices) == {anns.pk, trimmed.pk}
    assert set(Voice.objects.all()) == {bobs, unlike}
    assert set(Reference.objects.all()) == {copy, unlike_clip}
    assert sorted(stored_files()) == sorted([clip.file.name, unlike_clip.file.name])


COPIED = ("sha256", "original_name", "suffix", "format_name", "duration_seconds", "size_bytes")


def test_what_others_spoke_with_it_goes_and_they_are_told(ann, make_reference, make_generation, settings):
    settings.WEBHOOKS = True
    bob = User.objects.create_user("bob")
    Webhook.objects.create(owner=bob, url="https://example.org/", events=[WebhookEvent.CANCELED])
    shared = Voice.objects.create(owner=ann, name="Ann", is_shared=True)
    shared.references.add(make_reference(owner=ann))
    batch = Batch.objects.create(owner=bob, total=1)
    theirs = make_generation([shared.references.get()], voice=shared, owner=bob, batch=batch)
    own = make_generation(owner=bob)
    goes = revoking.foresee(shared)
    assert (goes.generations, goes.generations_of_others) == (0, 1)
    revoking.revoke(shared)
    assert list(Generation.objects.all()) == [own]
    told = Delivery.objects.get().payload
    assert str(theirs.pk) in told and '"code": "voice_gone"' in told
    batch.refresh_from_db()
    assert batch.completed_at


def test_a_book_that_it_read_is_a_draft_again(voice, make_generation, stored_files):
    book = Book.objects.create(title="The Long Way", status=BookStatus.RUNNING)
    chapters = [book.chapters.create(index=index, number=index + 1, text="It began.") for index in range(2)]
    finish(make_generation(voice=voice, references=[voice.references.get()], chapter=chapters[0]))
    book.audio.save("", ContentFile(b"bound"))
    assert revoking.foresee(voice).books == 1
    revoking.revoke(voice)
    books.advance_all()
    book.refresh_from_db()
    assert (book.status, book.audio.name, book.chapters.count()) == (BookStatus.DRAFT, "", 2)
    assert not Generation.objects.exists() and stored_files() == []


def test_a_consent_takes_all_its_voices_along_and_a_voice_its_consent_if_it_was_the_last(
    voice, consent, make_reference, stored_files
):
    other = Voice.objects.create(name="Other", consent=consent)
    other.references.set([make_reference(FEMALE_CLIP)])
    voice.refresh_from_db()
    assert revoking.revoke(voice).consents == 0, "another voice stands on it"
    assert revoking.revoke_consent(consent).voices == [other.pk]
    assert revoking.revoke_consent(consent) is None
    assert not VoiceConsent.objects.exists() and stored_files() == []
    assert AuditEntry.objects.get(deed=Deed.CONSENT_REVOKED).about == f"consent {consent.pk}"


def test_a_consent_on_which_nothing_stands_is_revoked(voice, consent):
    Voice.objects.update(consent=None)
    assert revoking.revoke_consent(consent).voices == []
    assert Voice.objects.exists() and not VoiceConsent.objects.exists()


def test_names_of_other_voices_stay_in_the_audit(voice):
    for deed, about in ((Deed.CLIP_ADDED, "clip 1"), (Deed.VOICE_CHANGED, f"name, before: {NAME}")):
        record(deed, voice, about=about)
    record(Deed.DELETED, Voice(name="Another"))
    revoking.revoke(voice)
    entries = AuditEntry.objects.order_by("pk").values_list("deed", "voice_name", "about")
    assert list(entries)[:3] == [
        ("clip_added", "", "clip 1"),
        ("voice_changed", "", ""),
        ("deleted", "Another", ""),
    ]


def test_who_submits_in_the_same_moment_is_first_or_refused(voice):
    refused = []

    def ask() -> None:
        try:
            submit(Generation(voice=voice, text="Hello.", language="en", requested_via=Channel.API))
        except GenerationError as error:
            refused.append(error)

    assert at_once(ask, ask, lambda: revoking.revoke(Voice.objects.get(pk=voice.pk))) == []
    assert not (Generation.objects.exists() or Take.objects.exists() or Reference.objects.exists())


def test_who_adds_after_it_was_looked_for_is_found_at_the_second_look(voice, make_generation, monkeypatch):
    """As PostgreSQL allows."""
    lock, added = revoking.lock, list[Generation]()

    def add_and_lock(standing: revoking.Standing) -> None:
        if not added:
            added.append(make_generation(voice=voice, references=[voice.references.get()]))
        lock(standing)

    monkeypatch.setattr(revoking, "lock", add_and_lock)
    assert revoking.revoke(voice).voices == [voice.pk]
    assert added and not Generation.objects.exists()


def test_all_of_it_is_tried_a_few_times_at_most(voice, make_generation, monkeypatch):
    monkeypatch.setattr(
        revoking, "lock", lambda _standing: make_generation(voice=voice, references=[voice.references.get()])
    )
    with pytest.raises(GenerationError, match="try again"):
        revoking.revoke(voice)
    assert Voice.objects.kept().exists() and not AuditEntry.objects.filter(deed=Deed.VOICE_REVOKED).exists()


def test_what_is_left_the_next_step_of_a_worker_deletes(voice, make_generation, stored_files):
    for _ in range(3):
        finish(make_generation(voice=voice, references=[voice.references.get()]))
    assert not revoking.revoke(voice, seconds=0.0).is_finished
    assert Generation.objects.count() == 3 and not Generation.objects.kept().exists()
    assert not Reference.objects.exists()
    delete_generation(Generation.objects.first().pk)  # the sweep may be first
    advance()
    assert stored_files() == [] and not (Generation.objects.exists() or Voice.objects.exists())
