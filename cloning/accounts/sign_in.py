"""Signing in, on pages and in the admin: it can't be guessed by trying, nor shut to its owner by a stranger who tries.

A password may be tried a few times at once and then twice a minute from one address, and somewhat oftener for one user
from all addresses together. A browser that has signed in before is told from strangers by a cookie and has tries of its
own (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies), so that somebody who uses
up those of the address, or of the user, does not keep its owner out.
"""

import logging
import math
import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext

from cloning.accounts.addresses import client_address
from cloning.jobs.audit import record
from cloning.jobs.tries import Throttle
from cloning.models import Deed

logger = logging.getLogger(__name__)

BURST, INTERVAL_SECONDS = 5, 30.0
USER_BURST, USER_INTERVAL_SECONDS = 20, 15.0
"""More than one address has: a single stranger can't use up those of a user."""
COOKIE = "signed_in_before"
COOKIE_SECONDS = 365 * 24 * 3600

tries = Throttle("sign_in", BURST, INTERVAL_SECONDS)
tries_of_user = Throttle("sign_in_as", USER_BURST, USER_INTERVAL_SECONDS)


class SignInForm(AuthenticationForm):
    wait_seconds = 0.0

    def clean(self) -> dict[str, Any]:
        """Counts the try before the password is hashed, which takes half a second of CPU."""
        assert self.request is not None
        username = str(self.cleaned_data.get("username", ""))
        address = client_address(self.request)
        device = known_device(self.request, username)
        self.wait_seconds = tries.take(device or address)
        if not self.wait_seconds and device is None:
            self.wait_seconds = tries_of_user.take(username)
        if self.wait_seconds:
            logger.warning("Sign-in refused: too many tries from %s, last as %r", address, username)
            raise forms.ValidationError(too_many_tries(self.wait_seconds), code="too_many_tries")
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            logger.warning("Sign-in failed as %r from %s", username, address)
            record(Deed.SIGN_IN_FAILED, about=f"as {username}")
            raise
        tries.give_back(device or address)  # who knows the password is no stranger: an office has one address
        logger.info("Sign-in as %r from %s", username, address)
        record(Deed.SIGNED_IN, user=self.get_user())
        return cleaned


def too_many_tries(wait_seconds: float) -> str:
    seconds = math.ceil(wait_seconds)
    return ngettext(
        "Too many tries. Try again in %(seconds)d second.",
        "Too many tries. Try again in %(seconds)d seconds.",
        seconds,
    ) % {"seconds": seconds}


def mark_refused(response: HttpResponse, wait_seconds: float) -> None:
    response.status_code = 429
    response["Retry-After"] = str(math.ceil(wait_seconds))


def remember_device(response: HttpResponse, username: str) -> None:
    response.set_signed_cookie(
        COOKIE,
        f"{secrets.token_urlsafe(9)} {username}",
        salt=COOKIE,
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def known_device(request: HttpRequest, username: str) -> str | None:
    """What the cookie says, where this user has signed in with this browser before."""
    value = request.get_signed_cookie(COOKIE, default=None, salt=COOKIE, max_age=COOKIE_SECONDS)
    return value if value and value.partition(" ")[2] == username else None
