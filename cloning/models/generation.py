"""The job and, once it has succeeded, its result. `jobs/state.py` has every change of its state."""

import secrets
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cloning.errors import ErrorCode
from cloning.formats import AUDIO_FORMAT_CHOICES, AudioFormat
from cloning.models.batch import Batch
from cloning.models.book import Chapter
from cloning.models.consent import Agreement
from cloning.models.lease import Leased
from cloning.models.ownership import OwnedQuerySet
from cloning.models.reference import Reference, ReferencingQuerySet
from cloning.models.voice import Voice

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

MAX_ATTEMPTS = 3
MANY = 1000
"""More than these of a voice are looked for among the newest, fewer by their keys."""


def generated_file(generation: "Generation", _filename: str) -> str:
    return f"generated/{generation.pk}-{generation.claim_token}.{generation.audio_format}"


class Status(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Stage(models.TextChoices):
    """What a running generation is doing, for the person who waits."""

    PREPARING = "preparing", _("Preparing the reference")
    LOADING = "loading", _("Loading the engine")
    CONDITIONING = "conditioning", _("Learning the voice")
    SPEAKING = "speaking", _("Speaking")
    JOINING = "joining", _("Finishing the file")


class NoticePlace(models.TextChoices):
    """Where listeners are told that a computer speaks."""

    BEFORE = "before", _("Before")
    AFTER = "after", _("After")


class Channel(models.TextChoices):
    PAGE = "page", "Web page"
    API = "api", "JSON API"
    COMMAND = "command", "Command line"
    BATCH = "batch", "Batch"


def random_seed() -> int:
    return secrets.randbelow(2**32)


class GenerationQuerySet(ReferencingQuerySet["Generation"], OwnedQuerySet["Generation"]):  # type: ignore[override]  # as_manager
    def visible_to(self, user: "AnyUser | None") -> Self:
        """With the samples of voices that others share."""
        is_sample = models.Q(sample_of__is_shared=True, sample_of__deleted_at=None)
        return self.where_allowed(user, models.Q(owner=user and user.pk) | is_sample)

    def kept(self) -> "GenerationQuerySet":
        """Those that nobody has deleted: all that people and programs may see."""
        return self.filter(deleted_at=None)

    def listed(self) -> "GenerationQuerySet":
        """What somebody asked for, of these. The sample of a voice stands with the voice, a chapter with its book."""
        return self.kept().filter(sample_of=None, chapter=None)

    def spoken_by(self, *, voice: uuid.UUID | str = "", stock_voice: str = "") -> "GenerationQuerySet":
        """Those in this voice, and dialogues in which somebody has it.

        Where it has many, those are soon met among the newest; few are found by their keys. A database that is left to
        choose reads all there are for the few: beside an OR it asks no index.
        """
        mine = {"stock_voice": stock_voice} if stock_voice else {"voice": voice}
        speakers: Any = self.model._meta.get_field("cast").related_model
        alone = self.model._default_manager.filter(**mine).order_by().values("pk")
        dialogues = speakers._default_manager.filter(**mine).order_by().values("generation")
        if not dialogues.exists():
            return self.filter(**mine)
        if any(keys[MANY : MANY + 1].exists() for keys in (alone, dialogues)):
            return self.filter(models.Q(**mine) | models.Q(pk__in=dialogues))
        return self.filter(pk__in=alone.union(dialogues, all=True))

    def active(self) -> "GenerationQuerySet":
        return self.filter(status__in=[Status.QUEUED, Status.RUNNING])

    def saying(self, words: Iterable[str]) -> "GenerationQuerySet":
        """Those whose text has all of the words, in capitals or not.

        SQLite knows capitals of ASCII alone, so of other words the usual spellings are asked for.
        """
        found = self
        for word in words:
            spellings = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
            has_word = models.Q()
            for spelling in sorted(spellings):
                has_word |= models.Q(text__icontains=spelling)
            found = found.filter(has_word)
        return found

    def with_begun_share(self) -> "GenerationQuerySet":
        """Spares a list a query for the progress of each."""
        begun = self.model._default_manager.filter(
            pk=models.OuterRef("pk"), segments__takes__status=Status.RUNNING, segments__chosen_take=None
        ).order_by()
        share = begun.values("pk").annotate(share=models.Sum("segments__takes__spoken_share")).values("share")
        return self.annotate(begun_share=models.Subquery(share))


class Generation(Leased):
    """A text to be spoken in the voice of its references and, once its segments are spoken, the joined file.

    What is spoken are the takes of its segments. It is in hand of a worker only while that joins them.
    """

    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    requested_via = models.CharField(max_length=8, choices=Channel)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        help_text="Who asked for it, where somebody was signed in.",
    )

    text = models.TextField()
    language = models.CharField(max_length=5)
    speed = models.FloatField(default=1.0)
    temperature = models.FloatField(default=0.75)
    seed = models.BigIntegerField(default=random_seed)
    audio_format = models.CharField(
        "format", max_length=4, choices=AUDIO_FORMAT_CHOICES, default=AudioFormat.WAV.value
    )
    voice = models.ForeignKey(
        Voice, null=True, blank=True, on_delete=models.SET_NULL, related_name="generations"
    )
    stock_voice = models.CharField(
        max_length=64,
        blank=True,
        help_text="The key of a voice of the engine's own; there are no references then.",
    )
    is_dialogue = models.BooleanField(
        "dialogue", default=False, help_text="Each sentence has a speaker with a voice then, and this none."
    )
    sample_of = models.OneToOneField(
        Voice,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="sample",
        help_text="The voice that has this to be heard by; none has what somebody asked for.",
    )
    chapter = models.OneToOneField(
        Chapter,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.CASCADE,
        related_name="generation",
        help_text="Of the book that this is read out of.",
    )
    references = models.ManyToManyField(Reference, related_name="generations")

    agreement = models.CharField(
        "consent",
        max_length=16,
        choices=Agreement,
        default=Agreement.NOT_STATED,
        blank=True,
        editable=False,
        help_text="How whoever is heard agreed: as was stated of the clips, or of the voice then.",
    )

    batch = models.ForeignKey(
        Batch, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="generations"
    )
    batch_row = models.PositiveIntegerField(default=0, editable=False, help_text="1 is the first.")
    batch_name = models.CharField(
        max_length=80, blank=True, editable=False, help_text="What whoever handed it in calls it."
    )
    is_held = models.BooleanField(
        default=False, editable=False, help_text="Waits outside of the queue, and is not split yet."
    )
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    stage = models.CharField(max_length=12, choices=Stage, blank=True)
    segments_done = models.PositiveIntegerField(default=0)
    segments_total = models.PositiveIntegerField(default=0)
    unspoken_chars = models.PositiveIntegerField(default=0, help_text="Of the segments without a take.")
    is_streamed = models.BooleanField(
        default=False, help_text="Whether somebody wants to listen while it is spoken."
    )
    is_join_due = models.BooleanField(
        default=False, help_text="Whether the joined file is not what was chosen last."
    )
    awaited_until = models.DateTimeField(
        null=True, blank=True, help_text="Somebody listens or waits; renewed while it is so."
    )
    served_at = models.DateTimeField(
        null=True, blank=True, db_index=True, help_text="When a worker last began a take of it."
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    engine = models.CharField(max_length=16, blank=True, help_text="What speaks or spoke; set by the worker.")
    precision = models.CharField(
        max_length=16, blank=True, help_text="What the engine computed in, where it has a choice."
    )
    audio = models.FileField(upload_to=generated_file, blank=True, editable=False)
    audio_sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    sample_rate_hz = models.PositiveIntegerField(null=True, blank=True)
    duration_seconds = models.FloatField(null=True, blank=True)
    peaks = models.JSONField(default=list, blank=True, help_text="Waveform outline, 0 to 1.")
    layout = models.JSONField(
        null=True, editable=False, help_text="Where takes lie in the joined file: `audio.Layout`."
    )
    is_watermarked = models.BooleanField(
        null=True,
        editable=False,
        help_text="Whether all that is joined has the mark; empty until it is joined.",
    )
    is_signed = models.BooleanField(
        null=True,
        editable=False,
        help_text="Whether the joined file has a manifest; empty until it is joined.",
    )
    scores = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="Of what is joined: `scoring.GenerationScores`.",
    )
    notice = models.CharField(
        "spoken notice", max_length=6, blank=True, choices=NoticePlace, help_text="That a computer speaks."
    )
    is_embeddable = models.BooleanField(
        "embeddable", default=False, help_text="Whether everybody may hear it, in pages of others, too."
    )
    is_starred = models.BooleanField("starred", default=False)
    deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Hidden since then; deleted for good a few minutes later, unless that is undone.",
    )
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["status", "created_at"]),
            models.Index(fields=["owner", "-created_at"], name="generations_of_an_owner"),
            models.Index(fields=["voice", "-created_at"], name="generations_of_a_voice"),
            models.Index(fields=["stock_voice", "-created_at"], name="generations_of_a_stock_voice"),
            models.Index(fields=["language", "-created_at"], name="generations_in_a_language"),
            models.Index(
                fields=["-created_at"], condition=models.Q(is_starred=True), name="starred_generations"
            ),
            models.Index(
                fields=["claim_token"],
                condition=models.Q(claim_token__isnull=False),
                name="generations_in_hand",
            ),
            models.Index(fields=["created_at"], condition=models.Q(is_join_due=True), name="joins_in_order"),
            models.Index(
                fields=["owner", "created_at"], condition=models.Q(is_held=True), name="held_generations"
            ),
            models.Index(fields=["batch", "batch_row"], name="rows_of_a_batch"),
            models.Index(fields=["audio_sha256"], name="generations_by_content"),
            models.Index(
                fields=["deleted_at"], condition=models.Q(deleted_at__isnull=False), name="hidden_generations"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.text[:60]}{'…' if len(self.text) > 60 else ''}"

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Locked before Django looks for its takes: none is stored between that and the end."""
        return Generation.objects.filter(pk=self.pk).delete()

    def get_absolute_url(self) -> str:
        return reverse("generation", args=[self.pk])

    @property
    def is_active(self) -> bool:
        return self.status in (Status.QUEUED, Status.RUNNING)

    @property
    def has_file(self) -> bool:
        """Whether there is a joined file, of all of it or of what was spoken before it was stopped."""
        return bool(self.audio) and self.error_code != ErrorCode.STORAGE_FAILED

    @property
    def has_own_clips(self) -> bool:
        """Whether its clips are its owner's, and of one voice: they can be saved as one."""
        if self.stock_voice or self.is_dialogue:
            return False
        return self.voice is None or self.voice.owner_id == self.owner_id

    @property
    def is_file_stale(self) -> bool:
        """Whether takes were chosen since that are not in the joined file yet."""
        return self.has_file and (self.is_join_due or self.claim_token is not None)

    @property
    def is_file_due(self) -> bool:
        """Whether what was spoken of a stopped one is still to be joined."""
        is_stopped = self.status in (Status.CANCELLED, Status.FAILED)
        return is_stopped and (self.is_join_due or self.claim_token is not None)

    @property
    def can_resume(self) -> bool:
        """Whether going on may bring more than before."""
        if self.status == Status.FAILED:
            return self.segments_done > 0 or not self.is_users_fault
        return self.status == Status.CANCELLED

    @property
    def is_awaited(self) -> bool:
        return self.awaited_until is not None and self.awaited_until > timezone.now()

    @property
    def state(self) -> str:
        """Changes whenever there is something new to show of a generation that is active, or is still joined."""
        return f"{self.status}-{self.stage}-{self.segments_done}-{self.progress:.2f}"

    @property
    def progress(self) -> float:
        """0 to 1: how much of the text is spoken. A query, while it runs, unless `with_begun_share` came first."""
        if self.status == Status.SUCCEEDED:
            return 1.0
        if not self.segments_total:
            return 0.0
        begun_share = self.read_begun_share() if self.status == Status.RUNNING else 0.0
        return min(1.0, (self.segments_done + begun_share) / self.segments_total)

    def read_begun_share(self) -> float:
        """Of the segments in hand that have no take yet, in segments."""
        if hasattr(self, "begun_share"):
            return self.begun_share or 0.0
        running = self.segments.filter(takes__status=Status.RUNNING, chosen_take=None)
        return running.aggregate(share=models.Sum("takes__spoken_share"))["share"] or 0.0

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
        return bool(self.error_code) and ErrorCode(self.error_code).is_users_fault
