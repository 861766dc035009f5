"""The pieces of a text, and what was spoken of each."""

from django.db import models
from django.utils import timezone

from cloning.errors import ErrorCode
from cloning.models.generation import Generation, Status, random_seed
from cloning.models.lease import Leased
from cloning.models.speaker import Speaker


def take_file(take: "Take", _filename: str) -> str:
    return f"generated/takes/{take.pk}-{take.claim_token}.wav"


class Segment(models.Model):
    """A piece of the text that is spoken in one go. The text of the generation was split when it was submitted."""

    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="segments")
    index = models.PositiveIntegerField()
    text = models.TextField(help_text="As it is read out: numbers and signs are words.")
    speaker = models.ForeignKey(
        Speaker, null=True, blank=True, on_delete=models.CASCADE, related_name="segments", editable=False
    )
    is_notice = models.BooleanField(
        default=False, editable=False, help_text="That a computer speaks: it is never another text."
    )
    pause_seconds = models.FloatField(help_text="The silence after it.")
    due_seconds = models.FloatField(
        null=True, blank=True, help_text="Of subtitles: when it is to be heard in the file."
    )
    room_seconds = models.FloatField(
        null=True, blank=True, help_text="Of subtitles: what is longer is spoken faster."
    )
    chosen_take = models.ForeignKey(
        "Take", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )

    class Meta:
        ordering = ["generation", "index"]
        constraints = [models.UniqueConstraint(fields=["generation", "index"], name="one_segment_an_index")]

    def __str__(self) -> str:
        return f"{self.index + 1}. {self.text[:60]}{'…' if len(self.text) > 60 else ''}"


class Take(Leased):
    """One spoken version of a segment: the job and, once it has succeeded, its sound.

    The first is made with the segment; whichever is the segment's `chosen_take` is in the joined file.
    """

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="takes")
    number = models.PositiveIntegerField(default=1, help_text="Within the segment, from 1.")
    text = models.TextField(help_text="The segment's, or a corrected one.")
    seed = models.BigIntegerField(default=random_seed)
    created_at = models.DateTimeField(default=timezone.now)

    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    spoken_share = models.FloatField(default=0.0, help_text="0 to 1, by the engine's estimate.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    spoken_seconds = models.FloatField(
        null=True, blank=True, help_text="How long the engine took, without learning the voice."
    )

    engine = models.CharField(max_length=16, blank=True)
    precision = models.CharField(max_length=16, blank=True)
    audio = models.FileField(upload_to=take_file, blank=True, editable=False)
    audio_sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    sample_rate_hz = models.PositiveIntegerField(null=True, blank=True)
    duration_seconds = models.FloatField(null=True, blank=True)
    tempo = models.FloatField(default=1.0, help_text="How many times as fast as asked for, to be in time.")
    peaks = models.JSONField(default=list, blank=True, help_text="Waveform outline, 0 to 1.")
    loudness_blocks = models.JSONField(
        default=list, blank=True, help_text="What the loudness of the joined file is computed from."
    )
    true_peak_dbtp = models.FloatField(null=True, blank=True)
    is_watermarked = models.BooleanField(default=False)
    scores = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="`scoring.TakeScores`; none of what is older than scores.",
    )
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)

    class Meta:
        ordering = ["segment", "number"]
        indexes = [
            models.Index(fields=["status"], name="takes_by_status"),  # of a part, SQLite would not use it
            models.Index(fields=["engine", "finished_at"]),
            models.Index(fields=["audio_sha256"], name="takes_by_content"),
        ]
        constraints = [models.UniqueConstraint(fields=["segment", "number"], name="one_take_a_number")]

    def __str__(self) -> str:
        return f"Take {self.number} of {self.segment}"

    @property
    def is_users_fault(self) -> bool:
        return bool(self.error_code) and ErrorCode(self.error_code).is_users_fault


class SoundChunk(models.Model):
    """Some sound of a take while it is spoken, for those who listen meanwhile. It goes when the take is stored."""

    take = models.ForeignKey(Take, on_delete=models.CASCADE, related_name="chunks")
    claim_token = models.UUIDField()  # of the take, when this was spoken
    index = models.PositiveIntegerField()
    samples = models.BinaryField()  # 16-bit, little-endian, mono, at the engine's rate

    class Meta:
        ordering = ["take", "index"]
        constraints = [
            models.UniqueConstraint(fields=["take", "claim_token", "index"], name="one_chunk_an_index")
        ]

    def __str__(self) -> str:
        return f"Chunk {self.index} of {self.take_id}"
