"""What every page is given, and what a request of a page is."""

from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from cloning.engines import registry
from cloning.engines.base import EngineEntry
from cloning.jobs.speaking import find_engine


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails  # set by its middleware


def engine(request: HtmxHttpRequest) -> dict[str, object]:
    """Context of every page: which engine speaks now, so that no page can leave it out."""
    return {"engine": SimpleLazyObject(find_engine_or_selected)}  # parts of pages do not ask


def find_engine_or_selected() -> EngineEntry:
    try:
        return find_engine()
    except DatabaseError:  # the page may be the one that says so
        return registry.selected()


PLACES = {
    "": "studio",
    "pronunciations": "studio",
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
