"""What a JSON object has for a form: its members as the fields that a form posts."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from cloning.errors import ErrorCode, GenerationError

NUMBERS = ("speed", "temperature", "seed")
SWITCHES = ("stream", "dialogue")
TEXTS = ("text", "voice", "language", "format", "on_disconnect", "notice")
CAST = "cast"


def read_member(members: Mapping[str, Any], name: str, *types: type) -> Any:
    """None where it is left out or null. Raises GenerationError where it is of none of the types."""
    value = members.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, types)):
        message = _("“%(name)s” has to be a string.") if str in types else _("“%(name)s” has to be a number.")
        raise unreadable(message % {"name": name})
    return value


def read_generation_fields(members: Mapping[str, Any]) -> dict[str, str]:
    """Of `GenerationForm`. Members that it does not know are ignored. Raises GenerationError."""
    texts = {name: read_member(members, name, str) for name in TEXTS}
    # Half a letter, which JSON can say and UTF-8 can't, becomes a question mark.
    fields = {name: text and text.encode("utf-8", "replace").decode() for name, text in texts.items()}
    for name in NUMBERS:
        number = read_member(members, name, int, float)
        fields[name] = None if number is None else json.dumps(number)
    for name in SWITCHES:
        if (value := members.get(name)) is not None:
            if not isinstance(value, bool):
                raise unreadable(_("“%(name)s” has to be true or false.") % {"name": name})
            fields[name] = "true" if value else "false"
    if (cast := members.get(CAST)) is not None:
        if not isinstance(cast, dict) or not all(isinstance(each, str | None) for each in cast.values()):
            message = _("Send a JSON object: for each name the id or the name of a voice, or null.")
            raise GenerationError(ErrorCode.CAST_INVALID, message)
        fields[CAST] = json.dumps(cast)
    return {name: value for name, value in fields.items() if value is not None}


def unreadable(message: str) -> GenerationError:
    return GenerationError(ErrorCode.REQUEST_UNREADABLE, message)
