"""The joined file in other formats: encoded when somebody asks for one, kept, and deleted with the file.

What is lossless is encoded as it is stored. Of a lossy file the takes are joined once more: nothing is lost twice. So
they are where the format was encoded before, when other takes were chosen: only what is new is encoded then.
"""

import shutil
from pathlib import Path

from django.core.files import File
from django.db import transaction
from django.db.models.fields.files import FieldFile

from cloning import audio
from cloning.audio import Layout, PlacedFile
from cloning.errors import ErrorCode, GenerationError
from cloning.formats import AudioFormat
from cloning.jobs import joins, leases, signing
from cloning.models import Encoding, Generation, encoding_file
from cloning.storage.space import require_free_space
from cloning.storage.temporary import temporary_folder

LOSSLESS = {AudioFormat.WAV, AudioFormat.FLAC}
MAX_SECONDS = 300.0  # half an hour of speech takes one in ten of them


def find(generation: Generation, audio_format: AudioFormat) -> FieldFile | None:
    """The file in this format, where there is one: the joined one, or what was encoded of it."""
    if generation.audio_format == audio_format:
        return generation.audio
    known = generation.encodings.filter(audio_format=audio_format, source=generation.audio.name or "").first()
    return known.audio if known else None


def encode(generation: Generation, audio_format: AudioFormat) -> None:
    """Encodes and keeps it, unless the file it is made of is another, or gone, by then. Raises GenerationError."""
    require_free_space()
    with temporary_folder() as folder:
        encoded = folder / f"encoded{audio_format.suffix}"
        known = generation.encodings.filter(audio_format=audio_format).first()
        earlier = joins.fetch_earlier(known, folder)
        try:
            source = fetch_source(generation, folder, earlier.layout if earlier else None, audio_format)
        except FileNotFoundError as error:
            raise GenerationError(ErrorCode.FILE_UNKNOWN, "The file is gone from the storage.") from error
        signing.encode(
            generation, source, encoded, audio_format, earlier=earlier, timeout_seconds=MAX_SECONDS
        )
        row = Encoding(
            generation=generation,
            audio_format=audio_format,
            source=generation.audio.name or "",
            layout=source.layout and source.layout.dump() if is_kept(generation, audio_format) else None,
        )
        with encoded.open("rb") as file:
            leases.store_result(row, encoding_file(row, ""), File(file), lambda name: record(row, name))


def is_kept(generation: Generation, audio_format: AudioFormat) -> bool:
    """Whether an encoding is of use once it is of another file than the joined one."""
    return audio.find_framing(audio_format, generation.sample_rate_hz or 0) is not None


def fetch_source(
    generation: Generation,
    folder: Path,
    earlier: Layout | None = None,
    audio_format: AudioFormat | None = None,
) -> PlacedFile:
    """A file to encode from, in the folder: `joins.join_chosen`, or what is stored. Raises FileNotFoundError."""
    is_settled = not (generation.is_active or generation.is_join_due or generation.claim_token)
    is_lossless = AudioFormat(generation.audio_format) in LOSSLESS
    if is_settled and (earlier or not is_lossless):
        path = folder / "joined.wav"
        try:
            joined = joins.join_chosen(generation, path, earlier, audio_format)
        except (FileNotFoundError, GenerationError):  # a take is lost, or from before there were takes
            path.unlink(missing_ok=True)
        else:
            return PlacedFile(path, joined.layout)
    path = folder / f"stored.{generation.audio_format}"
    with generation.audio.open("rb") as stored, path.open("wb") as copy:
        shutil.copyfileobj(stored, copy)
    known = generation.layout if is_lossless else None
    return PlacedFile(path, Layout.load(known) if known else None)


def record(row: Encoding, name: str) -> bool:
    with transaction.atomic():
        rows = Generation.objects.kept().select_for_update().filter(pk=row.generation_id, audio=row.source)
        if not rows.first():
            return False
        Encoding.objects.filter(generation=row.generation_id, audio_format=row.audio_format).delete()
        row.audio.name = name
        row.save(force_insert=True)
    return True
