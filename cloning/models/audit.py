"""Who did what to which voice. An entry names things as they were, and stays when they are gone."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from cloning.models.api_key import PREFIX_CHARS
from cloning.models.voice import MAX_NAME_CHARS

MAX_ABOUT_CHARS = 200


class Deed(models.TextChoices):
    VOICE_CREATED = "voice_created", "Voice created"
    VOICE_CHANGED = "voice_changed", "Voice changed"
    CLIP_ADDED = "clip_added", "Clip added"
    CLIP_REMOVED = "clip_removed", "Clip removed"
    CLIP_TRIMMED = "clip_trimmed", "Clip trimmed"
    SPOKEN_WITH = "spoken_with", "Spoken with"
    SHARED = "shared", "Shared with all users"
    UNSHARED = "unshared", "No longer shared"
    EXPORTED = "exported", "Exported"
    DELETED = "deleted", "Deleted"
    RESTORED = "restored", "Brought back"
    VOICE_REVOKED = "voice_revoked", "Voice revoked"
    CONSENT_GIVEN = "consent_given", "Consent recorded"
    CONSENT_DELETED = "consent_deleted", "Consent deleted"
    CONSENT_REVOKED = "consent_revoked", "Consent revoked"
    LOOKED_AT = "looked_at", "Looked at by an operator"
    KEY_MADE = "key_made", "Key made"
    KEY_REVOKED = "key_revoked", "Key revoked"
    WEBHOOK_ADDED = "webhook_added", "Webhook added"
    WEBHOOK_DELETED = "webhook_deleted", "Webhook deleted"
    SIGNED_IN = "signed_in", "Signed in"
    SIGN_IN_FAILED = "sign_in_failed", "Sign-in failed"
    ACCOUNT_DELETED = "account_deleted", "Account deleted"


class AuditEntry(models.Model):
    happened_at = models.DateTimeField(default=timezone.now, db_index=True)
    deed = models.CharField(max_length=16, choices=Deed)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="audit_entries"
    )
    username = models.CharField(
        max_length=150, help_text="Of whoever did it; empty for a command or a worker."
    )
    voice_id = models.UUIDField(null=True, db_index=True)
    voice_name = models.CharField(max_length=MAX_NAME_CHARS)
    generation_id = models.UUIDField(null=True)
    about = models.CharField(max_length=MAX_ABOUT_CHARS, help_text="What else it was about: a clip, a key.")
    key_prefix = models.CharField(
        max_length=PREFIX_CHARS, help_text="Of the key that the call was made with."
    )
    address = models.CharField(max_length=45)
    request_id = models.CharField(max_length=64, help_text="As in the log of the server.")

    class Meta:
        ordering = ["-happened_at", "-pk"]
        verbose_name, verbose_name_plural = "entry of the audit", "audit"

    def __str__(self) -> str:
        return f"{self.username or 'the server'}: {self.get_deed_display()} {self.voice_name or self.about}".strip()
