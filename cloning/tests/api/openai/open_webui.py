"""Open WebUI's own functions that call a server of voices, out of its package, without the 250 packages it needs.

Its module of speech is run as it is published, with the real aiohttp; what it imports of its own program and of FastAPI
is a stand-in that answers no question about HTTP: routes, its settings, its log of events. The module is fetched
from the package index and kept in pytest's cache; nothing of it is part of this project.
"""

import importlib.util
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import aiohttp
import pytest

VERSION = "0.12.4"
MODULE = "open_webui.routers.audio"
FILE = "open_webui/routers/audio/__init__.py"


def fetch_module(config: pytest.Config, folder: Path) -> Path:
    """The file of the module. Skips the test where the package can't be had."""
    kept = config.cache.mkdir(f"open-webui-{VERSION}") / "audio.py"
    if not kept.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
        if subprocess.run([*command, f"open-webui=={VERSION}"], check=False).returncode:
            pytest.skip("Open WebUI's package can't be fetched")
        [wheel] = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            kept.write_bytes(archive.read(FILE))
        wheel.unlink()  # it has 100 MB
    return kept


class Router:
    """Whose routes stay functions."""

    def get(self, _path: str, **_options: Any) -> Any:
        return lambda view: view

    post = get

    def include_router(self, _other: object) -> None:
        pass


class HTTPException(Exception):
    def __init__(self, status_code: int, detail: str = "") -> None:
        super().__init__(status_code, detail)
        self.status_code, self.detail = status_code, detail


class Config:
    """Its settings, as an administrator types them."""

    values: dict[str, object] = {}

    @classmethod
    async def get(cls, name: str) -> object:
        return cls.values.get(name)


@asynccontextmanager
async def open_file(path: Path, mode: str) -> Any:
    with Path(path).open(mode) as file:

        async def write(content: Any) -> None:
            file.write(content)

        yield MagicMock(write=write)


async def nothing(*_arguments: object, **_more: object) -> None:
    pass


def stand_ins(cache: Path) -> dict[str, ModuleType]:
    async def get_session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    contents: dict[str, dict[str, Any]] = {
        "fastapi": {
            "APIRouter": Router,
            "HTTPException": HTTPException,
            "UploadFile": object,
            "Request": object,
        },
        "fastapi.responses": {"FileResponse": lambda path, media_type=None: Path(path)},
        "aiofiles": {"open": open_file},
        "open_webui": {},
        "open_webui.config": {"CACHE_DIR": cache},
        "open_webui.constants": {},
        "open_webui.env": {
            "AIOHTTP_CLIENT_SESSION_SSL": True,
            "AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST": 10,
            "BYPASS_PYDUB_PREPROCESSING": False,
            "ENABLE_FORWARD_USER_INFO_HEADERS": False,
            "USE_SLIM": False,
        },
        "open_webui.events": {"publish_event": nothing},
        "open_webui.models": {},
        "open_webui.models.config": {"Config": Config},
        "open_webui.routers": {},
        "open_webui.utils": {},
        "open_webui.utils.access_control": {},
        "open_webui.utils.auth": {},
        "open_webui.utils.headers": {},
        "open_webui.utils.json_codec": {"JSONCodec": json},
        "open_webui.utils.misc": {},
        "open_webui.utils.session_pool": {"get_session": get_session},
        "pydub": {},
        "pydub.silence": {},
        "pydub.utils": {},
        f"{MODULE}.realtime": {},
    }
    found: dict[str, ModuleType] = {}
    for name, members in contents.items():
        module = MagicMock(spec=None, __path__=[], **members)
        module.__name__ = name
        found[name] = module
    return found


@contextmanager
def running(file: Path, cache: Path, **values: object) -> Iterator[Any]:
    """The module, with settings such as `tts_engine` for `audio.tts.engine`."""
    before = dict(sys.modules)
    sys.modules.update(stand_ins(cache))
    spec = importlib.util.spec_from_file_location(MODULE, file, submodule_search_locations=[])
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    Config.values = values
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        for name in sys.modules.keys() - before.keys():
            if name.partition(".")[0] in ("open_webui", "fastapi", "aiofiles", "pydub"):
                del sys.modules[name]
        sys.modules.update(before)
