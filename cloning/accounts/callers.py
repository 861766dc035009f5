"""Who makes a call of the API: the owner of a key, who is signed in on the pages, or nobody."""

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs.keys import find_key, note_use
from cloning.models import ApiKey, Scope

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def identify_caller(request: HttpRequest) -> None:
    """Sets `request.user`, and `request.api_key` where there is one. Raises GenerationError (KEY_INVALID).

    Without REQUIRE_LOGIN there are no keys, and one that a program always sends is not looked at. A cookie is sent
    by the browser, whoever asks it to: for what changes something it counts only together with the CSRF token.
    """
    if settings.REQUIRE_LOGIN and (secret := read_bearer(request)) is not None:
        if (key := find_key(secret)) is None:
            raise GenerationError(
                ErrorCode.KEY_INVALID, "This key is not known, or it was revoked or has expired."
            )
        note_use(key)
        request.user = key.owner
        setattr(request, "api_key", key)  # noqa: B010  # which HttpRequest does not declare
    elif request.method not in SAFE_METHODS and not has_csrf_token(request):
        request.user = AnonymousUser()


def require_permission(request: HttpRequest, scope: Scope) -> None:
    """Raises GenerationError (LOGIN_REQUIRED, SCOPE_MISSING)."""
    if settings.REQUIRE_LOGIN and not request.user.is_authenticated:
        raise GenerationError(
            ErrorCode.LOGIN_REQUIRED,
            "Send a key: “Authorization: Bearer vc_…”. Keys are made on the account's page.",
        )
    require_scope(api_key_of(request), scope)


def require_scope(key: ApiKey | None, scope: Scope) -> None:
    """Raises GenerationError (SCOPE_MISSING)."""
    if key and scope not in key.scopes:
        raise GenerationError(
            ErrorCode.SCOPE_MISSING, f"This key may not do that: it has no scope “{scope}”."
        )


def api_key_of(request: HttpRequest) -> ApiKey | None:
    """The key that the call was made with."""
    return getattr(request, "api_key", None)


def read_bearer(request: HttpRequest) -> str | None:
    """What comes after “Bearer”; None where nothing of the kind was sent."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


class TokenCheck(CsrfViewMiddleware):
    """Django's, which says why instead of answering."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponse:
        return HttpResponse(reason, status=403)


def ignore(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError  # the check calls no view


def has_csrf_token(request: HttpRequest) -> bool:
    """In the header X-CSRFToken or the field csrfmiddlewaretoken, and fitting its cookie."""
    if not request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        return False  # nobody is signed in; spares reading the body
    return TokenCheck(ignore).process_view(request, ignore, (), {}) is None
