import io

import pytest
import soundfile
from django.core.management import call_command
from django.core.management.base import CommandError

from cloning.engines import registry
from cloning.errors import ErrorCode
from cloning.jobs import scheduling, takes
from cloning.management.commands import clone as module
from cloning.models import Channel, Generation, Status, Take, Worker
from cloning.tests.clips import MALE_CLIP
from cloning.tests.speaking import THREE

pytestmark = pytest.mark.django_db(transaction=True)


def clone(out, **options: object) -> str:
    printed = io.StringIO()
    call_command(
        "clone",
        **{"reference": [MALE_CLIP], "text": "Good morning.", "out": out, "stdout": printed, **options},
    )
    return printed.getvalue()


def test_it_writes_the_file_and_says_which_engine_spoke(tmp_path, capsys):
    printed = clone(tmp_path / "b.wav", seed="5")
    generation = Generation.objects.get()
    assert soundfile.info(tmp_path / "b.wav").duration == pytest.approx(
        generation.duration_seconds, abs=0.001
    )
    assert "Preview (not a clone), seed 5" in printed
    assert (generation.requested_via, generation.status) == (Channel.COMMAND, Status.SUCCEEDED)
    assert "100 %" in capsys.readouterr().err  # the progress bar


def test_the_ending_chooses_the_format_and_text_may_come_from_standard_input(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("From standard input."))
    clone(tmp_path / "b.mp3", text="-")
    assert Generation.objects.get().text == "From standard input."
    assert soundfile.info(tmp_path / "b.mp3").format == "MP3"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text": ""}, "text: Write what the voice should say"),
        ({"reference": []}, "reference: Choose a clip"),
        ({"language": "xx"}, "language: “xx” is not one of"),
        ({"speed": "99"}, "speed: This has to be between 0.5 and 2"),
    ],
)
def test_wrong_arguments_are_explained_and_leave_nothing(tmp_path, options, message):
    with pytest.raises(CommandError, match=message):
        clone(tmp_path / "b.wav", **options)
    assert not Generation.objects.exists()
    assert list(tmp_path.glob("*.wav")) == []


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.wav: No such file"):
        clone(tmp_path / "b.wav", reference=[tmp_path / "nothing.wav"])
    with pytest.raises(CommandError, match="does not exist"):
        clone(tmp_path / "nowhere" / "b.wav")
    with pytest.raises(CommandError, match="format"):
        clone(tmp_path / "b.txt")


def test_no_worker_is_pretended_and_none_takes_the_sentence_in_hand(tmp_path, monkeypatch):
    seen = []
    perform_take = module.perform_take

    def watched(take, report):
        seen.append((scheduling.claim_next(), Worker.objects.exists()))
        perform_take(take, report)

    monkeypatch.setattr(module, "perform_take", watched)
    clone(tmp_path / "b.wav")
    assert seen == [(None, False)]


def test_a_worker_that_runs_may_speak_some_of_it(tmp_path, worker):
    clone(tmp_path / "b.wav", text=THREE)
    generation = Generation.objects.get()
    assert (generation.segments_done, generation.segments_total) == (3, 3)
    assert [segment.takes.get().attempts for segment in generation.segments.all()] == [1, 1, 1]
    assert soundfile.info(tmp_path / "b.wav").duration == pytest.approx(
        generation.duration_seconds, abs=0.001
    )


def test_a_failure_is_said(tmp_path, monkeypatch):
    def fail(take, report):
        takes.fail(take, ErrorCode.SYNTHESIS_FAILED, "It did not work.")

    monkeypatch.setattr(module, "perform_take", fail)
    with pytest.raises(CommandError, match="It did not work"):
        clone(tmp_path / "b.wav")
    assert list(tmp_path.glob("*.wav")) == []


def test_ctrl_c_cancels_the_generation(tmp_path, monkeypatch):
    def interrupted(take, report):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "perform_take", interrupted)
    with pytest.raises(CommandError, match="Cancelled"):
        clone(tmp_path / "b.wav")
    assert Generation.objects.get().status == Status.CANCELLED
    assert Take.objects.get().status == Status.CANCELLED


def test_a_generation_that_is_deleted_meanwhile_is_said_in_a_sentence(tmp_path, monkeypatch):
    perform_take = module.perform_take

    def delete_and_perform(take, report):
        Generation.objects.get().delete()
        perform_take(take, report)

    monkeypatch.setattr(module, "perform_take", delete_and_perform)
    with pytest.raises(CommandError, match="was deleted"):
        clone(tmp_path / "b.wav")
    assert list(tmp_path.glob("*.wav")) == []


def test_stock_voice_needs_no_reference(tmp_path, settings, monkeypatch):
    settings.PREVIEW_VOICE = "kokoro"
    monkeypatch.setattr(registry, "_loaded", {})
    clone(tmp_path / "b.wav", reference=[], voice="stock:af_heart")
    assert Generation.objects.get().stock_voice == "af_heart"
    assert soundfile.info(tmp_path / "b.wav").duration > 0.5
