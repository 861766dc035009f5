"""By what speech of this server is known again: `audio/fingerprint.py` computes it."""

from django.db import models

from cloning.models.segment import Take


class Fingerprint(models.Model):
    """Of the sound of a take, and gone with it."""

    take = models.OneToOneField(Take, on_delete=models.CASCADE, related_name="fingerprint")
    words = models.BinaryField(help_text="Of 32 bits, little-endian, one every 32 ms.")

    def __str__(self) -> str:
        return f"Fingerprint of {self.take_id}"


class FingerprintKey(models.Model):
    """A word of a fingerprint by which it is looked for; the index of the primary key is the whole table."""

    pk = models.CompositePrimaryKey("key", "fingerprint", "place")
    key = models.IntegerField(help_text="The 32 bits as a signed number.")
    fingerprint = models.ForeignKey(Fingerprint, on_delete=models.CASCADE, related_name="keys")
    place = models.PositiveIntegerField(help_text="Among the words.")

    def __str__(self) -> str:
        return f"{self.key} at {self.place} of {self.fingerprint_id}"
