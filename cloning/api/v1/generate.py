"""POST /api/v1/voice-clone/generate"""

import threading
import time

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse

from cloning.api.http import ApiError, api_view
from cloning.api.serializers import serialize_generation, status_url
from cloning.forms import GenerationForm
from cloning.jobs.submission import QueueFullError, submit
from cloning.models import Channel, Generation, Status

WAIT_POLL_SECONDS = 0.2

# A waiting call holds a thread of the web server: half of them may wait, so that pages and status calls stay quick.
waiting_calls = threading.BoundedSemaphore(settings.WEB_THREADS // 2)


@api_view("POST")
def generate(request: HttpRequest) -> HttpResponseBase:
    if request.content_type != "multipart/form-data":
        raise ApiError(415, "not_multipart", "Send the fields as multipart/form-data.")
    if not request.POST and not request.FILES:  # garbage is no error to Django's parser
        raise ApiError(
            400, "request_unreadable", "No field was found. Send multipart/form-data with a Content-Length."
        )
    form = GenerationForm(request.POST, request.FILES)
    if not form.is_valid():
        raise form_error(form)
    generation, references = form.save(Channel.API, request.user)
    try:
        submit(generation, references)
    except QueueFullError as error:
        raise ApiError(
            503,
            "queue_full",
            "Too many generations are waiting; try again in a minute.",
            retry_after_seconds=60,
        ) from error
    if "respond-async" not in request.headers.get("Prefer", "").lower():
        wait(generation)
    response = JsonResponse(serialize_generation(generation, request), status=response_status(generation))
    response["Location"] = status_url(generation)
    return response


FIELD_CODES = {"text": "text_unspeakable", "language": "language_unsupported", "voice": "voice_unknown"}


def form_error(form: GenerationForm) -> ApiError:
    """The first error of the form, under the code that `openapi.py` promises."""
    field, errors = next(iter(form.errors.as_data().items()))
    code = errors[0].code or "invalid"
    if code in ("invalid", "invalid_choice", "null_characters_not_allowed"):
        code = FIELD_CODES.get(field, "out_of_range")
    status = {"reference_too_large": 413, "ffmpeg_missing": 500}.get(code, 422)
    return ApiError(status, code, errors[0].messages[0], field)


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


def response_status(generation: Generation) -> int:
    if generation.status == Status.SUCCEEDED:
        return 201
    if generation.status == Status.FAILED:
        return 422 if generation.is_users_fault else 500
    return 409 if generation.status == Status.CANCELLED else 202
