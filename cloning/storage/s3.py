"""The same files in a bucket, by the settings S3_BUCKET and S3_ENDPOINT_URL: for workers on several machines."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from storages.backends import s3

from cloning.storage.bucket_file import BucketFile
from cloning.storage.local import StorageUnavailable

NOT_FOUND, PRECONDITION_FAILED = 404, 412
SIGNED_SECONDS = 300
# Botocore's own wait a minute for each of five tries, through which a page or a health check would hang.
CLIENT_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=50,
    signature_version="s3v4",  # of signed addresses too, for which botocore still chooses an older one by itself
)


@contextmanager
def as_os_errors() -> Iterator[None]:
    """The storage's failures as what local files raise, which the callers know."""
    try:
        yield
    except (BotoCoreError, Boto3Error, ClientError) as error:
        raise StorageUnavailable(f"S3: {error}") from error


def status_of(error: ClientError) -> int:
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status


class S3Storage(s3.S3Storage):  # type: ignore[misc]  # django-storages has no types
    """django-storages' S3, keeping what AtomicFileSystemStorage keeps: no file is overwritten, failures are OSErrors.

    Credentials and region are looked up by boto3: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
    `AWS_DEFAULT_REGION` in the environment, `~/.aws`, or the machine's role.
    """

    def get_default_settings(self) -> dict[str, Any]:
        return {
            **super().get_default_settings(),
            "file_overwrite": False,
            "querystring_expire": SIGNED_SECONDS,
            "client_config": CLIENT_CONFIG,
        }

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        """Read where it is needed; that it is there, and how long it is, is known at once."""
        if mode != "rb":
            raise ValueError("Files in a bucket are opened for reading alone.")
        stored = self.bucket.Object(name)
        with as_os_errors():
            try:
                size_bytes: int = stored.content_length
            except ClientError as error:
                if status_of(error) == NOT_FOUND:
                    raise FileNotFoundError(f"File does not exist: {name}") from error
                raise

        def fetch(start: int) -> IO[bytes]:
            with as_os_errors():
                body: IO[bytes] = stored.get(Range=f"bytes={start}-", IfMatch=stored.e_tag)["Body"]
                return body

        return BucketFile(name, size_bytes, fetch)

    def _save(self, name: str, content: "File[bytes]") -> str:
        """In one conditional request: of two that save under one name at the same moment, one gets another name.

        (django-storages would overwrite: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html)
        """
        with as_os_errors():
            while True:
                content.seek(0)
                try:
                    self.bucket.Object(name).put(
                        Body=content, IfNoneMatch="*", **self._get_write_parameters(name, content)
                    )
                except ClientError as error:
                    if status_of(error) != PRECONDITION_FAILED:
                        raise
                    name = self.get_available_name(name)
                else:
                    return name

    def sign_url(self, name: str, content_type: str, disposition: str = "") -> str:
        """An address of the bucket itself that is good for SIGNED_SECONDS, for who may have the file."""
        headers = {"ResponseContentType": content_type, "ResponseCacheControl": "private, max-age=3600"}
        with as_os_errors():
            return str(
                self.url(name, headers | ({"ResponseContentDisposition": disposition} if disposition else {}))
            )

    def delete(self, name: str) -> None:
        with as_os_errors():
            super().delete(name)

    def exists(self, name: str) -> bool:
        with as_os_errors():
            return bool(super().exists(name))

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with as_os_errors():
            folders, files = super().listdir(name)
            return folders, files

    def size(self, name: str) -> int:
        with as_os_errors():
            return int(super().size(name))

    def get_modified_time(self, name: str) -> datetime:
        with as_os_errors():
            try:
                modified_at: datetime = super().get_modified_time(name)
            except ClientError as error:
                if status_of(error) == NOT_FOUND:
                    raise FileNotFoundError(f"File does not exist: {name}") from error
                raise
            return modified_at
