"""Voices: a name for the references of a generation."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from cloning.forms import VoiceForm
from cloning.jobs.submission import save_voice as save_voice_of
from cloning.models import Generation
from cloning.views.context import HtmxHttpRequest
from cloning.views.sentences import describe


@require_POST
def save_voice(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Generation, pk=pk)
    form = VoiceForm(request.POST)
    if not form.is_valid():
        return render(request, "cloning/generation.html", describe(found) | {"voice_form": form}, status=422)
    voice = save_voice_of(found, form.cleaned_data["name"])
    messages.success(request, f"The voice “{voice}” is saved. Choose it in the form instead of a reference.")
    return redirect("home")
