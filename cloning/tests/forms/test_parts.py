"""Which part of a clip may be asked for."""

import pytest
from django.core.exceptions import ValidationError

from cloning.coach import Part
from cloning.forms.parts import NumbersField, pair, resolve


@pytest.mark.parametrize(
    ("ends", "part"),
    [
        ((None, None), None),
        ((0.0, 10.0), None),
        ((None, 10.09), None),
        ((2.0, None), Part(2.0, 10.0)),
        ((1.234, 5.678), Part(1.23, 5.68)),
        ((9.0, 10.05), Part(9.0, 10.0)),
    ],
)
def test_a_part_of_the_clip(ends, part) -> None:
    assert resolve(ends, 10.0) == part


@pytest.mark.parametrize(
    ("ends", "field"),
    [
        ((-1.0, 5.0), "start_seconds"),
        ((10.0, None), "start_seconds"),
        ((0.0, 11.0), "end_seconds"),
        ((5.0, 5.5), "end_seconds"),
        ((8.0, 2.0), "end_seconds"),
    ],
)
def test_what_is_no_part_of_it(ends, field) -> None:
    with pytest.raises(ValidationError) as caught:
        resolve(ends, 10.0)
    assert list(caught.value.error_dict) == [field]


def test_numbers_stand_for_clips_in_their_order() -> None:
    assert NumbersField(required=False).clean(["1,5", "", " 2 "]) == [1.5, None, 2.0]
    assert NumbersField(required=False).clean(None) == []
    for wrong in ("nan", "inf", "one", "1" * 400):
        with pytest.raises(ValidationError):
            NumbersField(required=False).clean([wrong])
    assert pair([1.0, None], [], 2) == [(1.0, None), (None, None)]
    with pytest.raises(ValidationError):
        pair([1.0], [], 2)
