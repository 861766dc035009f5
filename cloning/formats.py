"""The audio formats that are offered, once: what the form, the row, the encoders and HTTP each need to know.

It stands below `models`, whose choices it is, and so not in `audio`: models import nothing of that.
"""

from enum import StrEnum


class AudioFormat(StrEnum):
    """The value is the name in requests and the ending of files."""

    label: str
    content_type: str
    encoder_arguments: tuple[str, ...]  # of FFmpeg, for its output

    def __new__(
        cls, name: str, label: str = "", content_type: str = "", encoder_arguments: tuple[str, ...] = ()
    ) -> "AudioFormat":
        member = str.__new__(cls, name)
        member._value_ = name
        member.label = label
        member.content_type = content_type
        member.encoder_arguments = encoder_arguments
        return member

    WAV = "wav", "WAV", "audio/wav", ("-c:a", "pcm_s16le", "-f", "wav")
    # LAME's default level takes twice as long and sounds no better at this rate (docs/performance.md). Without
    # a reservoir each frame stands for itself (`audio.splicing`).
    MP3 = (
        "mp3",
        "MP3",
        "audio/mpeg",
        (
            *("-c:a", "libmp3lame", "-b:a", "80k", "-compression_level", "7", "-reservoir", "0"),
            *("-id3v2_version", "3", "-write_id3v1", "1", "-f", "mp3"),
        ),
    )
    # At 48 kbit/s libopus takes another mode for speech, in which it comes out up to 1.7 LU quieter.
    OPUS = "opus", "Opus", "audio/ogg", ("-c:a", "libopus", "-b:a", "64k", "-f", "opus")
    FLAC = "flac", "FLAC", "audio/flac", ("-c:a", "flac", "-sample_fmt", "s16", "-f", "flac")

    @property
    def suffix(self) -> str:
        return f".{self.value}"


AUDIO_FORMAT_CHOICES = [(audio_format.value, audio_format.label) for audio_format in AudioFormat]


class StreamFormat(StrEnum):
    """For sound that is sent while it is made. The value is the name in requests and the ending of addresses."""

    content_type: str
    encoder_arguments: tuple[str, ...]  # of FFmpeg, for its output; empty where none is needed

    def __new__(
        cls, name: str, content_type: str = "", encoder_arguments: tuple[str, ...] = ()
    ) -> "StreamFormat":
        member = str.__new__(cls, name)
        member._value_ = name
        member.content_type = content_type
        member.encoder_arguments = encoder_arguments
        return member

    # Players wait for a number of bytes, so more of them a second start sooner; 192 kbit/s need 32 kHz or more.
    MP3 = (
        "mp3",
        "audio/mpeg",
        (
            "-ar",
            "48000",
            "-c:a",
            "libmp3lame",
            "-b:a",
            "192k",
            "-reservoir",
            "0",
            "-write_xing",
            "0",
            "-f",
            "mp3",
        ),
    )
    WAV = "wav", "audio/wav"
    OPUS = (
        "opus",
        "audio/ogg",
        ("-c:a", "libopus", "-b:a", "64k", "-frame_duration", "20", "-page_duration", "20000", "-f", "opus"),
    )
    AAC = "aac", "audio/aac", ("-c:a", "aac", "-b:a", "96k", "-f", "adts")
    FLAC = "flac", "audio/flac", ("-c:a", "flac", "-sample_fmt", "s16", "-f", "flac")
    PCM = "pcm", "audio/pcm"  # 16-bit, little-endian, mono, at 24 kHz

    @property
    def suffix(self) -> str:
        return f".{self.value}"
