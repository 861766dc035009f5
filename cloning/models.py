"""Reference, Voice, Generation and Worker, with every change of a generation's state.

The Generation row is the job. Each change of state is one guarded UPDATE (`WHERE status = …` or
`WHERE claim_token = mine`): when two processes want the same row, one sees a row count of 1 and the other 0, on SQLite
and PostgreSQL alike, without locks held across statements.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

MAX_ATTEMPTS = 3


def reference_file(reference: "Reference", _filename: str) -> str:
    return f"incoming/{reference.sha256}{reference.suffix}"


def normalized_file(reference: "Reference", _filename: str) -> str:
    return f"normalized/{reference.sha256}.wav"


def generated_file(generation: "Generation", _filename: str) -> str:
    return f"generated/{generation.pk}-{generation.claim_token}.{generation.audio_format}"


class Reference(models.Model):
    """An uploaded clip, known by the SHA-256 of its bytes: the same clip twice is one row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, unique=True, editable=False)
    original_name = models.CharField(
        max_length=255, blank=True, help_text="What the uploader called it; never used as a path."
    )
    file = models.FileField(upload_to=reference_file, editable=False)
    normalized = models.FileField(upload_to=normalized_file, blank=True, editable=False)
    suffix = models.CharField(max_length=8, blank=True, editable=False)
    format_name = models.CharField("container", max_length=64, editable=False)
    duration_seconds = models.FloatField(editable=False)
    size_bytes = models.PositiveBigIntegerField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.original_name or self.sha256[:12]} ({self.duration_seconds:.1f} s)"

    def keep_normalized(self, file: File) -> None:
        """Stores the normalised clip; this file is dropped when another worker was first or the reference is gone."""
        name = default_storage.save(normalized_file(self, ""), file)
        known = self.normalized.name or ""
        if not Reference.objects.filter(pk=self.pk, normalized=known).update(normalized=name):
            default_storage.delete(name)

    def is_used(self) -> bool:
        return self.generations.exists() or self.voices.exists()


class Voice(models.Model):
    """A named set of references. Several clips of one speaker make a steadier voice than one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    references = models.ManyToManyField(Reference, related_name="voices")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "created_at"]

    def __str__(self) -> str:
        return self.name


def conditioning_folder(references: Iterable[Reference]) -> str:
    """Where the conditioning of a set of references is stored, whatever their order: a file per engine."""
    return (
        "conditioning/" + hashlib.sha256("".join(sorted(r.sha256 for r in references)).encode()).hexdigest()
    )


class Status(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Stage(models.TextChoices):
    """What a running generation is doing, for the person who waits."""

    PREPARING = "preparing", "Preparing the reference"
    LOADING = "loading", "Loading the engine"
    CONDITIONING = "conditioning", "Learning the voice"
    SPEAKING = "speaking", "Speaking"
    ENCODING = "encoding", "Finishing the file"


@dataclass(frozen=True)
class Progress:
    """Of a running generation. `spoken_share`, 0 to 1, moves within segments too, by the engine's estimate."""

    stage: Stage
    segments_done: int = 0
    segments_total: int = 0
    spoken_share: float = 0.0


class Channel(models.TextChoices):
    PAGE = "page", "Web page"
    API = "api", "JSON API"
    COMMAND = "command", "Command line"


class AudioFormat(models.TextChoices):
    WAV = "wav", "WAV"
    MP3 = "mp3", "MP3"
    OPUS = "opus", "Opus"
    FLAC = "flac", "FLAC"


def random_seed() -> int:
    return secrets.randbelow(2**32)


class GenerationQuerySet(models.QuerySet["Generation"]):
    def active(self) -> "GenerationQuerySet":
        return self.filter(status__in=[Status.QUEUED, Status.RUNNING])

    def claimable(self) -> "GenerationQuerySet":
        """Queued, or running under a lease that ran out (its worker died), with attempts left."""
        abandoned = Q(status=Status.RUNNING, lease_expires_at__lt=timezone.now())
        return self.filter(Q(status=Status.QUEUED) | abandoned, attempts__lt=MAX_ATTEMPTS)

    def claim_next(self) -> "Generation | None":
        """The oldest claimable generation, claimed by the caller; None when there is nothing to do."""
        while (candidate := self.claimable().order_by("created_at").first()) is not None:
            if candidate.claim():
                return candidate
        return None

    def sweep(self) -> int:
        """Fails the generations whose worker died on the last attempt; returns how many."""
        return self.filter(
            status=Status.RUNNING, lease_expires_at__lt=timezone.now(), attempts__gte=MAX_ATTEMPTS
        ).update(
            status=Status.FAILED,
            claim_token=None,
            finished_at=timezone.now(),
            error_code="worker_lost",
            error_message=f"The worker stopped in the middle of this generation {MAX_ATTEMPTS} times. "
            "The machine may be short of memory; a shorter text may work.",
        )


class Generation(models.Model):
    """A text to be spoken in the voice of its references: the job and, once succeeded, its result."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    requested_via = models.CharField(max_length=8, choices=Channel)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )

    text = models.TextField()
    language = models.CharField(max_length=5)
    speed = models.FloatField(default=1.0)
    temperature = models.FloatField(default=0.75)
    seed = models.BigIntegerField(default=random_seed)
    audio_format = models.CharField("format", max_length=4, choices=AudioFormat, default=AudioFormat.WAV)
    voice = models.ForeignKey(
        Voice, null=True, blank=True, on_delete=models.SET_NULL, related_name="generations"
    )
    references = models.ManyToManyField(Reference, related_name="generations")

    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    stage = models.CharField(max_length=12, choices=Stage, blank=True)
    segments_done = models.PositiveIntegerField(default=0)
    segments_total = models.PositiveIntegerField(default=0)
    spoken_share = models.FloatField(default=0.0, help_text="0 to 1, by the engine's estimate.")
    attempts = models.PositiveSmallIntegerField(default=0)
    claim_token = models.UUIDField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    engine = models.CharField(max_length=16, blank=True, help_text="What speaks or spoke; set by the worker.")
    precision = models.CharField(
        max_length=16, blank=True, help_text="What the engine computed in, where it has a choice."
    )
    audio = models.FileField(upload_to=generated_file, blank=True, editable=False)
    sample_rate_hz = models.PositiveIntegerField(null=True, blank=True)
    duration_seconds = models.FloatField(null=True, blank=True)
    peaks = models.JSONField(default=list, blank=True, help_text="Waveform outline, 0 to 1.")
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "created_at"])]

    def __str__(self) -> str:
        return f"{self.text[:60]}{'…' if len(self.text) > 60 else ''}"

    def get_absolute_url(self) -> str:
        return reverse("generation", args=[self.pk])

    @property
    def is_active(self) -> bool:
        return self.status in (Status.QUEUED, Status.RUNNING)

    @property
    def state(self) -> str:
        """Changes whenever there is something new to show of an active generation."""
        return f"{self.status}-{self.stage}-{self.segments_done}-{self.progress:.2f}-{self.attempts}"

    @property
    def progress(self) -> float:
        """0 to 1: how much of the text is spoken."""
        return 1.0 if self.status == Status.SUCCEEDED else self.spoken_share

    @property
    def waited_seconds(self) -> float | None:
        return (self.started_at - self.created_at).total_seconds() if self.started_at else None

    @property
    def worked_seconds(self) -> float | None:
        return (
            (self.finished_at - self.started_at).total_seconds()
            if self.finished_at and self.started_at
            else None
        )

    @property
    def is_users_fault(self) -> bool:
        """Whether another reference or text would help, rather than another try."""
        return self.error_code.startswith(("reference_", "text_"))

    # Changes of state. Each returns whether it took place.

    def claim(self) -> bool:
        """Takes the row for this process: a new token and lease, one more attempt."""
        previous_token, token, now = self.claim_token, uuid.uuid4(), timezone.now()
        claimed = (
            Generation.objects.claimable()
            .filter(pk=self.pk)
            .update(
                status=Status.RUNNING,
                stage=Stage.PREPARING,
                segments_done=0,
                segments_total=0,
                spoken_share=0.0,
                claim_token=token,
                lease_expires_at=now + timedelta(seconds=settings.LEASE_SECONDS),
                attempts=F("attempts") + 1,
                started_at=now,
            )
        )
        if claimed:
            self.refresh_from_db()
            if previous_token:  # its worker may have died between storing the file and having it accepted
                default_storage.delete(f"generated/{self.pk}-{previous_token}.{self.audio_format}")
        return bool(claimed)

    def _update_claimed(self, **fields: object) -> bool:
        if not Generation.objects.filter(
            pk=self.pk, claim_token=self.claim_token, status=Status.RUNNING
        ).update(**fields):
            return False
        for name, value in fields.items():
            setattr(self, name, value)
        return True

    def renew_lease(self) -> bool:
        return self._update_claimed(
            lease_expires_at=timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
        )

    def report(self, progress: Progress) -> bool:
        return self._update_claimed(**asdict(progress))

    def record_engine(self, name: str, precision: str = "") -> bool:
        return self._update_claimed(engine=name, precision=precision)

    def succeed(
        self, audio: File, *, sample_rate_hz: int, duration_seconds: float, peaks: list[float]
    ) -> bool:
        """Stores the audio under a name of this claim's own; a claim lost meanwhile deletes its file again."""
        name = default_storage.save(generated_file(self, ""), audio)
        accepted = self._update_claimed(
            status=Status.SUCCEEDED,
            stage="",
            audio=name,
            sample_rate_hz=sample_rate_hz,
            duration_seconds=duration_seconds,
            peaks=peaks,
            finished_at=timezone.now(),
            error_code="",
            error_message="",
        )
        if not accepted:
            default_storage.delete(name)
        return accepted

    def fail(self, code: str, message: str) -> bool:
        return self._update_claimed(
            status=Status.FAILED, stage="", error_code=code, error_message=message, finished_at=timezone.now()
        )

    def release(self) -> bool:
        """Gives a claim back unharmed, as a worker that is asked to stop does."""
        return self._update_claimed(
            status=Status.QUEUED,
            stage="",
            claim_token=None,
            lease_expires_at=None,
            attempts=self.attempts - 1,
        )

    def cancel(self) -> bool:
        """Ends what waits or runs; the worker notices at its next report and drops its work."""
        cancelled = (
            Generation.objects.active()
            .filter(pk=self.pk)
            .update(status=Status.CANCELLED, stage="", claim_token=None, finished_at=timezone.now())
        )
        self.refresh_from_db()
        return bool(cancelled)

    def retry(self) -> bool:
        """Queues a failed or cancelled generation afresh."""
        queued = Generation.objects.filter(pk=self.pk, status__in=[Status.FAILED, Status.CANCELLED]).update(
            status=Status.QUEUED,
            stage="",
            attempts=0,
            segments_done=0,
            segments_total=0,
            spoken_share=0.0,
            claim_token=None,
            started_at=None,
            finished_at=None,
            error_code="",
            error_message="",
        )
        self.refresh_from_db()
        return bool(queued)

    def save_voice(self, name: str) -> Voice:
        with transaction.atomic():
            voice = Voice.objects.create(name=name)
            voice.references.set(self.references.all())
        return voice


class Worker(models.Model):
    """A worker process that shows it is alive. What it has loaded is what the next generation is spoken by."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField("process id")
    engine = models.CharField(max_length=16, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"

    def beat(self) -> None:
        """Says "alive"; a row that an operator deleted comes back."""
        self.seen_at = timezone.now()
        self.save()

    @classmethod
    def alive(cls) -> models.QuerySet["Worker"]:
        return cls.objects.filter(seen_at__gte=timezone.now() - timedelta(seconds=settings.LEASE_SECONDS))


def forget_unused(references: Sequence[Reference]) -> None:
    """Deletes the references that no generation and no voice uses any more, and what was derived from the set."""
    unused = [reference for reference in references if not reference.is_used()]
    if unused:
        delete_stored_folder_on_commit(conditioning_folder(references))
    for reference in unused:
        reference.delete()


def delete_stored_on_commit(name: str) -> None:
    transaction.on_commit(lambda: default_storage.delete(name))


def delete_stored_folder_on_commit(folder: str) -> None:
    def delete() -> None:
        try:
            _, files = default_storage.listdir(folder)
        except FileNotFoundError:  # never conditioned
            return
        for file in files:
            default_storage.delete(f"{folder}/{file}")
        default_storage.delete(folder)

    transaction.on_commit(delete)


@receiver(pre_delete, sender=Generation)
@receiver(pre_delete, sender=Voice)
def remember_references(instance: Generation | Voice, **_: object) -> None:
    # Read before the rows that tie them together are gone.
    instance.deleted_references = list(instance.references.all())  # type: ignore[union-attr]


@receiver(post_delete, sender=Generation)
def delete_generated_file(instance: Generation, **_: object) -> None:
    if instance.audio.name:
        delete_stored_on_commit(instance.audio.name)


@receiver(post_delete, sender=Generation)
@receiver(post_delete, sender=Voice)
def delete_unused_references(instance: Generation | Voice, **_: object) -> None:
    forget_unused(instance.deleted_references)  # type: ignore[union-attr]


@receiver(post_delete, sender=Reference)
def delete_reference_files(instance: Reference, **_: object) -> None:
    for file in (instance.file, instance.normalized):
        if file.name:
            delete_stored_on_commit(file.name)
