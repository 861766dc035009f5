"""The forms of the pages of accounts: Django's, with our words, and with tries that are counted."""

import threading
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.forms import PasswordChangeForm, PasswordResetForm, SetPasswordForm, UserCreationForm
from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.template import loader
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloning.accounts.addresses import client_address
from cloning.accounts.sign_in import BURST, INTERVAL_SECONDS, logger, too_many_tries
from cloning.jobs.tries import Throttle

if TYPE_CHECKING:
    NewAccountForm = UserCreationForm[User]
    NewPasswordsForm = SetPasswordForm[User]
else:
    NewAccountForm, NewPasswordsForm = UserCreationForm, SetPasswordForm  # generic to mypy alone

MAIL_BURST, MAIL_INTERVAL_SECONDS = 3, 600.0
"""To one mailbox."""

accounts_made = Throttle("account", BURST, INTERVAL_SECONDS)
resets = Throttle("reset", BURST, INTERVAL_SECONDS)
mails = Throttle("mail", MAIL_BURST, MAIL_INTERVAL_SECONDS)
passwords_asked = Throttle("password", BURST, INTERVAL_SECONDS)


def explain_passwords() -> str:
    return _("At least %(least)d characters; nothing like your name, and none that many people have.") % {
        "least": settings.MIN_PASSWORD_CHARS
    }


PASSWORD_HELP: Any = lazy(explain_passwords, str)()
AGAIN: Any = gettext_lazy("The password again")


class CountedForm(forms.Form):
    """Of which nobody may send many."""

    wait_seconds = 0.0

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def take(self, throttle: Throttle, key: object) -> None:
        """Raises ValidationError."""
        self.wait_seconds = throttle.take(key)
        if self.wait_seconds:
            logger.warning("%s refused: too many tries", type(self).__name__)
            raise forms.ValidationError(too_many_tries(self.wait_seconds), code="too_many_tries")


class SignUpForm(CountedForm, NewAccountForm):
    class Meta(UserCreationForm.Meta):
        fields = ("username", "email")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = ""
        self.fields["username"].widget.attrs["autocomplete"] = "username"
        self.fields["password1"].help_text = PASSWORD_HELP
        self.fields["password2"].label, self.fields["password2"].help_text = AGAIN, ""
        self.fields["email"].label = gettext_lazy("E-mail address, for a forgotten password")
        if not settings.SENDS_MAIL:
            del self.fields["email"]

    def clean(self) -> dict[str, Any] | None:
        self.take(accounts_made, client_address(self.request))
        return super().clean()

    def make_account(self) -> User | None:
        """None where somebody took the name in this moment; the form says so."""
        try:
            with transaction.atomic():
                return self.save()
        except IntegrityError:
            self.add_error("username", self.instance.unique_error_message(User, ("username",)))
            return None


class NewPasswordForm(NewPasswordsForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = PASSWORD_HELP
        self.fields["new_password2"].label, self.fields["new_password2"].help_text = AGAIN, ""


class ChangePasswordForm(NewPasswordForm, PasswordChangeForm):
    wait_seconds = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = gettext_lazy("Present password")

    def clean_old_password(self) -> str:
        require_patience(self)
        return str(super().clean_old_password())


class PasswordAskedForm(forms.Form):
    """For what somebody who found the browser open must not do."""

    wait_seconds = 0.0
    password = forms.CharField(
        label=gettext_lazy("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        require_patience(self)
        password = str(self.cleaned_data["password"])
        if not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."), code="password_wrong")
        return password


class EmailForm(PasswordAskedForm):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    field_order = ("email", "password")


def require_patience(form: ChangePasswordForm | PasswordAskedForm) -> None:
    """Counts a try at the password of who is signed in. Raises ValidationError."""
    form.wait_seconds = passwords_asked.take(form.user.pk)
    if form.wait_seconds:
        logger.warning("Too many tries at the password of %r, who is signed in", form.user.get_username())
        raise forms.ValidationError(too_many_tries(form.wait_seconds), code="too_many_tries")


class ResetForm(CountedForm, PasswordResetForm):
    """Sends a link where there is such an account; whoever asks can't tell, by the answer or by the time it takes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = gettext_lazy("E-mail address")

    def clean(self) -> dict[str, Any] | None:
        self.take(resets, client_address(self.request))
        self.take(mails, str(self.cleaned_data.get("email", "")).casefold())
        return super().clean()

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        subject = " ".join(loader.render_to_string(subject_template_name, context).split())
        body = loader.render_to_string(email_template_name, context)
        mail = EmailMultiAlternatives(subject, body, from_email, [to_email])
        threading.Thread(target=send, args=(mail, context["user"]), daemon=True).start()


def send(mail: EmailMultiAlternatives, user: AbstractBaseUser) -> None:
    try:
        mail.send()
    except Exception:  # whatever the mail server does: nobody waits for it any more
        logger.exception("The link for %r was not sent", user.get_username())
