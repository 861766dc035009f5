"""Other formats of a file: made once, from what lost nothing, and gone when the file is."""

import os
import time

import numpy as np
import pytest
import soundfile
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from cloning import audio
from cloning.audio.packets import read_mp3, read_opus
from cloning.formats import AudioFormat
from cloning.jobs import joins, signing, takes
from cloning.jobs.discarding import discard
from cloning.jobs.encodings import encode, find
from cloning.jobs.sweeping import find_all
from cloning.models import Encoding, Generation
from cloning.tests.performing import perform
from cloning.tests.speaking import THREE

pytestmark = pytest.mark.django_db(transaction=True)


def samples_of(stored) -> np.ndarray:
    with stored.open("rb") as file:
        return soundfile.read(file)[0]


def test_found_once_it_is_made(spoken) -> None:
    assert find(spoken, AudioFormat.WAV) == spoken.audio
    assert find(spoken, AudioFormat.FLAC) is None
    encode(spoken, AudioFormat.FLAC)
    assert np.array_equal(samples_of(find(spoken, AudioFormat.FLAC)), samples_of(spoken.audio))


def test_of_a_lossy_file_the_takes_are_joined_once_more(make_generation, tmp_path) -> None:
    generation = perform(make_generation(text=THREE, audio_format="mp3"))
    encode(generation, AudioFormat.WAV)
    joins.join_chosen(generation, tmp_path / "joined.wav")
    joined, _ = soundfile.read(tmp_path / "joined.wav")
    assert np.array_equal(samples_of(find(generation, AudioFormat.WAV)), joined)


@pytest.mark.parametrize("is_lost", [True, False])
def test_without_its_takes_the_file_itself_is_encoded(is_lost: bool, make_generation, tmp_path) -> None:
    generation = perform(make_generation(audio_format="opus"))
    if is_lost:
        default_storage.delete(generation.segments.get().chosen_take.audio.name)
    else:
        generation.segments.all().delete()
    encode(generation, AudioFormat.MP3)
    (tmp_path / "file").write_bytes(find(generation, AudioFormat.MP3).read())
    clip = audio.probe(tmp_path / "file", min_seconds=0, max_seconds=60)
    assert (clip.codec, clip.duration_seconds) == (
        "mp3",
        pytest.approx(generation.duration_seconds, abs=0.1),
    )


def test_gone_with_its_generation(spoken, nothing_kept) -> None:
    encode(spoken, AudioFormat.MP3)
    spoken.delete()
    assert nothing_kept()


def choose_another(generation: Generation, index: int) -> Generation:
    take = takes.add_take(generation.segments.get(index=index), "Something else is said.", seed=1)
    perform(generation)
    take.refresh_from_db()
    takes.choose(take)
    return perform(generation)


def test_not_given_out_once_the_file_is_joined_anew(make_generation, stored_files) -> None:
    generation = perform(make_generation(text=THREE))
    for audio_format in (AudioFormat.MP3, AudioFormat.FLAC):
        encode(generation, audio_format)
    generation = choose_another(generation, 0)
    assert find(generation, AudioFormat.MP3) is None and find(generation, AudioFormat.FLAC) is None
    kept = Encoding.objects.get()
    assert kept.audio_format == "mp3"  # of which the next takes most
    made = [name for name in stored_files() if name.startswith("generated/") and "takes" not in name]
    assert set(made) == {kept.audio.name, generation.audio.name}
    encode(generation, AudioFormat.MP3)
    assert [name for name in stored_files() if name.endswith(".mp3")] == [Encoding.objects.get().audio.name]
    assert find(generation, AudioFormat.MP3) == Encoding.objects.get().audio


@pytest.mark.parametrize("audio_format", ["mp3", "opus"])
@pytest.mark.parametrize("is_stored_so", [True, False])
def test_of_one_before_what_sounds_the_same_is_kept(
    audio_format: str, is_stored_so: bool, make_generation, tmp_path, monkeypatch
) -> None:
    """However the format came about: as the joined file, or of a WAV because somebody asked."""

    def read(name: str) -> list[bytes]:
        stored = find(generation, AudioFormat(audio_format))
        assert stored
        path = tmp_path / f"{name}.{audio_format}"
        path.write_bytes(stored.read())
        return read_mp3(path) if audio_format == "mp3" else read_opus(path)[1]

    generation = perform(make_generation(text=THREE, audio_format=audio_format if is_stored_so else "wav"))
    if not is_stored_so:
        encode(generation, AudioFormat(audio_format))
    before = read("before")
    generation = choose_another(generation, 2)
    with monkeypatch.context() as patch:
        if not is_stored_so:
            patch.setattr("cloning.audio.splicing.encode", nothing_but_parts(audio.encode))
            encode(generation, AudioFormat(audio_format))
    after = read("after")
    first = next(index for index, (one, other) in enumerate(zip(before, after, strict=False)) if one != other)
    layout = joins.Layout.load(generation.layout or {})
    second, third = layout.pieces[1:]
    assert second.end < first * layout.size / len(after) < third.start + 2_000
    assert after[first:] != before[first:]
    clip = audio.probe(tmp_path / f"after.{audio_format}", min_seconds=0, max_seconds=60)
    joined = joins.join_chosen(generation, tmp_path / "joined.wav")
    assert clip.duration_seconds == pytest.approx(joined.duration_seconds, abs=0.06)


def nothing_but_parts(real):
    def encode_part(source, *arguments, **options) -> None:
        assert source.name == "part.wav"
        real(source, *arguments, **options)

    return encode_part


def test_without_the_file_of_before_the_whole_is_encoded(make_generation) -> None:
    generation = perform(make_generation(text=THREE))
    encode(generation, AudioFormat.OPUS)
    default_storage.delete(Encoding.objects.get().audio.name)
    generation = choose_another(generation, 1)
    encode(generation, AudioFormat.OPUS)
    assert find(generation, AudioFormat.OPUS)


@pytest.mark.parametrize("happens", ["deleted", "hidden", "joined anew"])
def test_nothing_is_kept_of_what_is_gone_by_then(happens, spoken, stored_files, monkeypatch) -> None:
    def in_the_middle(*arguments: object, **options: object) -> None:
        real(*arguments, **options)
        if happens == "deleted":
            Generation.objects.all().delete()
        elif happens == "hidden":
            discard([spoken.pk], None)
        else:
            Generation.objects.update(audio="generated/another.wav")

    real = audio.encode_joined
    monkeypatch.setattr(signing.audio, "encode_joined", in_the_middle)
    encode(spoken, AudioFormat.MP3)
    assert not Encoding.objects.exists()
    assert not [name for name in stored_files() if name.endswith(".mp3")]


def test_made_twice_at_once_one_is_kept(spoken, stored_files) -> None:
    for _ in range(2):
        encode(spoken, AudioFormat.MP3)
    assert [name for name in stored_files() if name.endswith(".mp3")] == [Encoding.objects.get().audio.name]


def test_the_sweep_leaves_it_alone_and_forgets_a_lost_one(spoken, settings) -> None:
    encode(spoken, AudioFormat.MP3)
    for path in settings.STORAGE_ROOT.rglob("*"):
        os.utime(path, (time.time() - 9000,) * 2)
    assert list(find_all()) == []
    name = Encoding.objects.get().audio.name
    default_storage.delete(name)
    (finding,) = find_all()
    assert finding.what == f"{name} is gone and can be made again"
    finding.mend()
    assert not Encoding.objects.exists()


def test_a_file_of_nobody_is_found(spoken, settings) -> None:
    name = default_storage.save(f"generated/{spoken.pk}-lost.mp3", ContentFile(b"a voice"))
    os.utime(settings.STORAGE_ROOT / name, (time.time() - 9000,) * 2)
    (finding,) = find_all()
    assert name in finding.what
