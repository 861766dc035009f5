"""The admin, with the sign-in of the page's rules."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse

from cloning.accounts.sign_in import SignInForm, mark_refused, remember_device


class AdminSignInForm(SignInForm, AdminAuthenticationForm):
    """For staff alone."""


class AdminSite(admin.AdminSite):
    site_header = "Voice cloning"
    site_title = "Voice cloning"
    enable_nav_sidebar = False  # five models; the lists need the width
    login_form = AdminSignInForm

    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().login(request, extra_context)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if isinstance(form, AdminSignInForm) and form.wait_seconds:
            mark_refused(response, form.wait_seconds)
        elif request.method == "POST" and request.user.is_authenticated:
            remember_device(response, request.user.get_username())
        return response
