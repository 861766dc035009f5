"""Which generations of the history are ticked."""

import uuid

from django.core.exceptions import BadRequest

from cloning.views.context import HtmxHttpRequest

MAX_SELECTED = 100


def read_selection(request: HtmxHttpRequest) -> list[uuid.UUID]:
    """Raises BadRequest, which no page leads to."""
    values = request.POST.getlist("id")
    try:
        ids = [uuid.UUID(value) for value in values[:MAX_SELECTED]]
    except ValueError as error:
        raise BadRequest("An id is none.") from error
    if len(values) > MAX_SELECTED:
        raise BadRequest(f"More than {MAX_SELECTED} are selected.")
    return ids
