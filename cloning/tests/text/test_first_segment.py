"""A text that is listened to while it is made begins with a short segment, and loses nothing by it."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloning.engines.xtts.limits import FIRST_SEGMENT_LIMITS, SEGMENT_LIMITS
from cloning.text import LANGUAGES, Segment, UnspeakableText, split
from cloning.text.normalising import READINGS
from cloning.text.splitting import PARAGRAPH_GAP_SECONDS

WORDS = {
    "en": "a the harbour extraordinarily when",
    "es": "el niño está extraordinariamente ¿Dónde",
    "fr": "l'été où le anticonstitutionnellement Quand",
    "de": "der Donaudampfschifffahrtsgesellschaft und Öl Schöne",
    "it": "è perché il precipitevolissimevolmente Quando",
    "pt": "o não é coração Quando inconstitucionalmente",
    "pl": "w źdźbło Zażółć konstantynopolitańczykowianeczka i",
    "tr": "ağaç İyi bir çekoslovakyalılaştıramadıklarımızdan mı",
    "ru": "в съешь Когда достопримечательность и",
    "nl": "de een Gisteren arbeidsongeschiktheidsverzekering en",
    "cs": "v příliš Žluťoučký nejneobhospodařovávatelnější a",
    "ar": "في الطقس جميل والمستشفيات و",
    "zh": "我们 今天去公园玩 的 一只很大的狗 电脑",
    "hu": "a tükörfúrógép Árvíztűrő megszentségteleníthetetlenségeskedéseitekért és",
    "ko": "안녕 날씨가 그리고 대한민국헌법재판소는 참",
    "ja": "今日は 天気 が コンピューター 行きました",
    "hi": "में नमस्ते और अंतर्राष्ट्रीयकरण क्या",
}
ENDINGS = {"zh": "，、。！？", "ja": "、。！？", "hi": ",।?!", "ar": "،.؟!"}


@st.composite
def texts(draw: st.DrawFn, language: str) -> str:
    """Paragraphs of anything between a heading and a clause without an end."""
    reading = READINGS[language]
    words, endings = WORDS[language].split(), ENDINGS.get(language, ",.;?!")
    clause = st.builds(
        lambda words, ending: (" " if reading.is_spaced else "").join(words) + ending,
        st.lists(st.sampled_from(words), min_size=1, max_size=15),
        st.sampled_from([*endings, ""]),
    )
    paragraph = st.lists(clause, min_size=1, max_size=4).map((" " if reading.is_spaced else "").join)
    return "\n\n".join(draw(st.lists(paragraph, min_size=1, max_size=4)))


def letters_of(segments: list[Segment]) -> str:
    return "".join(filter(str.isalpha, "".join(segment.text for segment in segments)))


def streamed(text: str, language: str) -> list[Segment]:
    return split(text, language, SEGMENT_LIMITS[language], FIRST_SEGMENT_LIMITS[language])


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_nothing_is_lost_or_doubled_and_limits_and_pauses_hold(language: str, data: st.DataObject) -> None:
    text = data.draw(texts(language))
    segments, whole = streamed(text, language), split(text, language, SEGMENT_LIMITS[language])
    assert letters_of(segments) == letters_of(whole)
    min_chars = READINGS[language].min_segment_chars
    room = FIRST_SEGMENT_LIMITS[language]
    for is_last, segment in zip([False] * (len(segments) - 1) + [True], segments, strict=True):
        assert len(segment.text) <= 0.9 * SEGMENT_LIMITS[language]
        assert len(segment.text) <= room + is_last * (min_chars + 2)
        room += len(segment.text)
        assert (segment.pause_seconds == 0) == is_last
    for each in (segments, whole):
        assert len(each) == 1 or all(may_stand_alone(segment, language) for segment in each)
    assert paragraph_ends(segments) == paragraph_ends(whole)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_segment_that_is_split_again_stays_as_it_is_and_can_be_made_smaller(
    language: str, data: st.DataObject
) -> None:
    """As it is when the engine changes between submission and speech."""
    limit = SEGMENT_LIMITS[language]
    text = re.sub(
        r"\b[a-z]\b", "xyz", data.draw(texts(language))
    )  # a clause's lone last letter would be spelt
    for segment in streamed(text, language):
        assert split(segment.text, language, limit) == [Segment(segment.text, 0.0)]
        smaller = split(segment.text, language, limit // 2)
        assert letters_of(smaller) == letters_of([segment])
        assert all(len(each.text) <= 0.9 * (limit // 2) for each in smaller)


def may_stand_alone(segment: Segment, language: str) -> bool:
    """A short one only as a paragraph of its own, which the long pause follows, or nothing."""
    reading = READINGS[language]
    is_paragraph = segment.pause_seconds in (0.0, PARAGRAPH_GAP_SECONDS)
    return len(segment.text) >= (reading.min_paragraph_chars if is_paragraph else reading.min_segment_chars)


def paragraph_ends(segments: list[Segment]) -> list[int]:
    """After how many letters there is the long pause."""
    letters = itertools.accumulate(len(letters_of([segment])) for segment in segments)
    return [end for end, segment in zip(letters, segments, strict=True) if segment.pause_seconds > 0.5]


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=600), language=st.sampled_from(list(LANGUAGES)))
def test_any_text_has_the_same_letters(text: str, language: str) -> None:
    try:
        whole = split(text, language, SEGMENT_LIMITS[language])
    except UnspeakableText:
        with pytest.raises(UnspeakableText):
            streamed(text, language)
    else:
        assert letters_of(streamed(text, language)) == letters_of(whole)


CLAUSE_OF_46 = "Everybody went out into the garden after lunch"


@pytest.mark.parametrize(
    ("text", "first", "pause_seconds"),
    [
        (f"{CLAUSE_OF_46}. {CLAUSE_OF_46}, {CLAUSE_OF_46}.", f"{CLAUSE_OF_46}.", 0.35),
        (f"{CLAUSE_OF_46}, {CLAUSE_OF_46}, {CLAUSE_OF_46}.", f"{CLAUSE_OF_46}.", 0.15),
        (f"Well, then, {CLAUSE_OF_46}, {CLAUSE_OF_46}.", f"Well, then, {CLAUSE_OF_46}.", 0.15),
        (f"A sentence of thirty characters. {CLAUSE_OF_46} {CLAUSE_OF_46}.", "A sentence of thirty characters.", 0.35),
        (f"Chapter one\n{CLAUSE_OF_46}. {CLAUSE_OF_46}.", f"Chapter one. {CLAUSE_OF_46}.", 0.35),
        (f"Chapter one\n\n{CLAUSE_OF_46}. {CLAUSE_OF_46}.", "Chapter one.", 0.75),
        ("and so it went on " * 20, "and so it went on" + " and so it went on" * 3 + " and so.", 0.05),
        (f"{CLAUSE_OF_46}.\n\n{CLAUSE_OF_46}.", f"{CLAUSE_OF_46}.", 0.75),
        (f"{CLAUSE_OF_46}, they say, again.", f"{CLAUSE_OF_46}, they say, again.", 0.0),
    ],
)  # fmt: skip
def test_where_the_first_segment_ends(text: str, first: str, pause_seconds: float) -> None:
    assert streamed(text, "en")[0] == Segment(first, pause_seconds)


def test_words_are_not_torn_in_languages_without_spaces() -> None:
    japanese = "今日はとても天気が良いので友達と一緒に公園へ散歩に行って桜の花を見ることにしました。"
    assert streamed(japanese, "ja")[0].text == "今日はとても天気が良いので友達と一緒に公園へ。"
    chinese = "我们今天去公园玩的时候看见了一只很大的狗在那里跑来跑去谁也不知道它是从哪里来的。"
    assert streamed(chinese, "zh")[0].text == "我们今天去公园玩的时候看见了一只很大的。"


def test_segments_grow_to_their_full_length() -> None:
    lengths = [len(segment.text) for segment in streamed(f"{CLAUSE_OF_46}. " * 40, "en")]
    assert lengths[0] < 80 and lengths[1] < 160
    assert min(lengths[3:-1]) > 150
