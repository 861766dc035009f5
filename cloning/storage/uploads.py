"""Uploads while their request lasts: in temporary folders, where a killed process leaves nothing that stays."""

from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest

from cloning.storage.temporary import temporary_folder

if TYPE_CHECKING:  # it is generic to type checkers alone
    Base = UploadedFile[bytes]
else:
    Base = UploadedFile


class TemporaryUpload(Base):
    """A file whose `path` has nothing that the user chose: FFmpeg would guess by the ending. Closed, it is gone."""

    def __init__(self, name: str | None, content_type: str | None = None, **options: Any) -> None:
        self._folder = ExitStack()
        self.path: Path = self._folder.enter_context(temporary_folder()) / "upload"
        super().__init__(self.path.open("w+b"), name, content_type, size=0, **options)

    @classmethod
    def copy(cls, source: IO[bytes], name: str) -> "TemporaryUpload":
        upload = cls(name)
        while chunk := source.read(cls.DEFAULT_CHUNK_SIZE):
            upload.write(chunk)
        upload.finish()
        return upload

    def finish(self) -> None:
        """After the last write."""
        self.size = self.tell()
        self.flush()
        self.seek(0)

    def close(self) -> None:
        super().close()
        self._folder.close()


class UploadHandler(FileUploadHandler):
    """In place of Django's, whose files have the ending that the user chose and stay when the process is killed."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.files: list[TemporaryUpload] = []

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.files.append(
            TemporaryUpload(
                self.file_name,
                self.content_type,
                charset=self.charset,
                content_type_extra=self.content_type_extra,
            )
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.files[-1].write(raw_data)

    def file_complete(self, file_size: int) -> TemporaryUpload:
        self.files[-1].finish()
        return self.files[-1]

    def close(self) -> None:
        """Deletes all of them, also those of a request that could not be read to its end."""
        for file in self.files:
            file.close()
