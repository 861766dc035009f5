"""A named set of references."""

import unicodedata
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self, cast

from django.db import models, transaction
from django.db.models.functions import Coalesce, Greatest, NullIf
from django.utils import timezone

from cloning.models.consent import Agreement, VoiceConsent
from cloning.models.ownership import OWNER, OwnedQuerySet, owner_field
from cloning.models.reference import Reference, ReferencingQuerySet

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
REVOKED_AT = NEVER
"""`deleted_at` of what was revoked: too long ago for anything that brings back."""
MAX_NAME_CHARS = 80
MAX_NOTES_CHARS = 2000
MAX_SPEAKER_NAME_CHARS = 120
MAX_AGREEMENT_NOTE_CHARS = 500


def fold_name(name: str) -> str:
    """The same for names that differ in case only. SQLite's own LOWER knows no letters but ASCII."""
    return unicodedata.normalize("NFC", name).casefold()


def generations() -> models.QuerySet[Any]:
    """Whose module knows this one."""
    model: Any = Voice._meta.get_field("sample").related_model
    return cast("models.QuerySet[Any]", model.objects.all())


def roles_of_voices() -> models.QuerySet[Any]:
    """Of dialogues, whose module knows this one."""
    model: Any = Voice._meta.get_field("roles").related_model
    return cast("models.QuerySet[Any]", model.objects.all())


class VoiceQuerySet(ReferencingQuerySet["Voice"], OwnedQuerySet["Voice"]):  # type: ignore[override]  # as_manager
    def visible_to(self, user: "AnyUser | None") -> Self:
        """With what others share."""
        return self.where_allowed(user, models.Q(owner=user and user.pk) | models.Q(is_shared=True))

    def kept(self) -> "VoiceQuerySet":
        """Without those that were deleted and can still be brought back."""
        return self.filter(deleted_at=None)

    def speakable(self) -> "VoiceQuerySet":
        """Without those whose references were taken away, as the admin allows: there is nothing to speak with."""
        links = Voice.references.through.objects.filter(voice=models.OuterRef("pk"))
        return self.kept().filter(models.Exists(links))

    def named_like(self, query: str) -> "VoiceQuerySet":
        return self.filter(name_key__contains=fold_name(query[:MAX_NAME_CHARS])) if query else self

    def in_language(self, language: str) -> "VoiceQuerySet":
        return self.filter(language=language) if language else self

    def with_last_use(self, user: "AnyUser | None") -> "VoiceQuerySet":
        """What it spoke for the user, in dialogues too: its own sample is no use of it."""
        generations: Any = Voice._meta.get_field("sample").related_model  # whose module knows this one
        owned = generations.objects.listed().owned_by(user)
        spoken = owned.filter(voice=models.OuterRef("pk"))
        alone = spoken.order_by("-created_at").values("created_at")[:1]
        roles = roles_of_voices().filter(voice=models.OuterRef("pk"), generation__in=owned)
        with_others = roles.order_by("-generation__created_at").values("generation__created_at")[:1]
        never = models.Value(NEVER, models.DateTimeField())
        last = Greatest(*(Coalesce(models.Subquery(each), never) for each in (alone, with_others)))
        return self.annotate(last_used_at=NullIf(last, never))

    def with_clips(self) -> "VoiceQuerySet":
        """Spares a list the queries for the clips and the sample of each."""
        return self.select_related("sample").prefetch_related("references")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Their samples first: who deletes a generation has it locked before its references."""
        with transaction.atomic():
            voices = Voice.objects.filter(pk__in=self.values("pk")).order_by("pk")
            ids = [voice.pk for voice in voices.select_for_update(of=("self",)).only("pk")]
            generations().filter(sample_of__in=ids).delete()
            return super().delete()


class Voice(models.Model):
    """A named set of references. Several clips of one speaker make a steadier voice than one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = owner_field()
    is_shared = models.BooleanField(
        "shared", default=False, help_text="Whether everybody with an account may speak with it."
    )
    name = models.CharField(max_length=MAX_NAME_CHARS)
    name_key = models.TextField(editable=False)  # `fold_name` of the name
    language = models.CharField(
        max_length=5, blank=True, help_text="What it speaks where nothing else is chosen."
    )
    notes = models.TextField(blank=True, max_length=MAX_NOTES_CHARS)
    references = models.ManyToManyField(Reference, related_name="voices")
    agreement = models.CharField(
        "consent",
        max_length=16,
        choices=Agreement,
        default=Agreement.NOT_STATED,
        blank=True,
        help_text="How whoever is heard agreed, as its owner states it.",
    )
    speaker_name = models.CharField("speaker", max_length=MAX_SPEAKER_NAME_CHARS, blank=True)
    agreement_note = models.TextField("note on the consent", max_length=MAX_AGREEMENT_NOTE_CHARS, blank=True)
    speaker_similarity = models.FloatField(
        null=True,
        blank=True,
        editable=False,
        help_text="Of the recorded statement and the clip least like it, 1 at most; empty: not compared.",
    )
    consent = models.ForeignKey(
        VoiceConsent,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="voices",
        help_text="What it stands on, where it was made with one.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        db_index=True,
        help_text="Hidden since, and gone for good soon after.",
    )

    objects = VoiceQuerySet.as_manager()

    class Meta:
        ordering = ["name_key", "created_at"]
        constraints = [
            models.UniqueConstraint(
                "name_key", OWNER, condition=models.Q(deleted_at=None), name="one_voice_a_name_and_owner"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = fold_name(self.name)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Locked before Django looks for the generations that name it: none is added between that and the end."""
        return Voice.objects.filter(pk=self.pk).delete()
