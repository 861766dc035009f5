"""Text as Kokoro's phonemes, and Japanese and Chinese as they are read."""

import numpy as np
import pytest

from cloning.engines.preview import phonemes, reading
from cloning.tests.engines.preview.texts import GREETINGS


@pytest.mark.parametrize(
    ("language", "text", "spelt"),
    [
        ("en", "Wait: the boy, 'Joe' - he's (here).", "wˈAt: ðə bˈY, ʤˈO hiz (hˈɪɹ)."),
        ("es", "¿Qué hay? ¡Nada!", "kˈe ˈI? nˈaða!"),
        ("zh", "你好，Windows。日本人吃饭。", "ni↗xau↓, wˈɪndOz . ɻɨ↘pə↓nɻə↗nꭧʰɨ→fa↘n."),
        ("ja", "「ちょっと」、ファン！", "“ʨoʔto”, ɸaɴ!"),
    ],
)
def test_phonemes_are_kokoro_s_and_keep_the_marks(language, text, spelt):
    assert phonemes.phonemes(text, language) == spelt


@pytest.mark.parametrize("language", phonemes.VOICES)
def test_nothing_of_a_sentence_is_lost_between_spelling_and_tokens(language):
    spelt = phonemes.phonemes(GREETINGS[language], language)
    assert len(phonemes.tokens(spelt)) == len(spelt) > 20
    assert spelt.endswith(".")


def test_kanji_are_read_as_words():
    assert reading.kana("今日は東京へ行きます。").replace(" ", "") == "キョーワトーキョーエイキマス。"
    assert reading.kana("Django") == "Django"


def test_a_kanji_word_sounds_like_its_kana(say):
    kanji, kana, other = (say(text, "ja") for text in ("東京", "とうきょう", "大阪"))
    assert np.array_equal(kanji, kana)
    assert not np.array_equal(kanji, other)


def test_chinese_characters_are_read_and_not_named(engine, say):
    """Each character is one syllable: espeak-ng 1.51 said "Chinese letter" for each, some 0.8 s."""
    samples = say("我们去公园散步", "zh")
    assert 0.15 < samples.size / engine.sample_rate_hz / 7 < 0.4
