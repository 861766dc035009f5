"""Turns the lines of standard input into espeak-ng's IPA, line by line, as a process of its own.

Arguments: library, voice. The working directory holds `espeak-ng-data`. Letters of one sound are tied by U+0361.
Constants and calls are those of espeak-ng 1.52's speak_lib.h.
"""

import ctypes
import sys

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1
IPA, TIED = 0x02, 0x80
TIE = 0x0361


def main(library: str, voice: str) -> None:
    espeak = ctypes.CDLL(library)
    espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
    if espeak.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, b".", INITIALIZE_DONT_EXIT) <= 0:
        sys.exit("espeak-ng found no data")
    if espeak.espeak_SetVoiceByName(voice.encode()) != 0:
        sys.exit(f"espeak-ng has no voice {voice}")
    for line in sys.stdin.buffer.read().split(b"\n"):
        rest = ctypes.c_void_p(ctypes.cast(ctypes.c_char_p(line), ctypes.c_void_p).value)
        clauses = []
        while rest.value:  # espeak-ng moves it on clause by clause and clears it at the end
            clauses.append(
                espeak.espeak_TextToPhonemes(ctypes.byref(rest), CHARS_UTF8, IPA | TIED | TIE << 8)
            )
        sys.stdout.buffer.write(b" ".join(clauses) + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
