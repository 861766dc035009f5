"""The recogniser with the packages' weights, and how what it hears is compared."""

import importlib.util
from pathlib import Path

import pytest
import soundfile

from cloning import recognition
from cloning.recognition import Recogniser, comparing, find_obstacle, share_understood, weights
from cloning.tests.clips import MALE_CLIP

SAID = "I really was very much afraid of showing him how much shocked I was at some parts of what he said."


def test_a_real_clip_is_understood(tmp_path: Path) -> None:
    samples, rate_hz = soundfile.read(MALE_CLIP, dtype="float32")
    assert rate_hz == recognition.SAMPLE_RATE_HZ
    heard = Recogniser(tmp_path).text_of(samples, "en")
    assert share_understood(SAID, heard, "en") > 0.97


@pytest.mark.parametrize(
    ("language", "said", "heard", "least", "most"),
    [
        ("en", "Fifty bonds were sold.", " 50 Bonds were sold", 1.0, 1.0),
        ("en", "Four cats sat in the light house.", "For cats sat in the lighthouse", 0.95, 0.99),
        ("en", "One two three four.", "One two three four three four", 0.0, 0.45),
        ("en", "One two three four.", "", 0.0, 0.0),
        ("en", "One two three four.", "Something else altogether was said here, and much more", 0.0, 0.0),
        ("de", "Die Straße ist groß.", "die strasse ist gross", 1.0, 1.0),
        ("fr", "L'été, elle vient à huit heures.", "L'ete elle vient a 8 heures", 1.0, 1.0),
        ("zh", "他们在学校。", "她們在學校", 1.0, 1.0),
        ("ja", "私は学校へ行きます。", "わたしは学校へ行きます", 0.9, 1.0),
        ("ko", "안녕하세요", "안녕하세오", 0.5, 0.99),
        ("en", "…", "anything", 1.0, 1.0),
    ],
)
def test_how_much_was_understood(language: str, said: str, heard: str, least: float, most: float) -> None:
    assert least <= share_understood(said, heard, language) <= most


def test_errors_are_counted_as_they_are_elsewhere() -> None:
    assert comparing.count_errors("kitten", "sitting") == 3
    assert comparing.count_errors("", "abc") == comparing.count_errors("abc", "") == 3
    assert comparing.count_errors("flaw", "lawn") == 2


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_obstacle(tmp_path) is None
    hide(monkeypatch, *weights.PACKAGES)
    assert "weights are missing" in str(find_obstacle(tmp_path))
    with pytest.raises(recognition.MissingRecogniserError, match=r"infrastructure/install\.py check"):
        Recogniser(tmp_path)
    hide(monkeypatch, "faster_whisper")
    assert "recogniser is missing" in str(find_obstacle(tmp_path))


def hide(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(weights, "find_spec", lambda name: None if name in names else real(name))


def test_a_damaged_folder_is_said(tmp_path: Path) -> None:
    folder = tmp_path / recognition.FOLDER_NAME
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"no model")
    with pytest.raises(recognition.MissingRecogniserError, match="can't be read"):
        Recogniser(tmp_path)


def test_other_weights_than_those_that_were_tried_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(weights.SHA256, "config.json", "0" * 64)
    with pytest.raises(recognition.MissingRecogniserError, match=r"config\.json is not the one"):
        Recogniser(tmp_path)
