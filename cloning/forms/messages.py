"""What rooms that know no languages say in English, in the language of the page."""

from django.utils.translation import gettext as _

from cloning.text import LANGUAGES


def in_page_language(message: str) -> str:
    return message


def unknown_language(code: str) -> str:
    values = {"code": code[:20], "codes": ", ".join(LANGUAGES)}
    return _("“%(code)s” is not one of the languages: %(codes)s.") % values
