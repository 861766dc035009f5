"""GET /speakers, /speakers_list and /sample/{name}.wav: voices by name, which is their id there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from cloning.api.http import require_trusted_origin
from cloning.api.v1.files import send_file
from cloning.api.voice_serializers import find_sample, sample_url
from cloning.api.xtts_server.calls import ROOT
from cloning.api.xtts_server.errors import respond, xtts_view
from cloning.engines import registry
from cloning.engines.base import StockVoice
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.forms.cast import find_cast_voice
from cloning.models import Scope, Voice, fold_name, is_owner

if TYPE_CHECKING:
    from cloning.models.ownership import AnyUser

SUFFIX = ".wav"
"""The voices of that server are files, and some programs send the name of one."""
MAX_VOICES = 1_000


@dataclass(frozen=True)
class Speaker:
    name: str
    language: str = ""
    has_sample: bool = False


@xtts_view(GET=Scope.READ)
def speakers(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    listed = [
        {
            "name": each.name,
            "voice_id": each.name,
            "preview_url": build_url(request, each.name) if each.has_sample else None,
        }
        | ({"lang": each.language} if each.language else {})
        for each in list_speakers(request.user)
    ]
    return JsonResponse(listed, safe=False)


@xtts_view(GET=Scope.READ)
def speakers_list(request: HttpRequest) -> HttpResponseBase:
    require_trusted_origin(request)
    return JsonResponse([each.name for each in list_speakers(request.user)], safe=False)


@xtts_view(GET=Scope.READ)
def sample(request: HttpRequest, name: str) -> HttpResponseBase:
    """A sentence that the voice speaks, once it has been spoken."""
    voice = find_speaker(name, request.user)
    found = find_sample(voice) if isinstance(voice, Voice) and sample_url(voice) else None
    if found is None:
        raise GenerationError(ErrorCode.FILE_UNKNOWN, "There is no sample of this voice, or not yet.")
    return send_file(request, found.pk, AudioFormat.WAV, respond)


def list_speakers(user: "AnyUser") -> list[Speaker]:
    """Those who `find_speaker` finds by these names: of two of one name that is the own, and a saved one before a
    stock voice.
    """
    voices = Voice.objects.speakable().visible_to(user).select_related("sample")[:MAX_VOICES]
    found = {fold_name(voice.name): voice for voice in own_last(voices, user)}
    listed = [Speaker(each.name, each.language, bool(sample_url(each))) for each in found.values()]
    stock = (each for each in registry.stock_voices() if fold_name(each.key) not in found)
    listed.sort(key=lambda each: fold_name(each.name))
    return listed + [Speaker(each.key, each.own_language) for each in stock]


def own_last(voices: Iterable[Voice], user: "AnyUser") -> list[Voice]:
    return sorted(voices, key=lambda voice: is_owner(user, voice))


def find_speaker(name: str, user: "AnyUser") -> Voice | StockVoice | None:
    return find_cast_voice(name, user) or find_cast_voice(name.removesuffix(SUFFIX), user)


def build_url(request: HttpRequest, name: str) -> str:
    """By the host that the caller has reached us at, and with the key that stood in its path."""
    key = getattr(request, "key_in_path", "")
    root = f"/{ROOT}/{quote(key, safe='')}" if key else f"/{ROOT}"
    return request.build_absolute_uri(f"{root}/sample/{quote(name, safe='')}{SUFFIX}")
