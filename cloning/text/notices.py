"""What is said before or after speech for listeners to know what they hear, in each language."""

NOTICES: dict[str, str] = {
    "en": "This speech was made by a computer.",
    "es": "Esta locución ha sido generada por computadora.",
    "fr": "Cette voix a été générée par un ordinateur.",
    "de": "Diese Stimme wurde von einem Computer erzeugt.",
    "it": "Questa voce è stata generata da un computer.",
    "pt": "Esta voz foi gerada por um computador.",
    "pl": "Ten głos został wygenerowany przez komputer.",
    "tr": "Bu ses bir bilgisayar tarafından üretildi.",
    "ru": "Этот голос создан компьютером.",
    "nl": "Deze stem is door een computer gemaakt.",
    "cs": "Tento hlas byl vytvořen počítačem.",
    "ar": "تم إنشاء هذا الصوت بواسطة الحاسوب.",
    "zh": "此语音由电脑合成。",
    "hu": "Ezt a hangot számítógép állította elő.",
    "ko": "이 음성은 컴퓨터가 만든 것입니다.",
    "ja": "この音声はコンピューターで作成されたものです。",
    "hi": "यह आवाज़ कंप्यूटर द्वारा बनाई गई है।",
}
