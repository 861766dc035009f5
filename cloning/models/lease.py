"""What a worker process has in hand."""

import uuid

from django.db import models


class Leased(models.Model):
    """A row that one worker at a time works on.

    It is in hand as long as it has a claim token, of which each claim has its own. Every change by a worker is guarded
    by it: who has lost the claim changes nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        abstract = True
