"""How a word is to be spelled for it to be spoken as people want."""

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from cloning.models.ownership import OWNER, OwnedQuerySet, owner_field
from cloning.models.voice import fold_name

MAX_WORD_CHARS = 80
MAX_SPELLING_CHARS = 120


class Pronunciation(models.Model):
    """Of a word, or of some that belong together, in texts of one language."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = owner_field()
    language = models.CharField(max_length=5)
    word = models.CharField(max_length=MAX_WORD_CHARS)
    word_key = models.TextField(editable=False)  # `fold_name` of the word
    spelling = models.CharField(max_length=MAX_SPELLING_CHARS, help_text="As it is to be read.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = OwnedQuerySet["Pronunciation"].as_manager()

    class Meta:
        ordering = ["language", "word_key"]
        constraints = [
            models.UniqueConstraint("language", "word_key", OWNER, name="one_pronunciation_a_word_and_owner")
        ]

    def __str__(self) -> str:
        return f"{self.word} → {self.spelling}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.word_key = fold_name(self.word)
        super().save(*args, **kwargs)
