"""Audio in and out through FFmpeg: probe and normalize uploads, join, master and encode speech.

Levels follow EBU R 128: programme loudness in LUFS and true peak in dBTP as ITU-R BS.1770 defines them,
measured by FFmpeg's `ebur128` filter. Whatever can't be read or written raises `cloning.errors.GenerationError`.
"""

from cloning.audio.ffmpeg import find_ffmpeg
from cloning.audio.joining import JoinedSpeech, Piece, join
from cloning.audio.levelling import Leveller, measure_gain
from cloning.audio.mastering import (
    NormalizedClip,
    change_tempo,
    compute_peaks,
    encode,
    normalize,
    write_speech,
)
from cloning.audio.probing import Clip, probe
from cloning.audio.takes import TakeSound, write_take

__all__ = [
    "Clip",
    "NormalizedClip",
    "change_tempo",
    "compute_peaks",
    "encode",
    "find_ffmpeg",
    "normalize",
    "probe",
    "write_speech",
]
