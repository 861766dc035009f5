"""An address that is to be told of what has ended."""

import ipaddress
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloning.jobs.webhooks.outgoing import is_allowed
from cloning.models import WebhookEvent
from cloning.models.webhook import MAX_URL_CHARS


class WebhookForm(forms.Form):
    """Address and events, as `jobs.webhooks` takes them."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        required=False,
        help_text=gettext_lazy("Of your program, on the internet: https://…"),
        widget=forms.URLInput(attrs={"autocomplete": "off", "maxlength": MAX_URL_CHARS}),
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Tell it when"),
        required=False,
        choices=WebhookEvent.choices,
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_url(self) -> str:
        """What its name resolves to is looked at when something is sent."""
        value: str = self.cleaned_data["url"]
        is_plain = len(value) <= MAX_URL_CHARS and all(" " < each <= "~" for each in value)
        try:
            parts = urlsplit(value if is_plain else "")
            port = parts.port
            is_whole = parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0
        except ValueError:
            is_whole = False
        if not is_whole or parts.username is not None or parts.password is not None:
            message = _(
                "Give an address that begins with https:// or http://, without a name and a password."
            )
            raise ValidationError(message, code="url_invalid")
        try:
            is_near = not is_allowed(ipaddress.ip_address(str(parts.hostname)))
        except ValueError:  # a name
            is_near = False
        if is_near:
            raise ValidationError(_("This address is not on the internet."), code="url_invalid")
        return value

    def clean_events(self) -> list[WebhookEvent]:
        chosen = [WebhookEvent(value) for value in self.cleaned_data["events"]]
        if not chosen:
            raise ValidationError(_("Choose what it is to be told of."), code="events_invalid")
        return chosen
