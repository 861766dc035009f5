"""/api/v1/verify, where speech has no mark or lost it: known again by its sound."""

import io
import wave
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from cloning.formats import AudioFormat
from cloning.jobs import encodings, fingerprints
from cloning.jobs.cleanup import delete_generation
from cloning.jobs.discarding import discard, restore_one
from cloning.models import Encoding, Fingerprint, FingerprintKey, Generation, Take
from cloning.tests.api.v1.test_verify import ADDRESS, upload
from cloning.tests.performing import perform
from cloning.tests.transcoding import read_mono, transcode

pytestmark = pytest.mark.django_db
TEXT = "The old lighthouse keeper counted the ships that passed the harbour before sunrise."


@pytest.fixture
def unmarked(make_generation, settings) -> Generation:
    settings.WATERMARK = False
    return perform(make_generation(text=TEXT))


def wave_of(samples: np.ndarray) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes((samples.clip(-1, 1) * 32_767).astype("<i2").tobytes())
    return content.getvalue()


def test_it_is_known_by_its_sound_until_it_is_deleted(api, unmarked, tmp_path) -> None:
    speech = read_mono(unmarked.audio.path, 24_000)

    def ask(samples: np.ndarray) -> dict[str, Any]:
        return api.post(ADDRESS, {"audio": upload(wave_of(samples))}).json()

    small = ("-ac", "1", "-c:a", "libopus", "-b:a", "24k")
    changed = transcode(speech, 24_000, tmp_path / "changed.opus", small)[24_000:72_000]
    found = ask(changed)
    assert found["watermark"]["found"] is False
    assert (found["made_here"], found["fingerprint"]["match"]) == (True, True)
    assert found["fingerprint"]["created_at"] == str(unmarked.created_at.date())
    faster = transcode(speech, 24_000, tmp_path / "faster.wav", ("-af", "atempo=1.1"))
    assert ask(faster)["fingerprint"]["match"] is True

    discard([unmarked.pk], None)
    assert ask(changed)["made_here"] is False
    assert restore_one(unmarked.pk, None)
    assert ask(changed)["made_here"] is True
    assert FingerprintKey.objects.exists()
    delete_generation(unmarked.pk)
    assert ask(changed) == {
        **found,
        "made_here": False,
        "fingerprint": {"match": False, "created_at": None},
    }
    assert not Fingerprint.objects.exists()
    assert not FingerprintKey.objects.exists()


def test_every_file_is_known_bit_for_bit(spoken, tmp_path) -> None:
    encodings.encode(spoken, AudioFormat.OPUS)
    copy = tmp_path / "copy"
    for row in (spoken, Take.objects.get(), Encoding.objects.get()):
        with row.audio.open("rb") as file:
            copy.write_bytes(file.read())
        assert fingerprints.find_same_file(copy) == fingerprints.Match(spoken.created_at.date())
    copy.write_bytes(copy.read_bytes()[:-1])
    assert fingerprints.find_same_file(copy) is None
    Generation.objects.update(deleted_at=timezone.now())
    copy.write_bytes(Take.objects.get().audio.read())
    assert fingerprints.find_same_file(copy) is None


def test_noise_as_long_as_can_be_sent_is_not_ours(api, spoken) -> None:
    noise = np.random.default_rng(0).integers(0, 256, 25 * 1024**2 - 44, np.uint8)
    header = wave_of(np.zeros(0))
    content = header[:4] + b"\xff" * 4 + header[8:40] + b"\xff" * 4 + noise.tobytes()
    response = api.post(ADDRESS, {"audio": upload(content)})
    assert (response.status_code, response.json()["made_here"]) == (200, False)
