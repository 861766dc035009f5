"""What is wrong with a form, in the codes of the API."""

from dataclasses import dataclass

from django import forms

from cloning.errors import ErrorCode

CODES_BY_FIELD = {
    "text": ErrorCode.TEXT_UNSPEAKABLE,
    "language": ErrorCode.LANGUAGE_UNSUPPORTED,
    "voice": ErrorCode.VOICE_UNKNOWN,
    "consent": ErrorCode.CONSENT_INVALID,
    "cast": ErrorCode.CAST_INVALID,
    "name": ErrorCode.NAME_MISSING,
    "notes": ErrorCode.NOTES_TOO_LONG,
    "word": ErrorCode.WORD_INVALID,
    "spelling": ErrorCode.SPELLING_INVALID,
    "audio": ErrorCode.REFERENCE_MISSING,
    "archive": ErrorCode.ARCHIVE_UNREADABLE,
    "file": ErrorCode.BOOK_UNREADABLE,
    "chapters": ErrorCode.CHAPTERS_INVALID,
    "scopes": ErrorCode.SCOPES_INVALID,
    "url": ErrorCode.URL_INVALID,
    "events": ErrorCode.EVENTS_INVALID,
}
"""For the errors to which Django gives codes of its own; a number or a choice is out of range."""


@dataclass(frozen=True)
class FormError:
    field: str
    code: ErrorCode
    message: str


def form_errors(form: forms.BaseForm) -> list[FormError]:
    """What is wrong with a form that was found invalid, in the order of its fields."""
    return [
        FormError(field, error_code(error.code or "", field), error.messages[0])
        for field, errors in form.errors.as_data().items()
        for error in errors
    ]


def error_code(code: str, field: str) -> ErrorCode:
    try:
        return ErrorCode(code)
    except ValueError:
        return CODES_BY_FIELD.get(field, ErrorCode.OUT_OF_RANGE)
