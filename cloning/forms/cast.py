"""Who speaks what in a dialogue: names of the text, each with a voice."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.forms.voice_choice import find_voice
from cloning.jobs.submission import Role
from cloning.models import Voice, fold_name
from cloning.text.dialogue import find_turns, fold_speaker, list_speakers
from cloning.text.pauses import without_pauses
from cloning.text.speakable import may_have_sound

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

MAX_SPEAKERS = 20
AS_TEXT = "text"
"""In place of a voice, for what looks like a name and is none: it is read as it stands."""


class CastInput(forms.Widget):
    """A row of two fields for each name, `cast_name` and `cast_voice`; or one, with a JSON object."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        if "cast_name" in data and hasattr(data, "getlist"):
            return dict(zip(data.getlist("cast_name"), data.getlist("cast_voice"), strict=False))
        return data.get(name)


class CastField(forms.Field):
    """Cleaned, what was chosen for each folded name: AS_TEXT, or what `find_cast_voice` takes."""

    widget = CastInput

    def clean(self, value: Any) -> dict[str, str]:
        if not value:
            return {}
        chosen = value if isinstance(value, dict) else parse(str(value))
        return {fold_speaker(" ".join(name.split())): voice for name, voice in chosen.items()}


def parse(value: str) -> dict[str, str]:
    try:
        members = json.loads(value)
    except (ValueError, RecursionError):
        members = None
    is_right = isinstance(members, dict) and all(isinstance(voice, str | None) for voice in members.values())
    if not is_right:
        message = _("Send a JSON object: for each name the id or the name of a voice, or null.")
        raise ValidationError(message, code="cast_invalid")
    return {name: AS_TEXT if voice is None else voice for name, voice in members.items()}


@dataclass
class Casting:
    """What became of the names of a text."""

    roles: list[Role] = field(default_factory=list)
    wrong: dict[str, ValidationError] = field(default_factory=dict)
    """By folded name."""


def cast_text(text: str, chosen: Mapping[str, str], user: "AnyUser | None") -> Casting:
    casting = Casting()
    for name in list_speakers(text):
        key = fold_speaker(name)
        value = chosen.get(key, "")
        if value == AS_TEXT:
            continue
        if not value:
            message = _("Choose a voice for %(name)s.") % {"name": name}
            casting.wrong[key] = ValidationError(message, code="cast_invalid")
        elif (voice := find_cast_voice(value, user)) is None:
            message = _("The voice for %(name)s is not there; it may have been deleted.") % {"name": name}
            casting.wrong[key] = ValidationError(message, code="cast_invalid")
        else:
            casting.roles.append(Role(name, voice))
    return casting


def check_dialogue(text: str, casting: Casting) -> None:
    """Raises ValidationError, of the text."""
    if not casting.roles and not casting.wrong:
        message = _("No line begins with a name, as in “Anna: Good morning.”")
        raise ValidationError(message, code="speaker_missing")
    speakers = {fold_speaker(role.name) for role in casting.roles} | set(casting.wrong)
    if len(speakers) > MAX_SPEAKERS:
        message = _("There are %(count)s names; at most %(most)s can speak.")
        values = {"count": len(speakers), "most": MAX_SPEAKERS}
        raise ValidationError(message % values, code="speaker_missing")
    first = find_turns(text, speakers)[0]
    if not first.speaker and any(map(may_have_sound, set(without_pauses(first.text)))):
        message = _(
            "Nobody says the beginning: start the first line with a name, as in “Anna: Good morning.”"
        )
        raise ValidationError(message, code="speaker_missing")


def find_cast_voice(value: str, user: "AnyUser | None") -> Voice | StockVoice | None:
    """By id, by the key of a stock voice, or by name."""
    if not value.isprintable():  # no name has what a database may not take
        return None
    if found := find_voice(value, user):
        return found
    named = find_namesakes([fold_name(value)], user).get(fold_name(value))
    if named:
        return named
    return registry.find_stock_voice(value)


def find_namesakes(keys: Collection[str], user: "AnyUser | None") -> dict[str, Voice]:
    """Voices by folded name: of two that somebody may use, their own."""
    found = Voice.objects.speakable().visible_to(user).filter(name_key__in=keys).order_by("-created_at")
    own_last = sorted(found, key=lambda voice: voice.owner_id == (user and user.pk))
    return {voice.name_key: voice for voice in own_last}


@dataclass(frozen=True)
class CastRow:
    """Of the form: a name, what is chosen for it, and what is wrong with that."""

    number: int
    name: str
    value: str
    error: str


def list_rows(
    text: str, chosen: Mapping[str, str], wrong: Mapping[str, ValidationError], user: "AnyUser | None"
) -> Sequence[CastRow]:
    """A voice of the same name is chosen beforehand."""
    names = list_speakers(text)[: 2 * MAX_SPEAKERS]
    keys = {fold_name(name) for name in names}
    namesakes = {key: str(voice.pk) for key, voice in find_namesakes(keys, user).items()}
    rows = []
    for number, name in enumerate(names):
        key = fold_speaker(name)
        value = chosen.get(key) or namesakes.get(key, "")
        error = wrong[key].message if key in wrong and not (value and key not in chosen) else ""
        rows.append(CastRow(number, name, value, str(error)))
    return rows
