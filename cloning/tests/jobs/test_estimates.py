"""How long it will take, by what it took."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from cloning.jobs import estimates, takes
from cloning.jobs.estimates import (
    MAX_SHARE_LEARNT,
    estimate_draft,
    estimate_seconds_left,
    find_position,
    measure_busy_seconds,
    measure_learning,
    measure_pace,
)
from cloning.jobs.takes import Progress
from cloning.models import Generation, Stage, StoredConditioning, Take
from cloning.tests.jobs.recording import THREE_SEGMENTS, claim_first, finish

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def take(seconds: float, ended_at: float) -> Take:
    end = NOON + timedelta(seconds=ended_at)
    return Take(text="x" * 100, started_at=end - timedelta(seconds=seconds), finished_at=end)


@pytest.mark.parametrize(
    ("past", "busy_seconds"),
    [
        ([], 0),
        ([take(2.0, 1)], 2),
        ([take(2.0, 100), take(2.0, 1)], 4),  # idle between them
        ([take(2.0, 10), take(2.0, 10)], 2),  # side by side
        ([take(2.0, 11), take(2.0, 10)], 3),  # in part
        ([take(4.0, 10), take(1.0, 9)], 4),  # one within the other
    ],
)
def test_time_in_which_something_was_spoken_counts_once(past, busy_seconds):
    assert measure_busy_seconds(past) == pytest.approx(busy_seconds)


def paced(chars: int, seconds: float, ended_at: float) -> Take:
    each = take(seconds, ended_at)
    each.text = "x" * chars
    return each


def test_pace_is_a_line_that_one_slow_take_does_not_bend():
    past = [paced(chars, 0.5 + chars / 20, -100 * n) for n, chars in enumerate(range(20, 220, 20))]
    past.append(paced(15, 60.0, -2000))  # with it the voice was learnt
    pace = measure_pace(past)
    assert pace is not None
    assert pace.char_seconds == pytest.approx(1 / 20, rel=0.1)
    assert pace.take_seconds == pytest.approx(0.5, rel=0.2)


def test_pace_of_takes_of_one_length():
    pace = measure_pace([paced(100, 5.0, -100 * number) for number in range(4)])
    assert pace is not None
    assert pace.seconds_for(2, 200) == pytest.approx(10.0)


def test_pace_of_what_is_spoken_side_by_side_is_that_of_all():
    pace = measure_pace([paced(100, 10.0, 50.0) for _ in range(4)])
    assert pace is not None
    assert pace.seconds_for(4, 400) == pytest.approx(10.0)


@pytest.mark.parametrize("past", [[], [take(2.0, 1)], [take(0.0, 1)] * 5])
def test_no_pace_without_a_past(past):
    assert measure_pace(past) is None


@pytest.mark.django_db(transaction=True)
class TestRows:
    @pytest.fixture(autouse=True)
    def past(self, monkeypatch):
        monkeypatch.setattr(estimates, "_paces", {})

    def learn(self, make_generation) -> None:
        """A past of 10 characters a second."""
        finish(make_generation(text=THREE_SEGMENTS))
        for each in Take.objects.all():
            end = NOON + timedelta(hours=each.segment.index)
            started_at = end - timedelta(seconds=len(each.text) / 10)
            Take.objects.filter(pk=each.pk).update(engine="preview", started_at=started_at, finished_at=end)
            Generation.objects.update(finished_at=end)  # joined at once

    def test_no_figure_without_a_past(self, make_generation):
        assert estimate_seconds_left(make_generation()) is None

    def test_no_figure_for_what_has_ended(self, make_generation):
        assert estimate_seconds_left(finish(make_generation())) is None

    def test_seconds_left_shrink_with_what_is_spoken(self, make_generation):
        self.learn(make_generation)
        generation = make_generation(text=THREE_SEGMENTS)
        Generation.objects.filter(pk=generation.pk).update(stage=Stage.SPEAKING)
        generation.refresh_from_db()
        chars = generation.unspoken_chars
        assert estimate_seconds_left(generation) == pytest.approx(chars / 10, abs=0.1)
        first = claim_first(generation)
        Generation.objects.filter(pk=generation.pk).update(stage=Stage.SPEAKING)
        takes.report(first, Progress(Stage.SPEAKING, 0.5))
        generation.refresh_from_db()
        assert estimate_seconds_left(generation) == pytest.approx((chars - len(first.text) / 2) / 10, abs=0.2)

    def test_of_others_as_much_counts_as_is_spoken_meanwhile(self, make_generation):
        self.learn(make_generation)
        sentence, book = make_generation(), make_generation(text=THREE_SEGMENTS * 3)
        Generation.objects.update(stage=Stage.SPEAKING)
        for each in (sentence, book):
            each.refresh_from_db()
        assert estimate_seconds_left(sentence) == pytest.approx(2 * sentence.unspoken_chars / 10, abs=0.1)
        both = sentence.unspoken_chars + book.unspoken_chars
        assert estimate_seconds_left(book) == pytest.approx(both / 10, abs=0.1)

    def test_voice_to_be_learnt_takes_what_voices_took(self, make_generation):
        self.learn(make_generation)
        generation = make_generation()
        assert estimate_seconds_left(generation) is None  # no voice was ever learnt here
        StoredConditioning.objects.create(set_id="x", engine_key="y", learning_seconds=7.0)
        expected = 7 + generation.unspoken_chars / 10
        assert estimate_seconds_left(generation) == pytest.approx(expected, abs=0.1)

    def test_voice_that_is_learnt_fills_a_bar_that_is_never_full(self, make_generation):
        self.learn(make_generation)
        generation = make_generation()
        claim_first(generation)
        generation.refresh_from_db()
        assert measure_learning(generation) is None  # no voice was ever learnt here
        StoredConditioning.objects.create(set_id="x", engine_key="y", learning_seconds=100.0)
        generation.started_at = timezone.now() - timedelta(seconds=40)
        assert measure_learning(generation) == pytest.approx(0.4, abs=0.01)
        expected = 60 + generation.unspoken_chars / 10
        assert estimate_seconds_left(generation) == pytest.approx(expected, abs=1)
        generation.started_at -= timedelta(hours=1)
        assert measure_learning(generation) == MAX_SHARE_LEARNT
        generation.stage = Stage.SPEAKING
        assert measure_learning(generation) is None

    def test_text_that_is_not_sent_yet(self, make_generation):
        assert estimate_draft(500, "en", None) is None
        self.learn(make_generation)
        estimates._paces.clear()
        assert estimate_draft(500, "en", None) == pytest.approx(50, abs=0.1)
        assert estimate_draft(500, "en", []) is None  # no voice was ever learnt here
        StoredConditioning.objects.create(set_id="x", engine_key="y", learning_seconds=7.0)
        assert estimate_draft(500, "en", []) == pytest.approx(57, abs=0.1)
        waiting = make_generation(text=THREE_SEGMENTS)
        later = 50 + waiting.unspoken_chars / 10
        assert estimate_draft(500, "en", None) == pytest.approx(later, abs=0.2)
        assert estimate_draft(500, "en", None, is_awaited=True) == pytest.approx(50, abs=0.1)

    def test_position_is_told_of_what_waits(self, make_generation):
        first, second = make_generation(), make_generation()
        assert (find_position(first), find_position(second)) == (1, 2)
        claim_first(first)
        first.refresh_from_db()
        assert (find_position(first), find_position(second)) == (None, 1)
