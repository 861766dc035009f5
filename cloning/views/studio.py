"""The page with the form and the newest generations."""

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cloning.api.http import explain_error, set_retry_after
from cloning.forms import GenerationForm, form_errors
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation
from cloning.views.context import HtmxHttpRequest

PAGE_SIZE = 10


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HtmxHttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render_home(request, GenerationForm())
    form = GenerationForm(request.POST, request.FILES)
    if (generation := submit_form(form, request)) is None:
        return respond_to_invalid(request, form)
    if request.htmx:
        return render(request, "cloning/_submitted.html", {"form": form, "generation": generation})
    return redirect(generation)


def submit_form(form: GenerationForm, request: HtmxHttpRequest) -> Generation | None:
    """The queued generation; None when the form now says why there is none."""
    try:
        if not form.is_valid():
            return None
        generation = form.build_generation(Channel.PAGE, request.user)
        submit(generation, form.uploads)
    except Exception as error:
        if (known := explain_error(error)) is None:
            raise
        if known.code.status == 503:
            form.add_error(
                None, ValidationError(f"{known} Nothing is lost: try again later.", code=known.code)
            )
        elif known.code.field in form.fields:
            form.add_error(known.code.field, ValidationError(str(known), code=known.code))
        else:
            raise
        return None
    return generation


def respond_to_invalid(request: HtmxHttpRequest, form: GenerationForm) -> HttpResponse:
    """The form as it was filled in, with what is wrong beside it."""
    partial = render(request, "cloning/_form.html", {"form": form}) if request.htmx else None
    response = partial or render_home(request, form)
    response.status_code = 422
    for error in form_errors(form):
        if error.code.status == 503:
            response.status_code = 503
            set_retry_after(response, error.code)
    return response


def render_home(request: HtmxHttpRequest, form: GenerationForm) -> HttpResponse:
    rows = Generation.objects.with_begun_share().select_related("voice").prefetch_related("references")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "cloning/home.html", {"form": form, "page": page})
