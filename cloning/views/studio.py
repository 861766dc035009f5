"""The page with the form and the newest generations."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cloning.forms import GenerationForm
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation
from cloning.text import LANGUAGES
from cloning.text.scripts import languages_by_script
from cloning.views.attempts import attempt, marked_invalid
from cloning.views.context import HtmxHttpRequest

PAGE_SIZE = 10


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HtmxHttpRequest) -> HttpResponse:
    if request.method != "POST":
        form = GenerationForm()
        form.choose_voice(request.GET.get("voice", ""))
        return render_home(request, form)
    form = GenerationForm(request.POST, request.FILES)
    if (generation := attempt(form, lambda: queue(form, request))) is None:
        return respond_to_invalid(request, form)
    if request.htmx:
        return render(request, "cloning/_submitted.html", {"form": form, "generation": generation})
    warn_of_language(request, generation)
    return redirect(generation)


def warn_of_language(request: HtmxHttpRequest, generation: Generation) -> None:
    """Surely wrong, but no error. The form's script says it before."""
    likely = languages_by_script(generation.text)
    if likely and generation.language not in likely:
        chosen = LANGUAGES[generation.language]
        messages.warning(
            request, f"The text does not look {chosen}. If it is not, choose its language and generate again."
        )


def queue(form: GenerationForm, request: HtmxHttpRequest) -> Generation:
    generation = form.build_generation(Channel.PAGE, request.user)
    submit(generation, form.uploads)
    return generation


def respond_to_invalid(request: HtmxHttpRequest, form: GenerationForm) -> HttpResponse:
    """The form as it was filled in, with what is wrong beside it."""
    partial = render(request, "cloning/_form.html", {"form": form}) if request.htmx else None
    return marked_invalid(partial or render_home(request, form), form)


def render_home(request: HtmxHttpRequest, form: GenerationForm) -> HttpResponse:
    rows = (
        Generation.objects.listed().with_begun_share().select_related("voice").prefetch_related("references")
    )
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "cloning/home.html", {"form": form, "page": page})
