"""What every page is given, and what a request of a page is."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.db import DatabaseError
from django.http import Http404, HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from cloning.engines import registry
from cloning.engines.base import EngineEntry
from cloning.jobs.limits import Standing, read_standings
from cloning.jobs.speaking import find_engine
from cloning.quantities import Quantity


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails  # set by its middleware


def account(request: HttpRequest) -> dict[str, object]:
    """Context of every page: who is signed in, and whether one has to be."""
    return {
        "account": SimpleLazyObject(lambda: find_account(request)),
        "requires_login": settings.REQUIRE_LOGIN,
    }


def find_account(request: HttpRequest) -> AbstractBaseUser | None:
    try:
        return request.user if request.user.is_authenticated else None
    except (
        AttributeError,
        DatabaseError,
    ):  # the page may be the one that says so, of the very first middleware
        return None


def account_of(request: HtmxHttpRequest) -> User:
    """Who is signed in, for pages of their own. Raises Http404 where there are no accounts."""
    if not settings.REQUIRE_LOGIN or not isinstance(request.user, User):
        raise Http404("There are no accounts.")
    return request.user


def engine(request: HtmxHttpRequest) -> dict[str, object]:
    """Context of every page: which engine speaks now, so that no page can leave it out."""
    return {"engine": SimpleLazyObject(find_engine_or_selected)}  # parts of pages do not ask


def find_engine_or_selected() -> EngineEntry:
    try:
        return find_engine()
    except DatabaseError:  # the page may be the one that says so
        return registry.selected()


def allowances(request: HttpRequest) -> dict[str, object]:
    """Context of every page, looked up where it is shown: what of a day's limits is used."""
    return {"allowances": SimpleLazyObject(read_allowances)}


def read_allowances() -> list[Standing]:
    """Of characters and of speech, the one of each that ends first."""
    found = (read_standings(quantity) for quantity in (Quantity.CHARACTERS, Quantity.SPEECH))
    return [min(standings, key=lambda each: each.left) for standings in found if standings]


PLACES = {
    "": "studio",
    "books": "studio",
    "pronunciations": "studio",
    "batches": "studio",
    "voices": "voices",
    "generations": "history",
    "history": "history",
    "api": "api",
}
"""By the first part of the path, what of the header is marked as the place where one is."""


def place(request: HttpRequest) -> dict[str, str]:
    return {"place": PLACES.get(request.path.strip("/").split("/")[0], "")}


def page_of(request: HtmxHttpRequest, otherwise: str) -> str:
    """The page of this site that a form came from, by its field `next`."""
    address = request.POST.get("next", "")
    is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if is_ours else otherwise
