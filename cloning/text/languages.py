"""The seventeen languages of XTTS v2."""

LANGUAGES: dict[str, str] = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "pt": "Portuguese",
    "pl": "Polish",
    "tr": "Turkish",
    "ru": "Russian",
    "nl": "Dutch",
    "cs": "Czech",
    "ar": "Arabic",
    "zh": "Chinese",
    "hu": "Hungarian",
    "ko": "Korean",
    "ja": "Japanese",
    "hi": "Hindi",
}
"""ISO 639-1 code → English name."""


def resolve_language(code: str) -> str:
    """The key of LANGUAGES for a code in any case, with or without a region: "pt-BR" → "pt", "zh-cn" → "zh".

    Raises ValueError, with a message for the person who asked, when XTTS does not speak that language.
    """
    language = code.strip().lower().replace("_", "-").split("-")[0]
    if language not in LANGUAGES:
        raise ValueError(f"Unknown language {code[:20]!r}. Known are: {', '.join(LANGUAGES)}.")
    return language
