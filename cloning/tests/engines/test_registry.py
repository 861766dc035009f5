"""Which engine speaks, and what its choice costs: no torch, no onnxruntime."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from cloning.engines import preview, registry, xtts
from cloning.engines.base import Engine, EngineError
from cloning.tests.clips import MALE_CLIP
from cloning.tests.live_site import PROJECT, running
from cloning.tests.waiting import wait_until

HEAVY_MODULES = ("torch", "TTS", "transformers", "numba", "onnxruntime", "huggingface_hub")


@pytest.fixture(autouse=True)
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_loaded", {})


@pytest.fixture
def damaged_weights(settings: Settings, tiny_weights: Path, tmp_path: Path) -> Path:
    """A truncated model.pth in MODEL_CACHE."""
    folder = tmp_path / "damaged" / "xtts_v2"
    folder.mkdir(parents=True)
    for path in (tiny_weights / "xtts_v2").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    os.truncate(folder / "model.pth", 1_000_000)
    settings.MODEL_CACHE = folder.parent
    return folder


def test_auto_prefers_the_clone_once_its_weights_are_there(settings: Settings, tiny_weights: Path) -> None:
    settings.ENGINE = "auto"
    assert registry.selected() is preview.ENTRY
    assert list(registry.obstacles()) == []
    settings.MODEL_CACHE = tiny_weights
    assert registry.selected() is xtts.ENTRY


def test_a_named_engine_is_selected_whatever_is_there(settings: Settings, tiny_weights: Path) -> None:
    settings.ENGINE = "xtts_v2"
    assert registry.selected() is xtts.ENTRY
    settings.ENGINE, settings.MODEL_CACHE = "preview", tiny_weights
    assert registry.selected() is preview.ENTRY


def test_auto_says_why_damaged_weights_do_not_speak(settings: Settings, damaged_weights: Path) -> None:
    settings.ENGINE = "auto"
    assert registry.selected() is preview.ENTRY
    (obstacle,) = registry.obstacles()
    assert "model.pth is truncated" in obstacle


def test_damaged_weights_are_an_error_where_they_are_asked_for(
    settings: Settings, damaged_weights: Path
) -> None:
    settings.ENGINE = "xtts_v2"
    assert list(registry.obstacles()) == []
    with pytest.raises(EngineError, match=r"model\.pth is truncated"):
        registry.get_engine()


@pytest.mark.parametrize("name", registry.ENGINES)
def test_an_engine_is_what_its_entry_says_and_is_kept(
    settings: Settings, tiny_weights: Path, name: str
) -> None:
    settings.ENGINE, settings.MODEL_CACHE = name, tiny_weights
    engine, entry = registry.get_engine(), registry.ENGINES[name]
    assert (engine.name, engine.label) == (entry.name, entry.label)
    assert engine.segment_limits is entry.segment_limits
    assert (type(engine).stream is not Engine.stream) == entry.can_stream
    assert registry.get_engine() is engine


def test_labels() -> None:
    assert registry.label("xtts_v2") == "XTTS v2"
    assert registry.label("since_removed") == "since_removed"


def test_choosing_an_engine_loads_none() -> None:
    code = (
        "import sys, cloning.engines.registry, cloning.engines.xtts.weights\n"
        f"print([name for name in {HEAVY_MODULES!r} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def descendants(pid: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
        except OSError:  # ended meanwhile
            continue
        if parent == str(pid):
            yield (child := int(path.parent.name))
            yield from descendants(child)


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):
            return True
    except urllib.error.URLError:
        return False


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc, which Linux alone has")
def test_the_web_process_maps_no_engine(tiny_weights: Path, tmp_path: Path) -> None:
    """After it has shown every kind of page and taken a generation. The worker would have either library."""
    with running(
        "serve", "--only", "web", folder=tmp_path, ENGINE="auto", MODEL_CACHE=str(tiny_weights)
    ) as site:
        wait_until(lambda: is_up(site.url))
        generation = site.post("It rains again.", MALE_CLIP.read_bytes())
        pages = ("/", f"/generations/{generation['id']}/", "/admin/login/")
        answers = (generation["status_url"], "/api/v1/languages", "/api/v1/openapi.json")
        for path in (*pages, *answers):
            with urllib.request.urlopen(site.url + path) as response:
                assert response.status == 200
        processes = list(descendants(site.process.pid))
        mapped = [Path(f"/proc/{pid}/maps").read_text() for pid in processes]
    assert any("numpy" in maps for maps in mapped)
    assert not [maps for maps in mapped if "libtorch" in maps or "onnxruntime" in maps]
