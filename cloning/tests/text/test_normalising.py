# ruff: noqa: E501
import random

import pytest

from cloning.tests.text import hostile
from cloning.text import LANGUAGES, normalize

SPOKEN = [
    # numbers
    ("en", "1,234.5 and -5", "one thousand two hundred and thirty-four point five and minus five"),
    ("en", "The total is 3.5. Then 50.", "The total is three point five. Then fifty."),
    ("en", "24/7, 9-5, 2½ cups", "twenty-four seven, nine to five, two and a half cups"),
    ("en", "the 1st–3rd", "the first to third"),
    ("en", "007", "zero zero seven"),
    ("en", "v3.11.2", "v three dot eleven dot two"),
    ("en", "the 1990s", "the nineteen nineties"),
    ("en", "1 234 567", "one million two hundred and thirty-four thousand five hundred and sixty-seven"),
    ("de", "1.234,5", "eintausendzweihundertvierunddreißig Komma fünf"),
    ("de", "die 2. Auflage am 21. Tag", "die zweite Auflage am einundzwanzigsten Tag"),
    ("de", "Es waren 50. Dann gingen sie.", "Es waren fünfzig. Dann gingen sie."),
    ("fr", "1 234,5", "mille deux cent trente-quatre virgule cinq"),
    ("fr", "1er, 2e, 1re, 3ème", "premier, deuxième, première, troisième"),
    ("es", "5.º piso, 3ª vez, 1er lugar", "quinto piso, tercera vez, primer lugar"),
    ("it", "1.234,5 e 3º", "milleduecentotrentaquattro virgola cinque e terzo"),
    ("pt", "2024, 3ª vez", "dois mil e vinte e quatro, terceira vez"),
    ("pl", "1 234,5", "tysiąc dwieście trzydzieści cztery przecinek pięć"),
    ("tr", "12,5 ve 2024'te 3. sırada", "on iki virgül beş ve iki bin yirmi dörtte üçüncü sırada"),
    ("ru", "3-й, 2-я, 1 234,5", "третий, вторая, одна тысяча двести тридцать четыре запятая пять"),
    ("nl", "1ste, 3e, 12,5", "eerste, derde, twaalf komma vijf"),
    ("cs", "3. místo", "třetí místo"),
    ("ar", "١٢٣ و ٣٫٥", "مائة وثلاثة وعشرون و ثلاثة فاصلة خمسة"),
    ("zh", "有１２３４５名士兵", "有一万二千三百四十五名士兵"),
    ("zh", "10010和0.5", "一万零一十和零点五"),
    ("hu", "12,5 és 3. hely, 5-öt", "tizenkettő egész öt és harmadik hely, ötöt"),
    ("ko", "사과 3개", "사과 세 개"),
    ("ja", "3人で12345円", "三人で一万二千三百四十五円"),
    ("hi", "१२३ और 1,23,456 और 3.5", "एक सौ तेईस और एक लाख तेईस हज़ार चार सौ छप्पन और तीन दशमलव पाँच"),
    # dates and times
    ("en", "on 3/5/2024 at 9:05", "on March fifth, twenty twenty-four at nine oh five"),
    ("en", "2024-05-03", "May third, twenty twenty-four"),
    ("en", "May 3, 2024", "May third, twenty twenty-four"),
    ("de", "am 3. Mai um 14:30 Uhr", "am dritten Mai um vierzehn Uhr dreißig"),
    ("de", "3.5.2024 und 1984", "dritter Mai zweitausendvierundzwanzig und neunzehnhundertvierundachtzig"),
    ("fr", "le 3/5/2024 à 14h30", "le trois mai deux mille vingt-quatre à quatorze heures trente"),
    ("es", "3/5/2024", "tres de mayo de dos mil veinticuatro"),
    ("pl", "3 maja o 14:30", "trzeciego maja o czternasta trzydzieści"),
    ("ru", "3 мая, в 2024 году", "третье мая, в две тысячи двадцать четвёртом году"),
    ("cs", "3. května", "třetího května"),
    ("hu", "2024. május 3-án", "kétezer-huszonnégy május harmadikán"),
    ("zh", "2024年5月3日14:30", "二零二四年五月三日十四点三十分"),
    ("ko", "6월 3일 12시 30분", "유월 삼 일 열두 시 삼십 분"),
    ("hi", "14:30 बजे", "चौदह बजकर तीस मिनट"),
    # money, measures, signs
    ("en", "$3.50, €20, 5 £", "three dollars fifty, twenty euros, five pounds"),
    ("en", "$3.5 million, -$20", "three point five million dollars, minus twenty dollars"),
    ("en", "10%, 1 km, 5 km/h, 20°C", "ten percent, one kilometre, five kilometres per hour, twenty degrees Celsius"),
    ("de", "1 € und 3,50 €", "ein Euro und drei Euro fünfzig"),
    ("es", "21 km, 20 %", "veintiún kilómetros, veinte por ciento"),
    ("pt", "R$ 5", "cinco reais"),
    ("pl", "2 km, 5 km, 22 km, 3 zł", "dwa kilometry, pięć kilometrów, dwadzieścia dwa kilometry, trzy złote"),
    ("ru", "2 км, 5%, 21%", "два километра, пять процентов, двадцать один процент"),
    ("tr", "%10 ve 10%", "yüzde on ve yüzde on"),
    ("zh", "10%，$3.50", "百分之十，三点五美元"),
    ("hi", "₹500", "पाँच सौ रुपये"),
    ("en", "© 2024 cats & dogs", "copyright twenty twenty-four cats and dogs"),
    # letters
    ("en", "the FBI, NASA and a CEO", "the eff bee eye, NASA and a see ee oh"),
    ("en", "COVID-19, H2O, mp3", "COVID nineteen, H two O, em pee three"),
    ("en", "THIS IS VERY IMPORTANT", "this is very important"),
    ("en", "I REALLY SHOULD NOT go", "I really should not go"),
    ("en", "Louis XIV", "Louis XIV"),
    ("de", "die USA und NATO", "die u ess a und NATO"),
    ("ru", "РФ и НАТО", "эр эф и НАТО"),
    ("ja", "USBです", "ユーエスビーです"),
    ("tr", "IŞIK ve Irmak", "ışık ve ırmak"),
    # abbreviations, addresses
    ("en", "e.g. cats, etc. Then Mr. Smith", "for example cats, et cetera. Then Mister Smith"),
    ("en", "St. Paul, Main St. and so on", "Saint Paul, Main Street and so on"),
    ("de", "z. B. Dr. Müller, Nr. 5", "zum Beispiel Doktor Müller, Nummer fünf"),
    ("fr", "M. Dupont et Mme Durand", "monsieur Dupont et madame Durand"),
    ("en", "See https://www.example.com/path?x=1. Bye", "See example dot com slash path. Bye"),
    ("en", "jane.doe@example.com", "jane dot doe at example dot com"),
    ("en", "Call 555-1234", "Call five five five, one two three four"),
    # layout
    ("en", "# Title\r\n\r\n- **one**\r\n- [link](http://x.com)", "Title\n\none\n\nlink"),
    ("en", "1. Milk\n2. Eggs", "one, Milk\n\ntwo, Eggs"),
    ("en", "“Hello,” she said — ‘yes’ (maybe)… don’t", "Hello, she said, yes, maybe, don't"),
    ("en", "Really?!! Yes!!!\tTom 👍🏽 likes ❤️ it 1️⃣", "Really? Yes! Tom likes it one"),
    ("en", "in\u200bvis\u00adible \u202eend \ufb01ne 𝐁𝐨𝐥𝐝", "invisible end fine Bold"),
    ("zh", "“你好”，他说……真的？", "你好，他说。真的？"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "written", "spoken"), SPOKEN)
def test_what_is_written_is_spoken_as_words(language, written, spoken):
    assert normalize(written, language) == spoken


@pytest.mark.parametrize(("language", "written", "spoken"), SPOKEN)
def test_normalising_twice_changes_nothing(language, written, spoken):
    assert normalize(spoken, language) == spoken


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "zh"])
def test_what_is_normalized_stays_as_it_is_when_normalized_again(language):
    """Of whatever is put side by side: signs, letters, numbers, abbreviations, addresses.

    In Chinese a letter's name is the letter: spelt at a sentence's end, it loses its full stop when it's read again.
    """
    chance = random.Random(f"twice {language}")
    for _ in range(300):
        written = "".join(chance.choices(hostile.TWO_AND_MORE, k=chance.randint(1, 15)))
        spoken = normalize(written, language)
        assert normalize(spoken, language) == spoken, written


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_digit_of_any_script_is_left(language):
    digits = "0123456789 ٠١٢٣٤٥٦٧٨٩ ०१२३४५६७८९ ０１２３ 𝟘𝟙𝟚 ①②③ ² ³ ½ Ⅳ ৪ 1.2.3.4 12:34:56 1/3 99999999999999999999999999999 1e10"
    spoken = normalize(digits + " 1st 2. 3° 4€ $5 6% 7km -8 +9", language)
    assert not [character for character in spoken if character.isdigit() or character.isdecimal()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_of_any_length_are_read(language):
    for length in (1, 2, 3, 4, 5, 7, 9, 12, 15, 18, 19, 25, 60, 5000):
        for number in ("9" * length, "1" + "0" * (length - 1), "0" * length):
            assert any(map(str.isalpha, normalize(number, language)))
            assert any(map(str.isalpha, normalize(f"{number}. x {number}%", language)))
