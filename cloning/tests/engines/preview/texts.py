"""What is said."""

ENGLISH = "The boat left the harbour early, and we watched it until the fog took it away."


# About ten to twenty syllables each.
GREETINGS = {
    "en": "Good morning, today the weather is very fine.",
    "es": "Buenos días, hoy hace muy buen tiempo.",
    "fr": "Bonjour, il fait très beau aujourd'hui.",
    "de": "Guten Morgen, heute ist das Wetter sehr schön.",
    "it": "Buongiorno, oggi il tempo è molto bello.",
    "pt": "Bom dia, hoje o tempo está muito bonito.",
    "pl": "Dzień dobry, dzisiaj jest bardzo ładna pogoda.",
    "tr": "Günaydın, bugün hava çok güzel.",
    "ru": "Доброе утро, сегодня очень хорошая погода.",
    "nl": "Goedemorgen, vandaag is het erg mooi weer.",
    "cs": "Dobré ráno, dnes je velmi hezké počasí.",
    "ar": "صباح الخير، الطقس اليوم جميل جدا.",
    "zh": "早上好，今天的天气非常好。",
    "hu": "Jó reggelt, ma nagyon szép idő van.",
    "ko": "안녕하세요, 오늘은 날씨가 매우 좋습니다.",
    "ja": "お早うございます、今日は天気がとても良いです。",
    "hi": "सुप्रभात, आज मौसम बहुत अच्छा है।",
}
