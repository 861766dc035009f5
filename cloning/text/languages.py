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

OWN_NAMES: dict[str, str] = {
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "de": "Deutsch",
    "it": "Italiano",
    "pt": "Português",
    "pl": "Polski",
    "tr": "Türkçe",
    "ru": "Русский",
    "nl": "Nederlands",
    "cs": "Čeština",
    "ar": "العربية",
    "zh": "中文",
    "hu": "Magyar",
    "ko": "한국어",
    "ja": "日本語",
    "hi": "हिन्दी",
}
"""What those who speak it call it."""

CHARS_PER_SECOND: dict[str, float] = {
    **dict.fromkeys(LANGUAGES, 14.5),
    **{"ar": 11.0, "hi": 11.0, "ja": 7.5, "ko": 6.5, "zh": 4.5},
}
"""As people speak, roughly: for saying beforehand how long a text will be."""


def resolve_language(code: str) -> str:
    """The key of LANGUAGES for a code in any case, with or without a region: "pt-BR" → "pt", "zh-cn" → "zh".

    Raises ValueError, with a message for the person who asked, when XTTS does not speak that language.
    """
    language = code.strip().lower().replace("_", "-").split("-")[0]
    if language not in LANGUAGES:
        raise ValueError(f"Unknown language {code[:20]!r}. Known are: {', '.join(LANGUAGES)}.")
    return language
