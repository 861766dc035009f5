"""Sentences in every language."""

SENTENCES = {
    "en": "It rains again.",
    "es": "¿Dónde está el niño?",
    "fr": "Où est passé l'été ?",
    "de": "Schöne Grüße an alle.",
    "it": "Perché no?",
    "pt": "Não é tão difícil.",
    "pl": "Zażółć gęślą jaźń.",
    "tr": "İyi günler, şimdi ağaç.",
    "ru": "Съешь ещё булок.",
    "nl": "Eén koffie, alstublieft.",
    "cs": "Příliš žluťoučký kůň.",
    "ar": "مرحبا بكم جميعا.",
    "zh": "今天天气很好。",
    "hu": "Árvíztűrő tükörfúrógép.",
    "ko": "안녕하세요, 반갑습니다.",
    "ja": "今日は良い天気です。",
    "hi": "नमस्ते, आप कैसे हैं?",
}


LONGER_SENTENCES = [
    (
        "en",
        "When the rain had stopped, everybody went out into the garden to see what was left of the roses.",
    ),
    ("en", "No."),
    ("de", "Als der Regen aufgehört hatte, gingen alle in den Garten, um nach den Rosen zu sehen."),
    ("fr", "Quand la pluie eut cessé, tout le monde sortit voir ce qui restait des roses."),
    ("es", "Cuando dejó de llover, todos salieron al jardín."),
    ("ru", "Когда дождь кончился, все вышли в сад."),
]
