"""A word, and how it is to be read."""

import unicodedata
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloning.forms.askers import WithUser
from cloning.forms.messages import unknown_language
from cloning.models import MAX_SPELLING_CHARS, MAX_WORD_CHARS, Pronunciation, choose_owner, fold_name
from cloning.text import OWN_NAMES, resolve_language

if TYPE_CHECKING:  # Django's forms are generic to mypy alone
    PronunciationModelForm = forms.ModelForm[Pronunciation]
else:
    PronunciationModelForm = forms.ModelForm


class PronunciationForm(WithUser, PronunciationModelForm):
    """Whose instance is what `jobs.pronunciations` saves."""

    language = forms.CharField(
        label=gettext_lazy("Language"),
        required=False,
        widget=forms.Select(choices=list(OWN_NAMES.items())),
    )
    word = forms.CharField(
        label=gettext_lazy("Word"),
        required=False,
        help_text=gettext_lazy("As it is written. Capitals make no difference."),
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off", "maxlength": MAX_WORD_CHARS}),
    )
    spelling = forms.CharField(
        label=gettext_lazy("Say it as"),
        required=False,
        help_text=gettext_lazy("Written so that it is read right."),
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off", "maxlength": MAX_SPELLING_CHARS}),
    )

    class Meta:
        model = Pronunciation
        fields = ["language", "word", "spelling"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.instance.owner = choose_owner(self.user)

    def clean_language(self) -> str:
        value = self.cleaned_data["language"]
        try:
            return resolve_language(value)
        except ValueError as error:
            raise ValidationError(unknown_language(value), code="language_unsupported") from error

    def clean_word(self) -> str:
        return clean_words(
            self.cleaned_data["word"], MAX_WORD_CHARS, _("Write the word."), code="word_invalid"
        )

    def clean_spelling(self) -> str:
        message = _("Write how it is to be said, in letters.")
        value = clean_words(
            self.cleaned_data["spelling"], MAX_SPELLING_CHARS, message, code="spelling_invalid"
        )
        if not any(map(str.isalnum, value)):
            raise ValidationError(message, code="spelling_invalid")
        return value

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "word" in cleaned and "language" in cleaned:
            same = Pronunciation.objects.filter(
                owner=self.instance.owner, language=cleaned["language"], word_key=fold_name(cleaned["word"])
            )
            if same.exclude(pk=self.instance.pk).exists():
                message = _("There is a pronunciation of this word already.")
                self.add_error("word", ValidationError(message, code="word_taken"))
        return cleaned


def clean_words(value: str, max_chars: int, missing: str, *, code: str) -> str:
    """In the usual order of its marks, with single spaces."""
    words = " ".join(unicodedata.normalize("NFC", value).split())
    if not words:
        raise ValidationError(missing, code=code)
    if len(words) > max_chars:
        raise ValidationError(_("At most %(most)s characters.") % {"most": max_chars}, code=code)
    if any(unicodedata.category(each) in ("Cc", "Cs", "Co", "Cn") for each in words):
        raise ValidationError(_("There is a character in it that can't be read."), code=code)
    return words
