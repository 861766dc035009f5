"""The page with the form and the newest generations."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cloning.forms import GenerationForm
from cloning.jobs.submission import QueueFullError, submit
from cloning.models import Channel, Generation
from cloning.storage.local import is_disk_full
from cloning.views.context import HtmxHttpRequest

PAGE_SIZE = 10


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HtmxHttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render_home(request, GenerationForm())
    form = GenerationForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            generation, references = form.save(Channel.PAGE, request.user)
            submit(generation, references)
        except QueueFullError:
            form.add_error(None, "Too many generations are waiting. Nothing is lost: try again in a minute.")
        except OSError as error:
            if not is_disk_full(error):
                raise
            form.add_error(None, "The server's disk is full. Nothing is lost: try again later.")
        else:
            if request.htmx:
                return render(request, "cloning/_submitted.html", {"form": form, "generation": generation})
            return redirect(generation)
    if request.htmx:
        return render(request, "cloning/_form.html", {"form": form}, status=422)
    return render_home(request, form, status=422)


def render_home(request: HtmxHttpRequest, form: GenerationForm, status: int = 200) -> HttpResponse:
    page = Paginator(Generation.objects.all(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "cloning/home.html", {"form": form, "page": page}, status=status)
