"""Local storage that never shows a half-written file. (`s3.py` has the other storage.)"""

import errno
import uuid
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage


def is_disk_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def check_storage() -> None:
    """Writes and deletes a file. Raises OSError where that can't be done."""
    default_storage.delete(default_storage.save("health-check", ContentFile(b"ok")))


class AtomicFileSystemStorage(FileSystemStorage):
    """Writes beside the target and renames: a full disk or a killed process leaves no part of a file under a name.

    Two processes that save under one name at the same moment get two names, as with Django's own storage.
    """

    def _save(self, name: str, content: File) -> str:
        beside = Path(name).with_name(f".{uuid.uuid4().hex}.part").as_posix()
        try:
            super()._save(beside, content)  # type: ignore[misc]  # the stubs leave it out
            name = self._taken(name)
            Path(self.path(beside)).replace(self.path(name))
        except BaseException:
            self.delete(beside)
            raise
        return name

    def _taken(self, name: str) -> str:
        """A name that is now ours: the one given, or another when it was taken since it was chosen."""
        while True:
            try:
                Path(self.path(name)).touch(exist_ok=False)
            except FileExistsError:
                name = self.get_available_name(name)
            else:
                return name
