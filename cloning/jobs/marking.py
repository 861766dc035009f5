"""The mark that is in everything which this server speaks, and whether it is in something."""

from django.conf import settings
from django.utils.crypto import salted_hmac


def derive_key() -> bytes:
    """Of all processes of this server, today and next year: nothing is found any more when it changes."""
    if settings.WATERMARK_KEY:
        return settings.WATERMARK_KEY.encode()
    return salted_hmac("cloning.watermark", "1", algorithm="sha256").digest()


def key_of_new_speech() -> bytes | None:
    """None where an operator wants no mark."""
    return derive_key() if settings.WATERMARK else None
