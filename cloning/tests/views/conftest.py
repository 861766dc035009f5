"""What the tests of the pages share."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client


@pytest.fixture
def browser() -> Client:
    """Never raises what a view raised, and holds CSRF tokens as real browsers do."""
    return Client(raise_request_exception=False)


@pytest.fixture
def submit(browser, clips) -> Callable[..., Any]:
    def send(
        reference: tuple[str, ...] = ("speech",), name: str = "voice.wav", headers=None, **fields: Any
    ) -> Any:
        files = [SimpleUploadedFile(name, clips[clip]) for clip in reference]
        data = {"text": "Good morning.", "language": "en", "reference": files, **fields}
        data = {key: value for key, value in data.items() if value is not None}
        return browser.post("/", data, headers=headers or {})

    return send
