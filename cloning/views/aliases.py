"""The page of the names that programs ask for: which voice each means."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cloning.forms.aliases import AliasesForm
from cloning.jobs import aliases as changes
from cloning.views.attempts import attempt, marked_invalid
from cloning.views.context import HtmxHttpRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def aliases(request: HtmxHttpRequest) -> HttpResponse:
    """POST saves all of them."""
    if request.method != "POST":
        return render_page(request, AliasesForm(user=request.user))
    form = AliasesForm(request.POST, user=request.user)
    if attempt(form, lambda: save(form)) is None:
        return marked_invalid(render_page(request, form), form)
    messages.success(request, _("Saved. Programs that ask for these names get these voices from now on."))
    return redirect("aliases")


def save(form: AliasesForm) -> bool:
    changes.save(form.meanings, form.user)
    return True


def render_page(request: HtmxHttpRequest, form: AliasesForm) -> HttpResponse:
    return render(request, "cloning/voices/aliases.html", {"form": form})
