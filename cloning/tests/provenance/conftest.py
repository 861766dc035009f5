import pytest

from cloning.provenance import Credentials
from voiceclone_site.certificates import make_credentials


@pytest.fixture(scope="session")
def credentials() -> Credentials:
    made = make_credentials()
    return Credentials.parse(made, made)


@pytest.fixture(scope="session")
def other_credentials() -> Credentials:
    """Of another server."""
    made = make_credentials()
    return Credentials.parse(made, made)
