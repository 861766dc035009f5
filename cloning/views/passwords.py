"""The pages on which people change a password, have a link sent, and set a password by a link."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import (
    PasswordChangeView,
    PasswordResetConfirmView,
    PasswordResetView,
)
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic.base import TemplateView

from cloning.accounts.forms import ChangePasswordForm, NewPasswordForm, ResetForm
from cloning.accounts.sign_in import remember_device
from cloning.jobs.audit import record
from cloning.models import Deed
from cloning.views.sign_in import WithAccounts


class ChangePassword(WithAccounts, PasswordChangeView):
    template_name = "cloning/account/change_password.html"
    form_class = ChangePasswordForm
    success_url = reverse_lazy("account")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, _("The password is changed. Other browsers are signed out."))
        return response


class ResetPassword(WithAccounts, PasswordResetView):
    """Without EMAIL_URL it says whom to ask."""

    template_name = "cloning/account/reset_password.html"
    form_class = ResetForm
    subject_template_name = "cloning/account/reset_subject.txt"
    email_template_name = "cloning/account/reset_mail.txt"
    success_url = reverse_lazy("reset-sent")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"sends_mail": settings.SENDS_MAIL}

    def form_valid(self, form: Any) -> HttpResponse:
        if not settings.SENDS_MAIL:
            return self.form_invalid(form)
        origin = settings.BASE_URL or f"{self.request.scheme}://{self.request.get_host()}"
        self.extra_email_context = {"origin": origin}
        return super().form_valid(form)


@method_decorator([login_not_required, never_cache], name="dispatch")
class ResetSent(WithAccounts, TemplateView):
    template_name = "cloning/account/reset_sent.html"


class SetPassword(WithAccounts, PasswordResetConfirmView):
    template_name = "cloning/account/set_password.html"
    form_class = NewPasswordForm
    post_reset_login = True
    success_url = reverse_lazy("home")

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> HttpResponse:
        status = 200 if self.validlink else 404
        return super().render_to_response(context, **{"status": status, **response_kwargs})

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        remember_device(response, form.user.get_username())
        record(Deed.SIGNED_IN, user=form.user, about="by a link, which set the password")
        messages.success(self.request, _("The password is set, and you are signed in."))
        return response
