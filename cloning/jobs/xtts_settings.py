"""Every change of what a caller of xtts-api-server's dialect has set, and what that is."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from cloning.jobs.acting import Actor
from cloning.models import XttsSettings
from cloning.storage.space import require_free_space

KEPT = timedelta(days=30)
"""Of an address, after the last change: SillyTavern sends all of them whenever it is opened."""


def find(actor: Actor) -> XttsSettings:
    """Unsaved, and as that server has them at first, where the caller has set nothing."""
    whose = identify(actor)
    return XttsSettings.objects.filter(**whose).first() or XttsSettings(**whose)


def save(changed: XttsSettings) -> None:
    """What another call of the same caller has set meanwhile is written over."""
    require_free_space()
    values = changed.values | {"changed_at": timezone.now()}
    XttsSettings.objects.update_or_create(api_key=changed.api_key, address=changed.address, defaults=values)


def identify(actor: Actor) -> dict[str, Any]:
    return {"api_key": actor.key, "address": "" if actor.key else actor.address}


def forget_old() -> None:
    """Those of keys go with them."""
    XttsSettings.objects.filter(Q(api_key=None), changed_at__lt=timezone.now() - KEPT).delete()
