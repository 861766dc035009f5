"""The page on which the owner of a voice takes back that it was made."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cloning.errors import GenerationError
from cloning.forms.messages import in_page_language
from cloning.jobs import revoking
from cloning.views.context import HtmxHttpRequest
from cloning.views.voices import fetch_own


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Says what goes; POST revokes the voice. What takes longer to delete, a worker deletes."""
    voice = fetch_own(request, pk)
    if request.method != "POST":
        context = {"voice": voice, "goes": revoking.foresee(voice)}
        return render(request, "cloning/voices/revoke.html", context)
    try:
        revoked = revoking.revoke(voice, revoking.REQUEST_SECONDS)
    except GenerationError as error:
        messages.warning(request, in_page_language(str(error)))
        return redirect("revoke-voice", pk)
    if revoked is None:
        raise Http404("It was revoked in this moment.")
    messages.success(request, describe(revoked))
    return redirect("voices")


def describe(revoked: revoking.Revocation) -> str:
    if not revoked.is_finished:
        return _(
            "The voice is revoked: nobody can speak with it or hear it. Its files are being deleted in this moment."
        )
    said = ngettext(
        "The voice is revoked. %(count)d generation that was spoken with it is deleted.",
        "The voice is revoked. %(count)d generations that were spoken with it are deleted.",
        revoked.generations,
    )
    return said % {"count": revoked.generations}
