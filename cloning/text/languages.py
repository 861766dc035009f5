"""The seventeen languages of XTTS v2 and how much of each it takes at a time."""

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

SEGMENT_LIMITS: dict[str, int] = {
    "en": 250,
    "es": 239,
    "fr": 273,
    "de": 253,
    "it": 213,
    "pt": 203,
    "pl": 224,
    "tr": 226,
    "ru": 182,
    "nl": 251,
    "cs": 186,
    "ar": 166,
    "zh": 82,
    "hu": 224,
    "ko": 95,
    "ja": 71,
    "hi": 150,
}
"""Characters that XTTS v2 speaks in one go (coqui-tts 0.28, `VoiceBpeTokenizer.char_limits`)."""


def resolve_language(code: str) -> str:
    """The key of LANGUAGES for a code in any case, with or without a region: "pt-BR" → "pt", "zh-cn" → "zh".

    Raises ValueError, with a message for the person who asked, when XTTS does not speak that language.
    """
    language = code.strip().lower().replace("_", "-").split("-")[0]
    if language not in LANGUAGES:
        raise ValueError(f"Unknown language {code[:20]!r}. Known are: {', '.join(LANGUAGES)}.")
    return language
