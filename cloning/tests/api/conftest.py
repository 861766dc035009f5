"""What the tests of the API share."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cloning.tests.api_client import GENERATE


@pytest.fixture
def post(api: Client, clips: dict[str, bytes]) -> Callable[..., Any]:
    """Posts a request that is good but for what is given; a field that is None is left out."""

    def send(
        reference: tuple[str, ...] = ("speech",),
        headers: dict[str, str] | None = None,
        client=None,
        **fields: Any,
    ) -> Any:
        files = [SimpleUploadedFile(f"{name}.wav", clips[name]) for name in reference]
        data = {"text": "Good morning.", "reference": files, **fields}
        data = {name: value for name, value in data.items() if value is not None}
        headers = {"Prefer": "respond-async"} if headers is None else headers
        return (client or api).post(GENERATE, data, headers=headers)

    return send


@pytest.fixture
def disk_full_at(monkeypatch) -> Callable[[int], None]:
    """The n-th file stored from now on is written by half, then the disk is full."""

    def arrange(number: int) -> None:
        store = FileSystemStorage._save
        count = 0

        def until_full(self, name: str, content: Any) -> str:
            nonlocal count
            count += 1
            if count < number:
                return store(self, name, content)
            target = Path(self.path(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read(1000))
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(FileSystemStorage, "_save", until_full)

    return arrange
