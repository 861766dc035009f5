"""Many files as one ZIP, sent while it is made."""

import threading
from collections.abc import Iterable

from django.http import HttpResponseBase, StreamingHttpResponse

from cloning.storage.archives import Entry, zip_files
from cloning.storage.responses import attachment

MAX_AT_ONCE = 4
"""Archives that are on their way; each takes a thread now and then, and in a bucket a file's time."""

places = threading.BoundedSemaphore(MAX_AT_ONCE)


def send_archive(entries: Iterable[Entry], name: str) -> HttpResponseBase:
    """Gives its place back when it is closed."""
    response = StreamingHttpResponse(zip_files(entries), content_type="application/zip")
    response._resource_closers.append(places.release)  # type: ignore[attr-defined]
    response["Content-Disposition"] = attachment(name)
    response["Cache-Control"] = "no-store"
    return response
