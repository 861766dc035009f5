"""How much XTTS v2 speaks at a time. Plain data: whoever reads it needs no torch."""

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

FIRST_SEGMENT_LIMITS: dict[str, int] = {
    language: round(0.32 * limit) for language, limit in SEGMENT_LIMITS.items()
}
"""80 in English, 26 in Chinese: some five seconds of speech. A clause of half as many is heard sooner."""
