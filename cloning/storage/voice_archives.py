"""What an exported voice looks like: a ZIP archive of its clips, as they were uploaded, and a description in JSON."""

import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import IO, Self

from django.core.files.storage import default_storage

from cloning.models import Reference, Voice
from cloning.storage.archives import Sink, add_file

DESCRIPTION = "voice.json"
FORMAT = "cloned-voice"
VERSION = 1
MAX_ENVELOPE_BYTES = 64 * 1024
"""What an archive has besides clips."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of all entries, so that the same voice is the same file."""


class VoiceArchive:
    """The archive of a voice, in pieces. Its clips are opened at once; raises FileNotFoundError where one is lost."""

    size: int
    """At least as many bytes as it has."""

    def __init__(self, voice: Voice, references: Sequence[Reference]) -> None:
        self._files = ExitStack()
        self._clips: list[tuple[str, IO[bytes]]] = []
        listed = []
        try:
            for number, reference in enumerate(references, start=1):
                name = f"clips/{number}{reference.suffix}"
                file = self._files.enter_context(default_storage.open(reference.file.name or ""))
                self._clips.append((name, file))
                part = {"start_seconds": reference.start_seconds, "end_seconds": reference.end_seconds}
                listed.append(
                    {"file": name, "name": reference.original_name, "sha256": reference.sha256}
                    | (part if reference.ends else {})
                )
        except BaseException:
            self.close()
            raise
        description = {
            "format": FORMAT,
            "version": VERSION,
            "name": voice.name,
            "language": voice.language,
            "notes": voice.notes,
            "consent": voice.agreement,
            "speaker": voice.speaker_name,
            "consent_note": voice.agreement_note,
            "clips": listed,
        }
        self._description = json.dumps(description, ensure_ascii=False, indent=2).encode()
        self._pieces: Iterator[bytes] | None = None
        self.size = MAX_ENVELOPE_BYTES + sum(each.size_bytes for each in references)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def read(self, _size: int) -> bytes:
        """The next piece, of whatever length; empty at the end."""
        self._pieces = self._pieces or iter(self)
        return next((piece for piece in self._pieces if piece), b"")

    def __iter__(self) -> Iterator[bytes]:
        sink = Sink()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(zipfile.ZipInfo(DESCRIPTION, EPOCH), self._description)
            for name, file in self._clips:
                yield from add_file(archive, zipfile.ZipInfo(name, EPOCH), file, sink)
        yield sink.take()

    def close(self) -> None:
        self._files.close()
