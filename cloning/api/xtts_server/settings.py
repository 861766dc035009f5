"""What a program sets, which is kept for its key alone; and what it may read and change of the server, which is
little: no call names a folder or a file of it.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning.accounts.callers import api_key_of
from cloning.api.http import ANYBODY, read_json
from cloning.api.xtts_server.errors import xtts_view
from cloning.errors import ErrorCode, GenerationError
from cloning.forms import form_errors
from cloning.forms.xtts_settings import XttsSettingsForm
from cloning.jobs import xtts_settings
from cloning.jobs.acting import current_actor
from cloning.jobs.speaking import find_engine
from cloning.models import Scope
from cloning.models.xtts_settings import SETTINGS
from cloning.text import LANGUAGES

USED = ("temperature", "speed")
"""Which the engines of this server look at."""
CODES = {"zh": "zh-cn"}
"""Of languages, where that server has others; both are understood."""


@xtts_view(GET=ANYBODY)
def languages(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse({"languages": {name: CODES.get(code, code) for code, name in LANGUAGES.items()}})


@xtts_view(GET=Scope.READ)
def get_models_list(request: HttpRequest) -> HttpResponseBase:
    return JsonResponse([find_engine().name], safe=False)


@xtts_view(GET=Scope.READ)
def get_folders(request: HttpRequest) -> HttpResponseBase:
    """Of which a caller is to know nothing."""
    return JsonResponse(dict.fromkeys(("speaker_folder", "output_folder", "model_folder"), ""))


@xtts_view(GET=Scope.READ)
def get_tts_settings(request: HttpRequest) -> HttpResponseBase:
    require_key(request)
    return JsonResponse(xtts_settings.find(current_actor()).values)


@xtts_view(POST=Scope.SPEAK)
def set_tts_settings(request: HttpRequest) -> HttpResponseBase:
    require_key(request)
    form = XttsSettingsForm(read_json(request), instance=xtts_settings.find(current_actor()))
    if not form.is_valid():
        error = form_errors(form)[0]
        raise GenerationError(error.code, f"{error.field}: {error.message}", field=error.field)
    xtts_settings.save(form.instance)
    ignored = [name for name in SETTINGS if name not in USED]
    return JsonResponse({"message": "Settings successfully applied", "ignored": ignored})


@xtts_view(POST=ANYBODY)
def refuse(request: HttpRequest, call: str) -> HttpResponseBase:
    raise GenerationError(
        ErrorCode.NOT_OFFERED,
        f"There is no {call} here: folders, files and models are the operator's to choose, in the settings.",
    )


def require_key(request: HttpRequest) -> None:
    """Where there are accounts: a cookie is sent by the browser, whatever page asks it to, and has no settings of its
    own. Raises GenerationError (LOGIN_REQUIRED).
    """
    if settings.REQUIRE_LOGIN and api_key_of(request) is None:
        raise GenerationError(
            ErrorCode.LOGIN_REQUIRED,
            "Send a key, in the address (/xtts/KEY/…) or as “Authorization: Bearer …”.",
        )
