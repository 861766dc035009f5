"""When speech ends: the speaking rate learnt, the detector on scripted stop probabilities, and the cut in silence."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cloning.engines.xtts.ending import EndOfSpeechDetector, SpeakingRate, Speech, cut_tail

STOP, SOUND = 1025, 7
CHAR_LIMIT = 250
EXPECTED = (350 - 11) / CHAR_LIMIT


# The speaking rate


def taught(*texts: tuple[int, int]) -> SpeakingRate:
    rate = SpeakingRate(CHAR_LIMIT)
    for characters, codes in texts:
        rate.learn(characters, codes)
    return rate


def test_before_any_speech_a_full_text_takes_as_long_as_expected() -> None:
    rate = SpeakingRate(CHAR_LIMIT)
    assert rate.codes_per_character == pytest.approx(EXPECTED)
    assert rate.usual_codes(CHAR_LIMIT) == pytest.approx(350)
    assert rate.max_codes(CHAR_LIMIT) == 43 + 848  # 2.5 times
    assert rate.max_codes(3) == 43 + 11  # "No.": 2.5 s


@pytest.mark.parametrize("rate", [1.0, 2.0])
def test_pace_is_learnt_once_enough_was_heard(rate: float) -> None:
    text = (100, round(11 + 100 * rate))
    assert taught(*[text] * 7).codes_per_character == pytest.approx(EXPECTED)
    assert taught(*[text] * 8).codes_per_character == pytest.approx(rate)


@pytest.mark.parametrize("odd", [(250, 11), (250, 605), (1, 600), (3, 1)])
def test_one_odd_text_shifts_nothing_far(odd: tuple[int, int]) -> None:
    usual = [(100, 111 + number) for number in range(12)]
    assert taught(*usual, odd).codes_per_character == pytest.approx(1.05, abs=0.06)
    assert taught(odd).codes_per_character == pytest.approx(EXPECTED)


def test_short_texts_teach_little() -> None:
    """“No.” may well take a second, which is no speaking rate for a sentence."""
    assert taught(*[(3, 30)] * 64).codes_per_character == pytest.approx(EXPECTED)


def test_old_texts_are_forgotten() -> None:
    assert taught(*[(200, 11 + 400)] * 64, *[(200, 11 + 200)] * 64).codes_per_character == pytest.approx(1.0)


@pytest.mark.parametrize("characters", [20, 80, 250])
def test_the_limit_follows_what_was_learnt_but_leaves_room_for_slow_speech(characters: int) -> None:
    unknown, slow, fast, fastest = (
        taught(*[(200, codes)] * 64).max_codes(characters) for codes in (282, 411, 240, 20)
    )
    assert slow > unknown > fast > fastest
    assert fastest == 43 + math.ceil(2 * EXPECTED * characters)


def test_threads_may_learn_and_ask_at_the_same_time() -> None:
    rate = SpeakingRate(CHAR_LIMIT)

    def work(number: int) -> float:
        rate.learn(100, 111)
        return rate.codes_per_character

    with ThreadPoolExecutor(8) as threads:
        rates = list(threads.map(work, range(2000)))
    assert set(rates) == {EXPECTED, 1.0}
    assert rate.codes_per_character == 1.0


# The detector


def spoken(
    detector: EndOfSpeechDetector, stop_probabilities: dict[int, float], stops_at: int | None = None
) -> tuple[int, Speech]:
    """The count of codes at which the detector ended speech, and how; counts of codes are from 1."""
    for count in range(1, 1000):
        detector.update(STOP if count == stops_at else SOUND, stop_probabilities.get(count, 1e-6))
        if detector.speech is not Speech.GOES_ON:
            return count, detector.speech
    raise AssertionError("the detector lets speech run on")


def detector_for(rate: SpeakingRate, characters: int = 100) -> EndOfSpeechDetector:
    """The usual length is 146.6 codes, the limit 382."""
    return EndOfSpeechDetector(rate, characters, STOP, rate.max_codes(characters))


@pytest.mark.parametrize("stop_probability", [0.0, 0.04, 1.0])
@pytest.mark.parametrize("stops_at", [1, 146, 190, 382])
def test_speech_that_stops_by_itself_is_left_alone(stops_at: int, stop_probability: float) -> None:
    """Whatever its probability, at any place up to the limit, and soon after a chance that it missed."""
    chances = {150: 0.9} if stops_at in (146, 190) else {}
    ended = spoken(detector_for(SpeakingRate(CHAR_LIMIT)), {**chances, stops_at: stop_probability}, stops_at)
    assert ended == (stops_at, Speech.STOPPED)


@pytest.mark.parametrize(
    ("chances", "last_code"),
    [
        ({}, 382),  # never a chance: the limit
        ({160: 0.6}, 203),  # two seconds after a chance that it should have taken
        ({160: 0.6, 170: 0.9}, 203),  # counted from the first
        ({160: 0.4}, 382),  # it could well have gone on
        ({160: 0.4, 180: 0.3}, 223),  # two such chances, together more than even
        (dict.fromkeys(range(150, 160), 0.2), 196),  # the fourth chance in a row
        (dict.fromkeys(range(150, 382), 0.04), 382),  # hardly a chance, however often
        ({100: 0.9}, 382),  # sooner than the text usually takes: a pause in the middle, perhaps
        ({100: 0.9, 147: 0.9}, 190),
        ({146: 0.9}, 382),
        ({360: 0.9}, 382),  # the limit stays
    ],
)
def test_speech_that_runs_on_is_ended(chances: dict[int, float], last_code: int) -> None:
    assert spoken(detector_for(SpeakingRate(CHAR_LIMIT)), chances) == (last_code, Speech.RAN_ON)


def test_slow_speech_without_a_chance_to_stop_is_left_alone_whatever_was_learnt() -> None:
    """At half the expected rate, in a language in which everybody else spoke fast."""
    rate = taught(*[(200, 140)] * 64)
    slow = round(100 * 2 * EXPECTED) + 11
    assert spoken(detector_for(rate), {slow: 0.9}, slow) == (slow, Speech.STOPPED)


def test_only_speech_that_stopped_by_itself_teaches() -> None:
    rate = SpeakingRate(CHAR_LIMIT)
    for _ in range(64):
        spoken(detector_for(rate), {160: 0.6})
        spoken(detector_for(rate), {})
    assert rate.codes_per_character == pytest.approx(EXPECTED)
    for _ in range(8):
        spoken(detector_for(rate), {111: 0.9}, stops_at=111)
    assert rate.codes_per_character == pytest.approx(1.0)
    assert detector_for(rate).usual_codes == pytest.approx(111)


# The cut


@pytest.mark.parametrize(
    ("stop_probabilities", "silent_seconds", "seconds"),
    [
        ({60: 0.4}, (2.7, 2.9), 2.8),  # could have stopped there, and was silent: cut
        ({60: 0.4}, (2.0, 2.2), 5.0),  # silent, but nowhere near
        ({60: 0.01}, (2.7, 2.9), 5.0),  # hardly a chance to stop
        ({60: 0.4}, (0.0, 0.0), 5.0),  # in the middle of a sound
        ({10: 0.9}, (0.4, 0.6), 5.0),  # much too soon
        ({40: 0.9, 60: 0.4}, (2.7, 2.9), 2.8),  # the likelier place is not silent
    ],
)
def test_a_tail_is_cut_only_in_silence_where_speech_could_have_ended(
    stop_probabilities: dict[int, float], silent_seconds: tuple[float, float], seconds: float
) -> None:
    sound = np.random.default_rng(0).standard_normal(5 * 24_000).astype(np.float32) * 0.1
    start, end = (round(second * 24_000) for second in silent_seconds)
    sound[start:end] *= 0.001
    probabilities = [stop_probabilities.get(code, 1e-6) for code in range(108)]
    cut = cut_tail(sound, probabilities, usual_codes=50, sample_rate_hz=24_000)
    assert len(cut) / 24_000 == pytest.approx(seconds, abs=0.11)
