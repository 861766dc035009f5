"""One Idempotency-Key in several processes at a time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from cloning.models import Generation, Voice
from cloning.tests.api_client import GENERATE


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_makes_a_generation(make_reference) -> None:
    voice = Voice.objects.create(name="Ada")
    voice.references.add(make_reference())
    together = Barrier(6)

    def ask(_number: int) -> Any:
        members = {"text": "Good morning.", "voice": str(voice.pk)}
        headers = {"Idempotency-Key": "once", "Prefer": "respond-async"}
        together.wait()
        try:
            return Client().post(GENERATE, members, content_type="application/json", headers=headers)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    made = Generation.objects.get()
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert {answer.json()["id"] for answer in answers if answer.status_code == 202} == {str(made.pk)}
    for answer in answers:
        assert answer.status_code == 202 or answer.json()["error"]["code"] == "idempotency_key_in_use"
