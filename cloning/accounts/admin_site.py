"""The admin, with a sign-in that can't be guessed by trying and can't be shut to its owner by a stranger who tries.

Passwords may be tried a few times at once and then twice a minute from one address. A browser that has signed in before
is told from strangers by a cookie and has tries of its own (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies),
so that somebody behind the same proxy who uses up the others' does not keep its user out.
"""

import logging
import math
import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from cloning.accounts.addresses import client_address
from cloning.throttling import Throttle

logger = logging.getLogger(__name__)

BURST = 5
INTERVAL_SECONDS = 30.0
COOKIE = "signed_in_before"
COOKIE_SECONDS = 365 * 24 * 3600

tries = Throttle(BURST, INTERVAL_SECONDS)


class SignInForm(AdminAuthenticationForm):
    wait_seconds = 0.0

    def clean(self) -> dict[str, Any]:
        """Counts the try before the password is hashed, which takes half a second of CPU."""
        assert self.request is not None
        username = str(self.cleaned_data.get("username", ""))
        address = client_address(self.request)
        self.wait_seconds = tries.take(known_device(self.request, username) or address)
        if self.wait_seconds:
            logger.warning("Sign-in refused: too many tries from %s, last as %r", address, username)
            raise forms.ValidationError(
                f"Too many tries. Try again in {math.ceil(self.wait_seconds)} seconds.", code="too_many_tries"
            )
        try:
            cleaned: dict[str, Any] = super().clean()
        except forms.ValidationError:
            logger.warning("Sign-in failed as %r from %s", username, address)
            raise
        logger.info("Sign-in as %r from %s", username, address)
        return cleaned


class AdminSite(admin.AdminSite):
    site_header = "Voice cloning"
    site_title = "Voice cloning"
    enable_nav_sidebar = False  # five models; the lists need the width
    login_form = SignInForm

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().login(request, extra_context)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if isinstance(form, SignInForm) and form.wait_seconds:
            response.status_code = 429
            response["Retry-After"] = str(math.ceil(form.wait_seconds))
        elif request.method == "POST" and request.user.is_authenticated:
            remember_device(response, request.user.get_username())
        return response


def remember_device(response: HttpResponse, username: str) -> None:
    response.set_signed_cookie(
        COOKIE,
        f"{secrets.token_urlsafe(9)} {username}",
        salt=COOKIE,
        max_age=COOKIE_SECONDS,
        path=reverse("admin:index"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def known_device(request: HttpRequest, username: str) -> str | None:
    """What the cookie says, where this user has signed in with this browser before."""
    value = request.get_signed_cookie(COOKIE, default=None, salt=COOKIE, max_age=COOKIE_SECONDS)
    return value if value and value.partition(" ")[2] == username else None
