"""What a recogniser hears in speech, and how much of a text that is: Whisper on CTranslate2, by faster-whisper.

It is a group of requirements of its own (`check`), and may be missing: `find_obstacle` says so. Nothing heavy is
imported before a recogniser is loaded, and nothing is ever downloaded.
"""

from cloning.recognition.comparing import share_understood
from cloning.recognition.recogniser import LANGUAGES, SAMPLE_RATE_HZ, Recogniser
from cloning.recognition.weights import FOLDER_NAME, MissingRecogniserError, find_obstacle

__all__ = [
    "FOLDER_NAME",
    "LANGUAGES",
    "SAMPLE_RATE_HZ",
    "MissingRecogniserError",
    "Recogniser",
    "find_obstacle",
    "share_understood",
]
