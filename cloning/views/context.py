"""What every page is given, and what a request of a page is."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from cloning.engines import registry
from cloning.engines.base import EngineEntry


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails  # set by its middleware


def engine(request: HtmxHttpRequest) -> dict[str, EngineEntry]:
    """Context of every page: which engine speaks now, so that no page can leave it out."""
    return {"engine": registry.selected()}


PLACES = {"": "studio", "voices": "voices", "generations": "history", "history": "history", "api": "api"}
"""By the first part of the path, what of the header is marked as the place where one is."""


def place(request: HttpRequest) -> dict[str, str]:
    return {"place": PLACES.get(request.path.split("/")[1], "")}
