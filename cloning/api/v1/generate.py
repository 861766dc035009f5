"""POST /api/v1/voice-clone/generate"""

import threading
import time

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse

from cloning.api.http import api_view, error_response, set_retry_after
from cloning.api.serializers import GENERATION, ended_by, status_url
from cloning.errors import ErrorCode, GenerationError
from cloning.forms import GenerationForm, form_errors
from cloning.jobs.submission import submit
from cloning.models import Channel, Generation, Status

WAIT_POLL_SECONDS = 0.2

# A waiting call holds a thread of the web server: half of them may wait, so that pages and status calls stay quick.
waiting_calls = threading.BoundedSemaphore(settings.WEB_THREADS // 2)


@api_view("POST")
def generate(request: HttpRequest) -> HttpResponseBase:
    if request.content_type != "multipart/form-data":
        raise GenerationError(ErrorCode.NOT_MULTIPART, "Send the fields as multipart/form-data.")
    if not request.POST and not request.FILES:  # garbage is no error to Django's parser
        raise GenerationError(
            ErrorCode.REQUEST_UNREADABLE,
            "No field was found. Send multipart/form-data with a Content-Length.",
        )
    form = GenerationForm(request.POST, request.FILES)
    if not form.is_valid():
        return respond_to_invalid(form)
    generation = form.build_generation(Channel.API, request.user)
    submit(generation, form.uploads)
    if "respond-async" not in request.headers.get("Prefer", "").lower():
        wait(generation)
    return respond(generation, request)


def respond(generation: Generation, request: HttpRequest) -> JsonResponse:
    """The generation as it stands, under a status that says so."""
    response = JsonResponse(GENERATION.serialize(generation, request))
    response["Location"] = status_url(generation)
    response.status_code = 201 if generation.status == Status.SUCCEEDED else 202
    if error := ended_by(generation):
        response.status_code = error.code.status
        set_retry_after(response, error.code)
    return response


def respond_to_invalid(form: GenerationForm) -> JsonResponse:
    """The first error of the form."""
    error = form_errors(form)[0]
    return error_response(error.code, error.message, error.field if error.code.is_users_fault else None)


def wait(generation: Generation) -> None:
    """Until it has ended, API_WAIT_SECONDS are over, or at once when too many calls wait already."""
    if not waiting_calls.acquire(blocking=False):
        return
    try:
        give_up_at = time.monotonic() + settings.API_WAIT_SECONDS
        while generation.is_active and time.monotonic() < give_up_at:
            time.sleep(WAIT_POLL_SECONDS)
            try:
                generation.refresh_from_db()
            except Generation.DoesNotExist as error:
                raise Http404 from error
    finally:
        waiting_calls.release()
