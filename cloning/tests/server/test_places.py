"""How many may listen."""

import uuid

import pytest

from cloning.errors import ErrorCode, GenerationError
from cloning.formats import StreamFormat
from cloning.jobs.limits import Allowance, LimitError
from cloning.quantities import Kind, Quantity
from cloning.server.sound import Places


def key() -> tuple[uuid.UUID, StreamFormat]:
    return uuid.uuid4(), StreamFormat.MP3


def test_who_has_a_limit_listens_to_no_more_until_one_ends() -> None:
    places, first = Places(), key()
    mine = [Allowance("user:1", Quantity.LISTENERS, Kind.USER, 2)]
    places.take(first, mine)
    places.take(first, mine)
    with pytest.raises(LimitError, match="As many are listening as may: 2"):
        places.take(key(), mine)
    places.take(key(), [Allowance("user:2", Quantity.LISTENERS, Kind.USER, 2)])
    places.give_back(first, mine)
    places.take(key(), mine)


def test_what_is_refused_for_another_reason_counts_for_nobody(settings) -> None:
    settings.MAX_STREAMS = 1
    places, mine = Places(), [Allowance("user:1", Quantity.LISTENERS, Kind.USER, 2)]
    first = key()
    places.take(first, mine)
    for _ in range(2):
        with pytest.raises(GenerationError) as caught:
            places.take(key(), mine)
        assert caught.value.code == ErrorCode.SERVER_BUSY
    places.take(first, mine)
