"""Text as the phonemes that Kokoro was trained on (the conventions of hexgrad's `misaki`).

espeak-ng's IPA with some diphthongs and affricates as single letters; Japanese by the kana of its reading; Chinese by
pinyin, with an arrow for each tone.
"""

import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import espeakng_loader

from cloning.engines.preview import reading

VOICES = {
    "en": "en-us",
    "es": "es",
    "fr": "fr",
    "hi": "hi",
    "it": "it",
    "pt": "pt-br",
    "ja": "ja",
    "zh": "cmn",
}
TIMEOUT_SECONDS = 30.0
TIE = "\u0361"
SYLLABIC = "\u0329"

# Kokoro's tokens; 0 is put at both ends.
TOKENS = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13, "“": 14, "”": 15,
    " ": 16, "\u0303": 17, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23, "A": 24, "I": 25, "O": 31, "Q": 33,
    "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43, "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50,
    "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "o": 57, "p": 58, "q": 59, "r": 60, "s": 61, "t": 62,
    "u": 63, "v": 64, "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76,
    "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90, "ɡ": 92, "ɥ": 99,
    "ɨ": 101, "ɪ": 102, "ʝ": 103, "ɯ": 110, "ɰ": 111, "ŋ": 112, "ɳ": 113, "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118,
    "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ɻ": 126, "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133,
    "ʊ": 135, "ʋ": 136, "ʌ": 138, "ɣ": 139, "ɤ": 140, "χ": 142, "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157,
    "ː": 158, "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip

PUNCTUATION = {
    "、": ",", "，": ",", "。": ".", "．": ".", "！": "!", "？": "?", "：": ":", "；": ";", "「": "“", "」": "”",
    "『": "“", "』": "”", "《": "“", "》": "”", "«": "“", "»": "”", "（": "(", "）": ")", "·": " ", "・": " ",
    "～": "—", "–": "—", "।": ".", "॥": ".", "¿": "", "¡": "", "„": "“",
}  # fmt: skip
MARKS = re.compile(r'([.,!?:;—…"“”()]+(?=\s|$|[“”"()])|(?:(?<=\s)|^)[("“]+|[—…“”]+)')
LANGUAGE_FLAG = re.compile(r"\([a-z]{2,3}(-[a-z0-9-]+)?\)")

# espeak-ng's letters, tied and untied, in the order in which they are replaced.
TIED = {"aɪ": "I", "aʊ": "W", "dz": "ʣ", "dʒ": "ʤ", "eɪ": "A", "oʊ": "O", "əʊ": "Q", "ss": "S", "ts": "ʦ", "tʃ": "ʧ",
        "ɔɪ": "Y"}  # fmt: skip
AMERICAN = {
    "ʔˌn" + SYLLABIC: "ʔn", "ʔn" + SYLLABIC: "ʔn",
    "e": "A", "ɚɹ": "əɹ", "ɚ": "əɹ", "r": "ɹ", "x": "k", "ç": "k", "ɐ": "ə",
    "ɬ": "l", "\u0303": "", "əl" + SYLLABIC: "ᵊl", "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ː": "", "o": "ɔ",
    "ɾ": "T", "ʔ": "t",
}  # fmt: skip


def tokens(phonemes: str) -> list[int]:
    return [TOKENS[phoneme] for phoneme in phonemes if phoneme in TOKENS]


def phonemes(text: str, language: str) -> str:
    """Raises subprocess errors when espeak-ng crashes over the text or does not come to an end."""
    text = "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)
    text = "".join(PUNCTUATION.get(character, character) for character in unicodedata.normalize("NFC", text))
    if language == "ja":
        return _read_mixed(text, re.compile(r"[A-Za-zÀ-ÿ' ]*[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ' ]*"), _japanese)
    if language == "zh":
        return _read_mixed(text, re.compile(r"[A-Za-zÀ-ÿ' ]*[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ' ]*"), _chinese)
    return _by_espeak(text, language)


def _read_mixed(text: str, foreign: re.Pattern[str], read: Callable[[str], str]) -> str:
    """Latin words are read as English."""
    parts, end = [], 0
    for match in foreign.finditer(text):
        parts += [read(text[end : match.start()]), f" {_by_espeak(match[0].strip(), 'en')} "]
        end = match.end()
    return re.sub(r" +", " ", "".join([*parts, read(text[end:])])).strip()


def _by_espeak(text: str, language: str) -> str:
    """espeak-ng drops punctuation: it gets what stands between, and the marks are put back."""
    pieces = MARKS.split(" ".join(text.split()))
    lines = "\n".join(piece.strip() for piece in pieces[::2])
    spoken = _ipa(lines, VOICES[language]).split("\n")
    convert = _american if language == "en" else _plain
    joined = [convert(piece) for piece in spoken[: len(pieces[::2])]]
    for index, mark in enumerate(pieces[1::2]):
        before, after = pieces[2 * index], pieces[2 * index + 2]
        left = " " if before.endswith(" ") else ""
        joined[index] += left + mark + (" " if after.startswith(" ") else "")
    return "".join(joined).strip()


def _ipa(lines: str, voice: str) -> str:
    command = [
        sys.executable, "-I", "-S", str(Path(__file__).with_name("phonemes_process.py")),
        espeakng_loader.get_library_path(), voice,
    ]  # fmt: skip
    result = subprocess.run(
        command,
        input=lines.encode("utf-8", "ignore"),
        capture_output=True,
        check=True,
        cwd=Path(espeakng_loader.get_data_path()).parent,
        timeout=TIMEOUT_SECONDS,
    )
    return result.stdout.decode("utf-8", "ignore")


def _plain(ipa: str) -> str:
    ipa = LANGUAGE_FLAG.sub("", ipa) if TIE not in ipa else _drop_flags(ipa)
    for old, new in TIED.items():
        ipa = ipa.replace(TIE.join(old), new)
    return ipa.replace(TIE, "").replace("-", "").strip()


def _american(ipa: str) -> str:
    ipa = _plain(ipa.replace(f"ə{TIE}l", "ᵊl"))
    for old, new in AMERICAN.items():
        ipa = ipa.replace(old, new)
    return re.sub(rf"(\S){SYLLABIC}", r"ᵊ\1", ipa)


def _drop_flags(ipa: str) -> str:
    """espeak-ng marks words of another language with "(en)", tied like letters of one sound."""
    return re.sub(rf"\({TIE}[a-z0-9{TIE}-]+\)", "", LANGUAGE_FLAG.sub("", ipa))


# Chinese: IPA of the initials and of the finals; the tone goes where the 0 is.
INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s", "": "",
}  # fmt: skip
FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0", "en": "ə0n", "eng": "ə0ŋ",
    "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n", "ing": "i0ŋ",
    "iong": "jʊ0ŋ", "iou": "jou0", "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "ua": "wa0", "uai": "wai0", "uan": "wa0n",
    "uang": "wa0ŋ", "uei": "wei0", "uen": "wə0n", "ueng": "wə0ŋ", "uo": "wo0", "o": "wo0", "v": "y0", "van": "ɥɛ0n",
    "ve": "ɥe0", "vn": "y0n", "er": "ɚ0", "ê": "ɛ0", "io": "jɔ0", "m": "m0", "n": "n0", "ng": "ŋ0", "hm": "hm0",
}  # fmt: skip
TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
HAN = re.compile(r"[\u3400-\u9fff]+")


def _chinese(text: str) -> str:
    return HAN.sub(lambda match: _syllables(match[0]), re.sub(r"([,.!?:;”)])", r"\1 ", text))


def _syllables(han: str) -> str:
    from pypinyin import Style, lazy_pinyin  # half a second and 57 MB, for Chinese only

    initials = lazy_pinyin(han, Style.INITIALS, strict=True, errors="ignore")
    finals = lazy_pinyin(
        han, Style.FINALS_TONE3, strict=True, errors="ignore", neutral_tone_with_five=True, tone_sandhi=True
    )
    return "".join(_syllable(*syllable) for syllable in zip(initials, finals, strict=True))


def _syllable(initial: str, final: str) -> str:
    if not final:
        return ""
    sounds, tone = FINALS.get(final[:-1], ""), TONES.get(final[-1], "")
    if final[:-1] == "i" and initial in ("zh", "ch", "sh", "r", "z", "c", "s"):
        sounds = "ɨ0"
    return INITIALS.get(initial, "") + sounds.replace("0", tone)


# Japanese: a katakana is a consonant and a vowel.
ROWS = {
    "アイウエオ": ("", "", "", "", ""),
    "カキクケコ": ("k", "kʲ", "k", "k", "k"), "ガギグゲゴ": ("ɡ", "ɡʲ", "ɡ", "ɡ", "ɡ"),
    "サシスセソ": ("s", "ɕ", "s", "s", "s"), "ザジズゼゾ": ("ʣ", "ʥ", "z", "ʣ", "ʣ"),
    "タチツテト": ("t", "ʨ", "ʦ", "t", "t"), "ダヂヅデド": ("d", "ʥ", "z", "d", "d"),
    "ナニヌネノ": ("n", "ɲ", "n", "n", "n"), "ハヒフヘホ": ("h", "ç", "ɸ", "h", "h"),
    "バビブベボ": ("b", "bʲ", "b", "b", "b"), "パピプペポ": ("p", "pʲ", "p", "p", "p"),
    "マミムメモ": ("m", "mʲ", "m", "m", "m"), "ラリルレロ": ("ɾ", "ɾʲ", "ɾ", "ɾ", "ɾ"),
}  # fmt: skip
KANA = {
    kana: consonant + vowel
    for row, consonants in ROWS.items()
    for kana, consonant, vowel in zip(row, consonants, "aiɯeo", strict=True)
} | {
    "ス": "sɨ", "ズ": "zɨ", "ツ": "ʦɨ", "ヅ": "zɨ", "ヤ": "ja", "ユ": "jɯ", "ヨ": "jo", "ワ": "βa",
    "ヰ": "i", "ヱ": "e",
    "ヲ": "o", "ヴ": "vɯ", "ー": "ː", "ッ": "ʔ",
}  # fmt: skip
SMALL = {"ャ": "a", "ュ": "ɨ", "ョ": "o", "ァ": "a", "ィ": "i", "ゥ": "ɯ", "ェ": "e", "ォ": "o", "ヮ": "a"}
NASALS = {"m": "mpb", "ŋ": "kɡ", "ɲ": "ɲʨʥ", "n": "ntdɾz"}  # how ン sounds before what


def _japanese(text: str) -> str:
    words = [_katakana(word) for word in reading.kana(text).split()]
    return re.sub(r" (?=[.,!?:;”)])|(?<=[“(]) ", "", " ".join(word for word in words if word))


def _katakana(word: str) -> str:
    word = "".join(chr(ord(kana) + 0x60) if "ぁ" <= kana <= "ゖ" else kana for kana in word)
    sounds: list[str] = []
    for kana in word:
        if kana in SMALL and sounds:
            sounds[-1] = _merge(sounds[-1], kana)
        else:
            sounds.append(KANA.get(kana, kana))
    return "".join(
        _nasal(following) if sound == "ン" else sound for sound, following in pairwise([*sounds, ""])
    )


def _merge(sound: str, small: str) -> str:
    """キ and ャ are one syllable; フ and ァ too."""
    consonant = sound.rstrip("aiɯɨeo")
    if sound == "ɯ":  # ウィ
        consonant = "β"
    elif small in "ィ" and consonant in ("t", "d"):
        consonant += "ʲ"
    return consonant + SMALL[small]


def _nasal(following: str) -> str:
    return next((nasal for nasal, before in NASALS.items() if following[:1] and following[0] in before), "ɴ")
