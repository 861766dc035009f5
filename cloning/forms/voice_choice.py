"""A voice that is chosen: a saved one, or one of the engine's own."""

import functools
import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.models import Voice
from cloning.text import OWN_NAMES

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

STOCK = "stock:"
"""Before the key of a stock voice, where it stands among ids of saved voices."""


class VoiceField(forms.ChoiceField):
    """The id of a saved voice, or the key of a stock voice after STOCK; cleaned, the `Voice` or `StockVoice`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offer_to(None)

    def offer_to(self, user: "AnyUser | None") -> None:
        """Those that this person may use."""
        self.user = user
        self.choices = functools.partial(list_voices, user)

    @property
    def has_voices(self) -> bool:
        return self.has_saved_voices or self.has_stock_voices

    @property
    def has_saved_voices(self) -> bool:
        return Voice.objects.speakable().visible_to(self.user).exists()

    @property
    def has_stock_voices(self) -> bool:
        return bool(registry.stock_voices())

    def clean(self, value: Any) -> Voice | StockVoice | None:
        if value in self.empty_values:
            return None
        if (found := find_voice(str(value), self.user)) is None:
            raise ValidationError(
                _("There is no such voice; it may have been deleted."), code="voice_unknown"
            )
        return found


def find_voice(value: str, user: "AnyUser | None") -> Voice | StockVoice | None:
    if value.startswith(STOCK):
        return registry.find_stock_voice(value.removeprefix(STOCK))
    try:
        return Voice.objects.speakable().visible_to(user).filter(pk=uuid.UUID(value)).first()
    except ValueError:
        return None


class StockLabel(str):
    """What a stock voice is called among others."""

    language: str
    """That it speaks best; empty where it speaks all alike."""


def list_voices(user: "AnyUser | None") -> list[tuple[str, str]]:
    """With stock voices last, whose labels are `StockLabel`s."""
    voices = Voice.objects.speakable().visible_to(user)
    saved = [(str(pk), name) for pk, name in voices.values_list("pk", "name")]
    stock = [(STOCK + voice.key, label_stock(voice)) for voice in registry.stock_voices()]
    return [("", _("New voice")), *saved, *stock]


def label_stock(voice: StockVoice) -> StockLabel:
    """Its name, and its language where that tells it from others."""
    described = f"{voice.name}, {OWN_NAMES[voice.own_language]}" if voice.own_language else voice.name
    label = StockLabel(described)
    label.language = voice.own_language
    return label
