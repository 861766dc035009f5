"""Forms of pages that were sent: what they ask for is done, or they say why not."""

from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from cloning.api.http import explain_error, set_retry_after
from cloning.forms import form_errors
from cloning.forms.messages import in_page_language

Result = TypeVar("Result")


def attempt(form: BaseForm, act: Callable[[], Result]) -> Result | None:
    """What `act` returns; None when the form now says why it was not done."""
    try:
        return act() if form.is_valid() else None
    except Exception as error:
        if (known := explain_error(error)) is None:
            raise
        message = in_page_language(str(known))
        setattr(form, "retry_after_seconds", known.retry_after_seconds)  # noqa: B010  # which Django's has not
        if known.code.status == 503 or (known.retry_after_seconds and not known.field):
            form.add_error(None, ValidationError(not_now(message), code=known.code))
        elif known.field in form.fields:
            form.add_error(known.field, ValidationError(message, code=known.code))
        elif known.code.status == 404:
            raise Http404(str(known)) from error
        elif known.code.is_users_fault:
            form.add_error(None, ValidationError(message, code=known.code))
        else:
            raise
        return None


def not_now(message: str) -> str:
    return _("%(message)s Nothing is lost: try again later.") % {"message": message}


def retry_after_of(form: BaseForm) -> int | None:
    return getattr(form, "retry_after_seconds", None)


def marked_invalid(response: HttpResponse, form: BaseForm) -> HttpResponse:
    """With the status that fits what is wrong."""
    response.status_code = 422
    for error in form_errors(form):
        if error.code.status in (429, 503):
            response.status_code = error.code.status
            set_retry_after(response, retry_after_of(form) or error.code.retry_after_seconds)
    return response
