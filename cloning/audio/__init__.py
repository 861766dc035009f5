"""Audio in and out: probe and normalize uploads, level speech as it comes, store takes, join, stream and encode them.

Levels follow EBU R 128: programme loudness in LUFS and true peak in dBTP as ITU-R BS.1770 defines them.
Whatever can't be read or written raises `cloning.errors.GenerationError`.
"""

from cloning.audio.binding import Mark, append_encoded, append_silence, bind, shrink_cover
from cloning.audio.ffmpeg import find_ffmpeg
from cloning.audio.finishing import Finisher
from cloning.audio.joining import JoinedSpeech, Piece, join
from cloning.audio.layout import Layout
from cloning.audio.levelling import Leveller, measure_gain
from cloning.audio.mastering import (
    NormalizedClip,
    change_tempo,
    encode,
    normalize,
)
from cloning.audio.probing import Clip, probe
from cloning.audio.splicing import PlacedFile, encode_joined, find_framing
from cloning.audio.streaming import Encoder, encode_take, open_encoder
from cloning.audio.takes import TakeSound, write_take
from cloning.audio.wav import encode_pcm

__all__ = [
    "Clip",
    "Encoder",
    "Finisher",
    "JoinedSpeech",
    "Layout",
    "Leveller",
    "Mark",
    "NormalizedClip",
    "Piece",
    "PlacedFile",
    "TakeSound",
    "append_encoded",
    "append_silence",
    "bind",
    "change_tempo",
    "encode",
    "encode_joined",
    "encode_pcm",
    "encode_take",
    "find_ffmpeg",
    "find_framing",
    "join",
    "measure_gain",
    "normalize",
    "open_encoder",
    "probe",
    "shrink_cover",
    "write_take",
]
