"""An API key to be made."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloning.forms.texts import PlainTextField
from cloning.models import MAX_KEY_NAME_CHARS, Scope

MAX_DAYS = 3650
LIFETIMES = [
    (30, gettext_lazy("After 30 days")),
    (90, gettext_lazy("After 90 days")),
    (365, gettext_lazy("After a year")),
    ("", gettext_lazy("Never")),
]


class KeyForm(forms.Form):
    """Name, scopes and lifetime, as `jobs.keys.make` takes them."""

    name = PlainTextField(
        label=gettext_lazy("Name"),
        required=False,
        help_text=gettext_lazy("Of the program or machine that will use it."),
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off", "maxlength": MAX_KEY_NAME_CHARS}),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"),
        required=False,
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    expires_in_days = forms.IntegerField(
        label=gettext_lazy("It expires"), required=False, widget=forms.Select(choices=LIFETIMES)
    )

    def clean_name(self) -> str:
        value: str = self.cleaned_data["name"]
        if not value:
            raise ValidationError(_("Give the key a name."), code="name_missing")
        if len(value) > MAX_KEY_NAME_CHARS:
            message = _("At most %(most)s characters.") % {"most": MAX_KEY_NAME_CHARS}
            raise ValidationError(message, code="name_too_long")
        return value

    def clean_scopes(self) -> list[Scope]:
        chosen = [Scope(value) for value in self.cleaned_data["scopes"]]
        if not chosen:
            raise ValidationError(_("Choose what may be done with it."), code="scopes_invalid")
        return chosen

    def clean_expires_in_days(self) -> int | None:
        days: int | None = self.cleaned_data["expires_in_days"]
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise ValidationError(_("From 1 to %(most)s days.") % {"most": MAX_DAYS}, code="out_of_range")
        return days
