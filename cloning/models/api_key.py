"""Keys that programs call the API with, in the name of their owner."""

import hashlib
import secrets
import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

MARK = "vc_"
"""How every key begins, so that scanners for leaked secrets can know one."""
SECRET_BYTES = 32
PREFIX_CHARS = len(MARK) + 8
MAX_KEY_NAME_CHARS = 80


class Scope(models.TextChoices):
    """What calls a key may make. None includes another."""

    READ = "read", _("See, listen and download")
    SPEAK = "speak", _("Generate, change and delete generations")
    VOICES = "voices", _("Make, change, export and delete voices and pronunciations")
    ADMIN = "admin", _("Make and revoke keys and webhooks")


def make_secret() -> str:
    return MARK + secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """Of 256 random bits, which nobody can try out: a slow hash would cost each call its time and add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def kept(self) -> "ApiKeyQuerySet":
        """Without those that were revoked; one that has expired is still listed."""
        return self.filter(revoked_at=None)

    def valid(self) -> "ApiKeyQuerySet":
        """Those that calls can be made with now."""
        unexpired = models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now())
        return self.kept().filter(unexpired, owner__is_active=True)


class ApiKey(models.Model):
    """The secret itself is shown once and stored nowhere."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=MAX_KEY_NAME_CHARS)
    prefix = models.CharField(max_length=PREFIX_CHARS, editable=False, help_text="How the key begins.")
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list, help_text="What calls may be made with it.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To the minute.")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def scope_labels(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.scopes]
