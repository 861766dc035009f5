"""A voice as one file: a ZIP archive of its clips and a description. Who sends one is not trusted.

Nothing in it is ever a path: the clips are looked up by the names that the description gives, and read into temporary
files with names of their own. What is read is bounded before it is read.
"""

import errno
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from cloning.errors import ErrorCode
from cloning.forms.agreements import ConsentField
from cloning.forms.askers import WithUser
from cloning.forms.clips import check_size
from cloning.forms.errors import form_errors
from cloning.forms.voices import ClipsForm, VoiceDetailsForm
from cloning.jobs.clips import MAX_REFERENCES, ReferenceUpload
from cloning.jobs.voices import find_free_name
from cloning.models import MAX_NAME_CHARS, STATED_FOR_ONCE, Agreement, Voice, choose_owner
from cloning.storage.space import require_free_space
from cloning.storage.uploads import TemporaryUpload
from cloning.storage.voice_archives import DESCRIPTION, FORMAT, VERSION

MAX_ENTRIES = 64
"""Programs that pack archives add entries of their own."""
MAX_DIRECTORY_BYTES = 64 * 1024
MAX_DESCRIPTION_BYTES = 64 * 1024
MAX_CLIP_NAME_CHARS = 200
TEXTS = ("name", "language", "notes", "consent", "speaker", "consent_note")
PART = ("start_seconds", "end_seconds")
"""Of a clip, where a part of it is used."""
END = struct.Struct("<4s4H2LH")  # the end of an archive's directory, without a comment
END_MARK, LOCATOR_MARK, LOCATOR_BYTES = b"PK\x05\x06", b"PK\x06\x07", 20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)
"""What Python's reader of archives raises for what it can't read."""
DAMAGED = gettext_noop("The file is damaged, or no exported voice.")


@dataclass(frozen=True)
class ImportedVoice:
    """`voice` is unsaved. `uploads` last as long as the form that read them."""

    voice: Voice
    uploads: list[ReferenceUpload]


def unreadable(message: str) -> ValidationError:
    return ValidationError(message, code=ErrorCode.ARCHIVE_UNREADABLE)


class ImportForm(WithUser, forms.Form):
    """An archive as `export` writes it. Once valid, `imported` is the voice; close the form when it is stored.

    A name that is taken gets a number. `is_valid` raises GenerationError where nothing can be stored now.
    """

    archive = forms.FileField(
        label=gettext_lazy("Exported voice"),
        required=False,
        help_text=gettext_lazy("A .zip file from “Export”, of this server or of another."),
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )

    field_order = ["consent", "archive"]  # as the archive is checked with what is stated

    consent = ConsentField(
        STATED_FOR_ONCE,
        help_text=gettext_lazy(
            "Where nothing is chosen, it is what the file says. A recorded statement is not in it."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "import_%s")  # it stands beside the form of a new voice
        super().__init__(*args, **kwargs)
        self.imported: ImportedVoice | None = None
        self._uploads = ExitStack()

    def __enter__(self) -> "ImportForm":
        return self

    def __exit__(self, *_: object) -> None:
        self._uploads.close()

    def clean_archive(self) -> TemporaryUpload:
        upload: TemporaryUpload | None = self.cleaned_data["archive"]
        if upload is None:
            raise unreadable(_("Choose the file of an exported voice."))
        require_free_space()
        with reading(upload.path) as archive:
            description = read_description(archive)
            listed = find_clips(archive, description)
            clips = [self.extract(archive, clip) for clip in listed]
        parts = {name: [getattr(clip, name) for clip in listed] for name in PART}
        self.imported = self.check(description, clips, parts)
        return upload

    def extract(self, archive: zipfile.ZipFile, clip: "ArchivedClip") -> TemporaryUpload:
        check_size(clip.entry.file_size)
        upload = self._uploads.enter_context(TemporaryUpload(clip.name))  # of which nothing becomes a path
        with archive.open(clip.entry) as source:
            copy_bounded(source, upload, settings.MAX_REFERENCE_MB * 1024**2)
        check_size(upload.size or 0)
        return upload

    def check(
        self, description: dict[str, Any], clips: list[TemporaryUpload], parts: dict[str, list[str]]
    ) -> ImportedVoice:
        """By the forms that check what is typed and uploaded."""
        fields = {name: read_text(description, name) for name in TEXTS}
        fields["consent"] = self.cleaned_data.get("consent") or drop_recorded(fields["consent"])
        name = " ".join(fields["name"].split())[:MAX_NAME_CHARS]
        fields["name"] = find_free_name(name, choose_owner(self.user))
        clips_form = ClipsForm(parts, ArchivedFiles(clips), user=self.user)
        voice_form = VoiceDetailsForm(fields, user=self.user)
        for form in (voice_form, clips_form):
            if not form.is_valid():
                error = form_errors(form)[0]
                raise ValidationError(error.message, code=error.code)
        return ImportedVoice(voice_form.instance, clips_form.uploads)


def drop_recorded(agreement: str) -> str:
    """A statement is compared where it is given: what is stated of one elsewhere is not known here."""
    return agreement if agreement in STATED_FOR_ONCE else Agreement.NOT_STATED


class ArchivedFiles(dict[str, Any]):
    """Of `reference`, as a request has its files."""

    def __init__(self, clips: list[TemporaryUpload]) -> None:
        super().__init__(reference=clips)


@contextmanager
def reading(path: Path) -> Iterator[zipfile.ZipFile]:
    """Raises ValidationError for what is no archive, or one that would take too much memory or time to look at."""
    check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_entries(archive)
            yield archive
    except OSError as error:
        if error.errno != errno.EINVAL:  # an offset before the beginning
            raise
        raise unreadable(_(DAMAGED)) from error
    except BROKEN as error:
        raise unreadable(_(DAMAGED)) from error


def check_directory(path: Path) -> None:
    """Its size, before it is read: Python reads all of it at once."""
    with path.open("rb") as file:
        size_bytes = file.seek(0, 2)
        file.seek(max(0, size_bytes - END.size - LOCATOR_BYTES))
        tail = file.read()
    if len(tail) < END.size:
        raise unreadable(_("This is no exported voice."))
    mark, *_disks, entries, directory_bytes, _offset, comment_bytes = END.unpack(tail[-END.size :])
    if mark != END_MARK or comment_bytes:
        raise unreadable(_("This is no exported voice."))
    is_zip64 = tail[: -END.size].startswith(LOCATOR_MARK)
    if is_zip64 or entries > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise unreadable(_("There is more in this file than in an exported voice."))


def check_entries(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES or len({entry.filename for entry in entries}) < len(entries):
        raise unreadable(_("There are too many entries in this file, or two of one name."))
    if any(entry.flag_bits & 1 for entry in entries):
        raise unreadable(_("This file is encrypted. Unpack it and pack it again without a password."))
    if any(entry.compress_type not in METHODS for entry in entries):
        raise unreadable(_("This file is packed in a way that is not read here."))


def read_description(archive: zipfile.ZipFile) -> dict[str, Any]:
    with archive.open(DESCRIPTION) as source:
        content = source.read(MAX_DESCRIPTION_BYTES + 1)
    if len(content) > MAX_DESCRIPTION_BYTES:
        raise unreadable(_("%(file)s is too large.") % {"file": DESCRIPTION})
    try:
        description = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise unreadable(_("%(file)s can't be read.") % {"file": DESCRIPTION}) from error
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise unreadable(_("This is no exported voice."))
    if description.get("version") != VERSION:
        raise unreadable(_("This voice was exported by another version of the server."))
    return description


@dataclass(frozen=True)
class ArchivedClip:
    entry: zipfile.ZipInfo
    name: str
    start_seconds: str  # as a form has it; empty for that of the clip
    end_seconds: str


def find_clips(archive: zipfile.ZipFile, description: dict[str, Any]) -> list[ArchivedClip]:
    listed = description.get("clips")
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise unreadable(_("%(file)s lists no clips.") % {"file": DESCRIPTION})
    if not 1 <= len(listed) <= MAX_REFERENCES:
        raise unreadable(
            _("A voice has 1 to %(most)d clips; this file has %(count)d.")
            % {"most": MAX_REFERENCES, "count": len(listed)}
        )
    return [
        ArchivedClip(
            archive.getinfo(read_text(each, "file")),
            clean_name(read_text(each, "name")),
            *(read_number(each, name) for name in PART),
        )
        for each in listed
    ]


def clean_name(name: str) -> str:
    """What a browser could have sent as the name of a file."""
    name = "".join(each for each in Path(name).name if each.isprintable())
    return name[:MAX_CLIP_NAME_CHARS].strip(" .") or "clip"


def read_text(members: dict[str, Any], name: str) -> str:
    value = members.get(name, "")
    if not isinstance(value, str):
        raise unreadable(_("“%(name)s” is no text.") % {"name": name})
    return value.encode("utf-8", "replace").decode().replace("\0", "")


def read_number(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise unreadable(_("“%(name)s” is no number.") % {"name": name})
    return "" if value is None else str(value)


def copy_bounded(source: IO[bytes], upload: TemporaryUpload, max_bytes: int) -> None:
    """One byte more than is allowed at most."""
    left = max_bytes + 1
    while left > 0 and (chunk := source.read(min(upload.DEFAULT_CHUNK_SIZE, left))):
        upload.write(chunk)
        left -= len(chunk)
    upload.finish()
