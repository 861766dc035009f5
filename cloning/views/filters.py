"""What of the history is looked for, and where in it a page begins."""

import functools
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cloning.engines import registry
from cloning.forms.askers import WithUser
from cloning.forms.voice_choice import STOCK
from cloning.models import Generation, Status, Voice
from cloning.models.generation import GenerationQuerySet
from cloning.text import OWN_NAMES

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

MAX_QUERY_CHARS = 200
MAX_WORDS = 8
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def date_field(label: str) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(
        label=label,
        required=False,
        widget=widget,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": gettext("Give a date as in 2026-01-31.")},
    )


def list_voices(user: "AnyUser | None") -> list[tuple[str, str]]:
    """As the form with the text has them: saved ones, then the engine's own."""
    voices = Voice.objects.kept().visible_to(user)
    saved = [(str(pk), name) for pk, name in voices.values_list("pk", "name")]
    return [
        ("", gettext("Any voice")),
        *saved,
        *((STOCK + each.key, each.name) for each in registry.stock_voices()),
    ]


class HistoryFilter(WithUser, forms.Form):
    """Every field may be left out. `from` and `to` are days, both included."""

    q = forms.CharField(
        label=_("Search in the text"),
        required=False,
        max_length=MAX_QUERY_CHARS,
        widget=forms.TextInput(attrs={"type": "search", "dir": "auto"}),
    )
    voice = forms.ChoiceField(
        label=_("Voice"),
        required=False,
        error_messages={"invalid_choice": _("There is no such voice; it may have been deleted.")},
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("Any language")), *OWN_NAMES.items()]
    )
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("Any status")), *Status.choices]
    )

    starred = forms.BooleanField(label=_("Starred"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["voice"]).choices = functools.partial(list_voices, self.user)
        self.fields["from"] = date_field(gettext("From"))  # no name that a class could have
        self.fields["to"] = date_field(gettext("To"))

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if first and last and last < first:
            self.add_error("to", ValidationError(_("This is before the first day."), code="out_of_range"))
        return self.cleaned_data

    @property
    def is_narrowed(self) -> bool:
        """Whether it leaves anything out."""
        return not self.is_valid() or any(self.cleaned_data.values())

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the words is looked for, or wrong."""
        return bool(self.errors) or any(self.cleaned_data[name] for name in self.fields if name != "q")

    def choose(self, rows: GenerationQuerySet) -> GenerationQuerySet:
        """Those of the rows that are looked for: none where the form is not valid."""
        if not self.is_valid():
            return rows.none()
        cleaned = self.cleaned_data
        for name in ("language", "status"):
            if cleaned[name]:
                rows = rows.filter(**{name: cleaned[name]})
        if voice := cleaned["voice"]:
            is_stock = voice.startswith(STOCK)
            key = voice.removeprefix(STOCK)
            rows = rows.spoken_by(stock_voice=key) if is_stock else rows.spoken_by(voice=voice)
        if cleaned["starred"]:
            rows = rows.filter(is_starred=True)
        if cleaned["from"]:
            rows = rows.filter(created_at__gte=moment_of(cleaned["from"], time.min))
        if cleaned["to"]:
            rows = rows.filter(created_at__lte=moment_of(cleaned["to"], time.max))
        return rows.saying(cleaned["q"].split()[:MAX_WORDS])


def moment_of(day: date, at: time) -> datetime:
    return datetime.combine(day, at, timezone.get_current_timezone())


@dataclass(frozen=True)
class Place:
    """Of a generation among all, newest first."""

    created_at: datetime
    pk: uuid.UUID

    def __str__(self) -> str:
        return f"{(self.created_at - EPOCH) // timedelta(microseconds=1)}-{self.pk}"


def parse_place(value: str) -> Place | None:
    """None for what is none."""
    if not re.fullmatch(r"[0-9]{1,16}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
        return None
    microseconds, _, pk = value.partition("-")
    return Place(EPOCH + timedelta(microseconds=int(microseconds)), uuid.UUID(pk))


@dataclass(frozen=True)
class Slice:
    """A page of rows, found from the place of a row, so that it takes as long wherever it is."""

    rows: Sequence[Generation]
    newer: Place | None  # where the page before ends
    older: Place | None  # where the next begins


def read_slice(rows: GenerationQuerySet, size: int, *, before: str = "", after: str = "") -> Slice:
    """What follows the place `before`, going back in time, or what precedes `after`; the newest for neither."""
    if place := parse_place(before):
        older_rows = rows.filter(created_at__lte=place.created_at).filter(
            Q(created_at__lt=place.created_at) | Q(pk__lt=place.pk)
        )
        found = list(older_rows.order_by("-created_at", "-pk")[: size + 1])
        return make_slice(found[:size], has_newer=True, has_older=len(found) > size)
    if place := parse_place(after):
        newer_rows = rows.filter(created_at__gte=place.created_at).filter(
            Q(created_at__gt=place.created_at) | Q(pk__gt=place.pk)
        )
        found = list(newer_rows.order_by("created_at", "pk")[: size + 1])
        if len(found) > size:
            return make_slice(found[size - 1 :: -1], has_newer=True, has_older=True)
    found = list(rows.order_by("-created_at", "-pk")[: size + 1])  # so that the first page is a whole one
    return make_slice(found[:size], has_newer=False, has_older=len(found) > size)


def make_slice(rows: Sequence[Generation], *, has_newer: bool, has_older: bool) -> Slice:
    return Slice(
        rows,
        newer=place_of(rows[0]) if rows and has_newer else None,
        older=place_of(rows[-1]) if rows and has_older else None,
    )


def place_of(generation: Generation) -> Place:
    return Place(generation.created_at, generation.pk)
