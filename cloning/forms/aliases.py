"""Which voice each of the names means that programs ask for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode
from cloning.forms.askers import WithUser
from cloning.forms.cast import find_namesakes
from cloning.forms.texts import PlainTextField
from cloning.forms.voice_choice import STOCK, find_voice, list_voices
from cloning.jobs.aliases import NAMES, find_aliases
from cloning.models import MAX_NAME_CHARS, Voice, VoiceAlias, fold_name

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

MAX_ROWS = 500
Meaning = Voice | StockVoice | None


@dataclass(frozen=True)
class AliasRow:
    """Of the form: a name, what is chosen for it, what it means where nothing is, and what is wrong."""

    number: int
    name: str
    value: str
    otherwise: str
    is_known: bool
    """One of OpenAI's, which mean a stock voice where nothing else is said."""
    is_taken: bool
    """A saved voice is called so, which goes first."""
    error: str


class AliasesForm(WithUser, forms.Form):
    """Fields `alias_name` and `alias_voice`, one of each a row, and a new name. Once valid, `meanings` are what
    `jobs.aliases` saves.
    """

    new_name = PlainTextField(
        label=gettext_lazy("Another name"),
        required=False,
        help_text=gettext_lazy("As the program sends it. Capitals make no difference."),
        widget=forms.TextInput(
            attrs={"dir": "auto", "autocomplete": "off", "maxlength": MAX_NAME_CHARS, "spellcheck": "false"}
        ),
    )
    new_voice = forms.CharField(label=gettext_lazy("Voice"), required=False, widget=forms.Select())

    def __init__(self, data: QueryDict | None = None, *, user: "AnyUser | None") -> None:
        super().__init__(data, user=user, auto_id="id_%s")
        self.sent = data if data is not None else QueryDict()
        self.meanings: dict[str, Meaning] = {}
        self.wrong: dict[str, str] = {}
        self.voices = list_voices(user)[1:]  # the first is a new one
        self.fields["new_voice"].widget.choices = [("", _("Choose a voice")), *self.voices]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name, value in self.chosen.items():
            try:
                self.meanings[name] = self.find_meaning(value)
            except ValidationError as error:
                self.wrong[name] = error.messages[0]
                self.add_error(None, error)
        self.add_new(cleaned.get("new_name", ""), str(cleaned.get("new_voice") or ""))
        return cleaned

    def add_new(self, name: str, value: str) -> None:
        name = " ".join(name.split())
        if not name and not value:
            return
        if not name or len(name) > MAX_NAME_CHARS:
            message = _("Write a name of at most %(most)d characters.") % {"most": MAX_NAME_CHARS}
            self.add_error("new_name", ValidationError(message, code=ErrorCode.ALIAS_INVALID))
            return
        if fold_name(name) in map(fold_name, self.listed):
            message = _("This name is in the list already.")
            self.add_error("new_name", ValidationError(message, code=ErrorCode.ALIAS_INVALID))
            return
        try:
            self.meanings[name] = self.find_meaning(value)
        except ValidationError as error:
            self.add_error("new_voice", error)
            return
        if self.meanings[name] is None:
            message = _("Choose a voice for %(name)s.") % {"name": name}
            self.add_error("new_voice", ValidationError(message, code=ErrorCode.VOICE_UNKNOWN))

    def find_meaning(self, value: str) -> Meaning:
        """Raises ValidationError."""
        if value and (found := find_voice(value, self.user)) is None:
            message = _("There is no such voice; it may have been deleted.")
            raise ValidationError(message, code=ErrorCode.VOICE_UNKNOWN)
        return found if value else None

    @property
    def chosen(self) -> dict[str, str]:
        """What was sent, of names that are in the list."""
        names, values = (self.sent.getlist(name) for name in ("alias_name", "alias_voice"))
        sent = dict(zip(names[:MAX_ROWS], values[:MAX_ROWS], strict=False))
        return {name: value for name, value in sent.items() if name in self.listed}

    @property
    def stored(self) -> dict[str, VoiceAlias]:
        if not hasattr(self, "_stored"):
            self._stored = {row.name: row for row in find_aliases(self.user)}
        return self._stored

    @property
    def listed(self) -> list[str]:
        """OpenAI's names, those of the setting, and others that were given a meaning."""
        known: dict[str, str] = {}
        for name in (*NAMES, *settings.VOICE_ALIASES, *self.stored):
            known.setdefault(fold_name(name), name)
        return list(known.values())

    @property
    def rows(self) -> list[AliasRow]:
        chosen = self.chosen if self.is_bound else {}
        stored = {fold_name(name): describe_value(row) for name, row in self.stored.items()}
        taken = find_namesakes([fold_name(name) for name in self.listed], self.user)
        return [
            AliasRow(
                number,
                name,
                chosen.get(name, stored.get(fold_name(name), "")),
                settings.VOICE_ALIASES.get(name, ""),
                name in NAMES,
                fold_name(name) in taken,
                self.wrong.get(name, ""),
            )
            for number, name in enumerate(self.listed)
        ]


def describe_value(alias: VoiceAlias) -> str:
    return str(alias.voice_id) if alias.voice_id else STOCK + alias.stock_voice
