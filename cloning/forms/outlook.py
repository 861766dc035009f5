"""A text that is being written, as far as is needed to say when it would be ready."""

from typing import Any, cast

from django import forms

from cloning.forms.askers import WithUser
from cloning.forms.voice_choice import VoiceField
from cloning.text import LANGUAGES


class OutlookForm(WithUser, forms.Form):
    chars = forms.IntegerField(min_value=1, max_value=10_000_000)
    language = forms.ChoiceField(choices=list(LANGUAGES.items()))
    voice = VoiceField(required=False)
    dialogue = forms.BooleanField(required=False)
    listen = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(VoiceField, self.fields["voice"]).offer_to(self.user)
