"""The pages on which people sign in and out, and make accounts where they may."""

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView, RedirectURLMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic.edit import FormView

from cloning.accounts.forms import SignUpForm
from cloning.accounts.invitations import is_first_account_due
from cloning.accounts.sign_in import SignInForm, mark_refused, remember_device
from cloning.jobs.audit import record
from cloning.models import Deed

SIGNED_OUT = "signed-out"


class WithAccounts:
    """A page that is there with REQUIRE_LOGIN alone, and answers what is wrong with the status that fits."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        if not settings.REQUIRE_LOGIN:
            raise Http404
        super().setup(request, *args, **kwargs)  # type: ignore[misc]

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)  # type: ignore[misc]
        response.status_code = 422
        if wait_seconds := getattr(form, "wait_seconds", 0.0):
            mark_refused(response, wait_seconds)
        return response


class ToNext(RedirectURLMixin):
    """Leads to the page of this site that was asked for before, or to the studio."""

    request: HttpRequest
    next_page = "home"

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        address = super().get_redirect_url()
        return "" if address == self.request.path else address


class SignIn(WithAccounts, ToNext, LoginView):
    template_name = "cloning/account/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "may_sign_up": settings.SIGN_UP,
            "is_first_account_due": is_first_account_due(),
            "is_signed_out": self.request.method == "GET" and SIGNED_OUT in self.request.GET,
        }

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        remember_device(response, form.get_user().get_username())
        return response


class SignOut(WithAccounts, LogoutView):
    """Says so by the address: a message would be shown on whichever page a script of the old one asks for meanwhile."""

    def get_default_redirect_url(self) -> str:
        return reverse("sign-in") + f"?{SIGNED_OUT}"


@method_decorator([login_not_required, never_cache, sensitive_post_parameters()], name="dispatch")
class SignUp(WithAccounts, ToNext, FormView):  # type: ignore[type-arg]  # generic to mypy alone
    template_name = "cloning/account/sign_up.html"
    form_class = SignUpForm

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        if not settings.SIGN_UP:
            raise Http404
        super().setup(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {"next": self.get_redirect_url()}

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        if (user := form.make_account()) is None:
            return self.form_invalid(form)
        login(self.request, user)
        response = super().form_valid(form)
        remember_device(response, user.get_username())
        record(Deed.SIGNED_IN, user=user, about="to a new account")
        return response
