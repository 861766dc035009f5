"""Settings as programs of xtts-api-server's dialect send them: all or some, and numbers as strings, too."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms

from cloning.models import XttsSettings
from cloning.models.xtts_settings import SETTINGS

if TYPE_CHECKING:
    XttsSettingsModelForm = forms.ModelForm[XttsSettings]
else:  # which knows no brackets at run time
    XttsSettingsModelForm = forms.ModelForm


class XttsSettingsForm(XttsSettingsModelForm):
    """What is not sent, or null, stays as it is."""

    class Meta:
        model = XttsSettings
        fields = SETTINGS

    def __init__(self, members: Mapping[str, Any], *, instance: XttsSettings) -> None:
        given = {name: value for name, value in members.items() if value is not None}
        super().__init__({**instance.values, **given}, instance=instance)
