"""Stored audio over HTTP, with byte ranges (RFC 9110, section 14): players seek in it and resume downloads."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import quote

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db.models.fields.files import FieldFile
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header

from cloning.models import Reference, Voice, VoiceConsent
from cloning.storage.voice_archives import VoiceArchive

CHUNK_BYTES = 64 * 1024
WITHOUT_DECOMPOSITION = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


def audio_response(
    request: HttpRequest, stored: FieldFile, content_type: str, *, download_name: str = ""
) -> HttpResponseBase:
    """The whole file (200), the one range that was asked for (206), or 304 for a known ETag.

    A file never changes under its name, so the name is the ETag. Several ranges at once are answered with the whole
    file, as the RFC allows. Raises Http404 when the storage has lost the file.
    """
    etag = f'"{stored.name}"'
    if is_known(request, etag):
        return with_headers(HttpResponseNotModified(), etag)
    if settings.S3_SIGNED_REDIRECT and request.method == "GET":
        return redirect_to_bucket(stored, content_type, attachment(download_name) if download_name else "")
    try:
        file = stored.open("rb")
        size_bytes = file.size
    except FileNotFoundError as error:
        raise Http404("The file is gone from the storage.") from error
    response = ranged_response(request, file, size_bytes, content_type, etag)
    if download_name and response.status_code != 416:
        response["Content-Disposition"] = attachment(download_name)
    return response


def redirect_to_bucket(stored: FieldFile, content_type: str, disposition: str) -> HttpResponseBase:
    """To an address of the bucket that is good for some minutes. The caller has found that they may have the file."""
    from cloning.storage.s3 import S3Storage  # and boto3, only where there is a bucket

    assert isinstance(stored.storage, S3Storage)  # as the settings see to
    response = HttpResponseRedirect(stored.storage.sign_url(stored.name or "", content_type, disposition))
    response["Cache-Control"] = "no-store"
    return response


CLIP_TYPES = {".wav": "audio/wav", ".mp3": "audio/mpeg", ".flac": "audio/flac", ".ogg": "audio/ogg"}


def clip_response(request: HttpRequest, reference: Reference) -> HttpResponseBase:
    """The normalised clip, which every browser plays; the upload itself until there is one."""
    if reference.normalized:
        return audio_response(request, reference.normalized, "audio/wav")
    return audio_response(
        request, reference.file, CLIP_TYPES.get(reference.suffix, "application/octet-stream")
    )


def recording_response(request: HttpRequest, consent: VoiceConsent) -> HttpResponseBase:
    """Of a consent, as it was uploaded."""
    content_type = CLIP_TYPES.get(consent.suffix, "application/octet-stream")
    return audio_response(request, consent.recording, content_type)


def archive_response(voice: Voice) -> HttpResponseBase:
    """The voice as one file. Raises Http404 when the storage has lost a clip."""
    try:
        archive = VoiceArchive(voice, list(voice.references.all()))
    except FileNotFoundError as error:
        raise Http404("A clip is gone from the storage.") from error
    response = StreamingHttpResponse(archive, content_type="application/zip")  # which closes it
    name = re.sub(r"[^\w .-]", "_", voice.name)
    disposition = content_disposition_header(as_attachment=True, filename=f"{name}.zip")
    response["Content-Disposition"] = disposition or "attachment"
    response["Cache-Control"] = "no-store"
    return response


def attachment(name: str) -> str:
    """Content-Disposition (RFC 6266) with the name in its own letters, and in ASCII for those who know no other."""
    stem, _, suffix = name.rpartition(".")
    in_ascii = f'attachment; filename="{to_ascii(stem) or "speech"}.{suffix}"'
    return in_ascii if name.isascii() else f"{in_ascii}; filename*=UTF-8''{quote(name, safe='')}"


def to_ascii(name: str) -> str:
    """For what knows no other letters: without accents, and without what is more than a letter with one."""
    decomposed = unicodedata.normalize("NFKD", name.translate(WITHOUT_DECOMPOSITION))
    words = decomposed.encode("ascii", "ignore").decode().split("-")
    return "-".join(filter(None, words))


def bytes_response(
    request: HttpRequest, make: Callable[[], bytes], content_type: str, *, name: str
) -> HttpResponseBase:
    """The same of what is made for the request; `name` is as good as the bytes, and always means the same ones."""
    etag = f'"{name}"'
    if is_known(request, etag):
        return with_headers(HttpResponseNotModified(), etag)
    content = make()
    return ranged_response(request, ContentFile(content), len(content), content_type, etag)


def is_known(request: HttpRequest, etag: str) -> bool:
    return etag in re.split(r"[, ]+", request.headers.get("If-None-Match", "").replace("W/", ""))


def ranged_response(
    request: HttpRequest, file: "File[bytes]", size_bytes: int, content_type: str, etag: str
) -> HttpResponseBase:
    """The open file, which the response closes."""
    range_header = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag:
        range_header = ""
    wanted = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", range_header.strip())
    if wanted is None or not any(wanted.groups()):
        start, end, status = 0, size_bytes, 200
    else:
        start, end = byte_range(wanted[1], wanted[2], size_bytes)
        status = 206
    if start >= end:
        file.close()
        return with_headers(
            HttpResponse(status=416, headers={"Content-Range": f"bytes */{size_bytes}"}), etag
        )

    response = StreamingHttpResponse(read(file, start, end), status=status, content_type=content_type)
    response._resource_closers.append(file.close)  # type: ignore[attr-defined]
    response["Content-Length"] = str(end - start)
    if status == 206:
        response["Content-Range"] = f"bytes {start}-{end - 1}/{size_bytes}"
    return with_headers(response, etag)


def byte_range(first: str, last: str, size_bytes: int) -> tuple[int, int]:
    """Start and end (exclusive) of `bytes=first-last`; "-500" means the last 500."""
    if not first:
        return max(0, size_bytes - int(last)), size_bytes if int(last) else 0
    return int(first), min(int(last) + 1, size_bytes) if last else size_bytes


def read(file: "File[bytes]", start: int, end: int) -> Iterator[bytes]:
    file.seek(start)
    while start < end and (chunk := file.read(min(CHUNK_BYTES, end - start))):
        start += len(chunk)
        yield chunk


def with_headers(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=3600"
    return response
