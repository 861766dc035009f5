"""What applies to every request, before any view."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.files.storage import storages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from cloning.accounts.addresses import FORWARDED_HEADERS, client_address, comes_from_proxy
from cloning.api.http import is_api_path
from cloning.api.xtts_server import calls as xtts_server
from cloning.forms.messages import in_page_language
from cloning.jobs.acting import Actor, acting
from cloning.jobs.limits import LimitError, count_request
from cloning.logs import about
from cloning.metrics import REQUESTS
from cloning.server.bodies import refuse_size
from cloning.storage.uploads import UploadHandler
from cloning.throttling import Throttle
from cloning.views import errors
from cloning.views.context import HtmxHttpRequest

logger = logging.getLogger(__name__)
distrust = Throttle(1, 60.0)  # a stranger is not to fill the log

PAGE_ABOUT_THE_API = "/api/"

MAX_NEXT_CHARS = 1000
"""Of the address of a page that one is led back to; Django leads to none above 2048."""

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

GetResponse = Callable[[HttpRequest], HttpResponse]

POLICY = {
    "default-src": "'self'",
    "media-src": "'self' blob:",  # blob: plays the recording before it is sent
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def trust_proxies(get_response: GetResponse) -> GetResponse:
    """Drops what anybody but a trusted proxy says in X-Forwarded-*; before all else, which then need not ask."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not comes_from_proxy(request):
            said = [name for name in FORWARDED_HEADERS if request.META.pop(name, None) is not None]
            if said and is_https_public() and not distrust.take("warning"):
                logger.warning(
                    "What %s says in X-Forwarded-* does not count: TRUSTED_PROXIES does not name it",
                    client_address(request),
                )
        elif host := request.META.get("HTTP_X_FORWARDED_HOST"):  # of several proxies the nearest one's
            request.META["HTTP_X_FORWARDED_HOST"] = host.rpartition(",")[2].strip()
        return get_response(request)

    return middleware


def is_https_public() -> bool:
    return bool(settings.BASE_URL.startswith("https://"))


KEY_IN_PATH = re.compile(rf"/+{xtts_server.ROOT}/+(?P<key>[^/]+)(?P<rest>/.*)?", re.DOTALL)


def take_key_from_path(get_response: GetResponse) -> GetResponse:
    """Of /xtts/KEY/… makes /xtts/…, and a header of the key, which the source of an `<audio>` can't have.

    It comes before all that names the address in a log. Whatever stands in its place is taken for a key, so that one
    that was mistyped is in no log, either.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        found = KEY_IN_PATH.fullmatch(request.path_info)
        if found is None or found["key"] in xtts_server.CALLS:
            return get_response(request)
        before = request.path.removesuffix(request.path_info)
        request.path_info = f"/{xtts_server.ROOT}{found['rest'] or '/'}"
        request.path = before + request.path_info
        request.META["PATH_INFO"] = request.path_info
        request.META["HTTP_AUTHORIZATION"] = f"Bearer {found['key']}"
        setattr(request, "key_in_path", found["key"])  # noqa: B010  # which HttpRequest does not declare
        response = get_response(request)
        response["Referrer-Policy"] = "no-referrer"
        return response

    return middleware


def name_request(get_response: GetResponse) -> GetResponse:
    """X-Request-ID as a proxy sent it, or a new one: in the answer, and in each line of the log about it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "")
        request_id = sent if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", sent) else uuid.uuid4().hex
        with about(request_id=request_id):
            response = get_response(request)
        response["X-Request-ID"] = request_id
        return response

    return middleware


def measure(get_response: GetResponse) -> GetResponse:
    """Until the answer begins: how long a stream goes on is its listener's choice."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started_at = time.monotonic()
        response = get_response(request)
        view = request.resolver_match.view_name if request.resolver_match else ""
        method = request.method if request.method in METHODS else "other"  # a stranger may call one anything
        REQUESTS.labels(method, view or "none", response.status_code).observe(time.monotonic() - started_at)
        return response

    return middleware


def content_security_policy(get_response: GetResponse) -> GetResponse:
    """Nothing is loaded from anywhere else and no inline script runs; sound may come from the bucket it is sent to."""
    bucket = f" {find_bucket_origin()}" if settings.S3_SIGNED_REDIRECT else ""
    policy = "; ".join(
        f"{name} {sources}{bucket if name == 'media-src' else ''}" for name, sources in POLICY.items()
    )

    for_frames = policy.replace("frame-ancestors 'none'", "frame-ancestors *")

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        may_be_framed = getattr(response, "xframe_options_exempt", False)
        response.headers.setdefault("Content-Security-Policy", for_frames if may_be_framed else policy)
        return response

    return middleware


def find_bucket_origin() -> str:
    """Scheme and host of the addresses that the bucket's files get. Raises OSError without credentials."""
    from cloning.storage.s3 import S3Storage  # and boto3, only where there is a bucket

    storage = storages["default"]
    assert isinstance(storage, S3Storage)  # as the settings see to
    address = urlsplit(storage.sign_url("generated/any", "audio/wav"))
    return f"{address.scheme}://{address.netloc}"


class CompressPages(GZipMiddleware):
    """Pages and their parts alone: sound is compressed already, and what the API sends has ETags."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith("text/html"):
            return response
        return super().process_response(request, response)


class ChooseLanguage(LocaleMiddleware):
    """Of pages: as was chosen in the header, else as the browser asks. The API and the admin speak English."""

    def process_request(self, request: HttpRequest) -> None:
        if is_english(request):
            translation.activate("en")
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if is_english(request):
            return response
        patch_vary_headers(response, ["Cookie"])
        return super().process_response(request, response)


def is_english(request: HttpRequest) -> bool:
    """All of the API but the page about it; and the admin, whose names of tables and columns are English."""
    path = request.path
    return path.startswith("/admin/") or (is_api_path(path) and path != PAGE_ABOUT_THE_API)


class RequireLogin(LoginRequiredMiddleware):
    """With REQUIRE_LOGIN pages are for who has signed in; `login_not_required` marks the others.

    The API answers strangers itself, in JSON, and the admin has a page of its own to sign in on.
    """

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        is_api = is_api_path(request.path) and request.path != PAGE_ABOUT_THE_API
        if is_api or not settings.REQUIRE_LOGIN:
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseBase:  # type: ignore[override]
        response = redirect_to_login(page_before(request), self.get_login_url(view_func))
        # The part of a page that HTMX asks for would else become the page to sign in on.
        return HttpResponseClientRedirect(response.url) if htmx_of(request) else response


def htmx_of(request: HttpRequest) -> HtmxDetails:
    return cast(HtmxHttpRequest, request).htmx


def page_before(request: HttpRequest) -> str:
    """The page of this site on which somebody is who has to sign in, or that they asked for."""
    if htmx := htmx_of(request):
        address = htmx.current_url_abs_path or ""
    elif request.method in ("GET", "HEAD"):
        address = request.get_full_path()
    else:
        referrer = urlsplit(request.headers.get("Referer", ""))
        address = referrer.path if referrer.netloc == request.get_host() else ""
    return address if len(address) <= MAX_NEXT_CHARS else "/"


def know_actor(get_response: GetResponse) -> GetResponse:
    """Who asks, for limits and for the log of deeds; the API finds out by itself. Counts the forms that are sent."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with acting(Actor(request.user, None, client_address(request))):
            if request.method == "POST" and not is_english(request):
                try:
                    count_request()
                except LimitError as error:
                    return errors.refuse_for_now(request, error)
            return get_response(request)

    return middleware


def close_uploads(get_response: GetResponse) -> GetResponse:
    """Django closes what it could read to the end; of a body that breaks off it forgets the file in hand."""

    def middleware(request: HttpRequest) -> HttpResponse:
        handler = UploadHandler(request)
        request.upload_handlers = [handler]
        try:
            return get_response(request)
        finally:
            handler.close()

    return middleware


def refuse(get_response: GetResponse) -> GetResponse:
    """Answers what no view is needed for: a body that is too large, or that the server did not read to its end."""

    def middleware(request: HttpRequest) -> HttpResponse:
        refusal = getattr(request, "refusal", None) or refuse_size(content_length(request))
        if refusal is None:
            return get_response(request)
        return errors.respond(request, refusal.code, _("Not taken"), in_page_language(str(refusal)))

    return middleware


def content_length(request: HttpRequest) -> int:
    """0 where it is no number: Django then takes it that there is no body."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
