"""An answer that is still to come."""

from collections.abc import Awaitable, Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from cloning.jobs.notifications import Arrivals


class DeferredResponse(HttpResponse):
    """What a view returns that waits: it holds no thread meanwhile, and is dropped when the client leaves.

    `until` is awaited by the server's event loop, with its arrivals; then `answer` is called in a thread. The headers
    of this response, which the middleware has set, go to the answer's.
    """

    def __init__(
        self, until: Callable[[Arrivals], Awaitable[None]], answer: Callable[[], HttpResponseBase]
    ) -> None:
        super().__init__()
        del self["Content-Type"]
        self.until = until
        self._answer = answer

    def complete(self) -> HttpResponseBase:
        return with_headers_of(self, self._answer())


def with_headers_of(deferred: HttpResponseBase, answer: HttpResponseBase) -> HttpResponseBase:
    """What middleware and view have set on the one, and the other has not."""
    for name, value in deferred.items():
        if name not in answer and name != "Content-Length":
            answer[name] = value
    answer.cookies.update(deferred.cookies)
    return answer


def can_defer(request: HttpRequest) -> bool:
    """Whether this request came through `handler.Handler`, which alone completes a DeferredResponse."""
    return getattr(request, "is_deferrable", False)
