"""What somebody has said for a voice to be made of theirs."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cloning.models.ownership import OwnedQuerySet, owner_field

MAX_TAG_CHARS = 35
"""As RFC 5646 advises."""
MAX_CONSENT_NAME_CHARS = 80


class Agreement(models.TextChoices):
    """How whoever is heard in a voice agreed to it."""

    NOT_STATED = "", _("Not stated")
    OWN = "own", _("It is my own voice")
    RECORDED = "recorded", _("They say so in a recording")
    WRITTEN = "written", _("They gave a written permission")
    PUBLIC_DOMAIN = "public_domain", _("It is in the public domain")


STATED = tuple(each for each in Agreement if each)
STATED_FOR_ONCE = tuple(each for each in STATED if each != Agreement.RECORDED)
"""Of clips that are sent with a text, which no statement comes with."""


def consent_file(consent: "VoiceConsent", _filename: str) -> str:
    return f"consents/{consent.pk}{consent.suffix}"


class VoiceConsent(models.Model):
    """A recorded statement, kept for the voices that stand on it. In whose voice it is said, is compared with the clips
    of each; what it says, with the sentence, where there is a recogniser.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = owner_field()
    name = models.CharField(max_length=MAX_CONSENT_NAME_CHARS)
    language = models.CharField(
        max_length=MAX_TAG_CHARS, help_text="Of the statement, as BCP 47 has it: en-US."
    )
    recording = models.FileField(upload_to=consent_file, editable=False)
    suffix = models.CharField(max_length=8, blank=True, editable=False)
    format_name = models.CharField("container", max_length=64, editable=False)
    duration_seconds = models.FloatField(editable=False)
    size_bytes = models.PositiveBigIntegerField(editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    words_understood = models.FloatField(
        null=True,
        blank=True,
        editable=False,
        help_text="How much of the sentence a recogniser has heard, 0 to 1; empty: not checked.",
    )
    is_listened_to = models.BooleanField(
        default=False, editable=False, help_text="Whether a recogniser has tried."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OwnedQuerySet["VoiceConsent"].as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
