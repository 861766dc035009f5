"""What to read aloud for a recording: a text for a clip, or the sentence of a statement."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from cloning.forms.agreements import write_sentence
from cloning.text.reading_scripts import READING_SCRIPTS

KEPT_SECONDS = 3600


@require_safe
@cache_control(private=True, max_age=KEPT_SECONDS)
def reading_script(request: HttpRequest) -> HttpResponse:
    """In the language asked for; where that is none of ours, in that of the page."""
    asked = (request.GET.get("language", ""), (get_language() or "").partition("-")[0], "en")
    language = next(code for code in asked if code in READING_SCRIPTS)
    context = {"language": language, "text": READING_SCRIPTS[language]}
    return render(request, "cloning/_reading_script.html", context)


@require_safe
@cache_control(private=True, max_age=KEPT_SECONDS)
def statement_script(request: HttpRequest) -> HttpResponse:
    """In the language asked for; where there is no sentence in it, in that of the page."""
    asked = request.GET.get("statement_language", "") or request.GET.get("language", "")
    return render(request, "cloning/_reading_script.html", write_sentence(asked))
