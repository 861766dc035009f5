"""What people delete is hidden at once, can be had back for some minutes, and is then gone with all that is its own."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from cloning.jobs import discarding, joins, scheduling, state, takes
from cloning.jobs.discarding import APART, UNDO, discard, restore
from cloning.jobs.sweeping import sweep
from cloning.models import Generation, Take
from cloning.storage.space import keep_reserve, reserve_path
from cloning.tests.performing import perform
from cloning.tests.speaking import THREE, accept_sounds, claim_take

pytestmark = pytest.mark.django_db(transaction=True)


def pass_time(span: timedelta) -> None:
    for generation in Generation.objects.exclude(deleted_at=None):
        Generation.objects.filter(pk=generation.pk).update(deleted_at=generation.deleted_at - span)


def test_hidden_and_shown_again(spoken, stored_files) -> None:
    before = stored_files()
    moment = discard([spoken.pk], None)
    assert not Generation.objects.kept().exists()
    sweep()
    assert restore(moment, None) == [spoken.pk]
    assert Generation.objects.kept().get() == spoken
    assert stored_files() == before


def test_gone_with_everything_when_the_time_is_over(spoken, nothing_kept) -> None:
    moment = discard([spoken.pk], None)
    pass_time(UNDO + APART + timedelta(seconds=1))
    sweep()
    assert nothing_kept()
    assert restore(moment, None) == []


def test_between_undoing_and_deleting_is_time(spoken) -> None:
    """So that no sweep takes away what somebody has just had back."""
    moment = discard([spoken.pk], None)
    pass_time(UNDO + timedelta(seconds=1))
    assert restore(moment - UNDO - timedelta(seconds=1), None) == []
    sweep()
    assert Generation.objects.exists()


def test_the_command_says_what_it_deletes(spoken, capsys) -> None:
    discard([spoken.pk], None)
    pass_time(2 * UNDO)
    call_command("sweep", "--dry-run")
    assert f"Generation {spoken.pk} was deleted by somebody: to be deleted" in capsys.readouterr().out
    call_command("sweep")
    assert not Generation.objects.exists()


def test_several_at_once_are_had_back_at_once(make_generation) -> None:
    first, second, other = (make_generation(text=f"Text {number}.") for number in range(3))
    moment = discard([first.pk, second.pk], None)
    assert discard([other.pk], None) != moment
    assert sorted(restore(moment, None)) == sorted([first.pk, second.pk])
    assert not Generation.objects.kept().filter(pk=other.pk).exists()
    assert discarding.find_discarded(moment, None).count() == 0


def test_what_is_hidden_already_is_not_hidden_again(spoken) -> None:
    moment = discard([spoken.pk], None)
    assert discard([spoken.pk], None) is None
    assert discard([], None) is None
    assert restore(moment, None) == [spoken.pk]
    assert restore(moment, None) == []


def test_work_on_it_stops_and_can_be_continued(make_generation) -> None:
    generation = make_generation(text=THREE)
    take = claim_take(generation)
    moment = discard([generation.pk], None)
    assert not takes.report(take, takes.Progress("speaking")), "the worker notices"
    assert scheduling.claim_next() is None
    restore(moment, None)
    generation.refresh_from_db()
    assert generation.status == "cancelled"
    assert state.resume(generation)
    assert perform(generation).status == "succeeded"


def test_nothing_is_joined_or_spoken_again_for_it(make_generation) -> None:
    generation = perform(make_generation(text=THREE))
    segment = generation.segments.first()
    takes.add_take(segment, segment.text, seed=1)
    Generation.objects.filter(pk=generation.pk).update(is_join_due=True)
    moment = discard([generation.pk], None)
    assert scheduling.claim_next() is None
    assert joins.claim_next() is None
    restore(moment, None)
    assert scheduling.claim_next() == Take.objects.get(number=2)
    assert joins.claim_next() == generation


def test_a_join_in_hand_ends_well(make_generation) -> None:
    generation = accept_sounds(make_generation())
    claimed = joins.claim_next()
    moment = discard([generation.pk], None)
    joins.release(claimed)
    restore(moment, None)
    generation.refresh_from_db()
    assert generation.status == "cancelled" and generation.is_join_due


def test_deleting_works_on_a_full_disk(spoken, fill_database) -> None:
    keep_reserve()
    assert reserve_path().exists()
    fill_database("UPDATE", "cloning_generation")
    with pytest.raises(Exception, match="full"):
        discard([spoken.pk], None)
    assert not reserve_path().exists(), "what was set aside for it was given back"
