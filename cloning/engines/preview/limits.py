"""How much the preview speaks at a time: as much as XTTS v2 does, so that a text is cut alike by both."""

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
