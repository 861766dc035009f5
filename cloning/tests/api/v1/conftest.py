"""What the tests of version 1 share."""

import pytest

from cloning.models import Generation
from cloning.tests.performing import perform
from cloning.tests.speaking import THREE, accept_sounds


@pytest.fixture
def three(make_generation) -> Generation:
    """Spoken and joined."""
    return perform(make_generation(text=THREE))


@pytest.fixture
def said(make_generation) -> Generation:
    """Its one sentence has a take, for what does not listen to it."""
    return accept_sounds(make_generation())
