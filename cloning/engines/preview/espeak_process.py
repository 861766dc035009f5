"""Speaks standard input with espeak-ng and writes the samples to standard output, as a process of its own.

Arguments: library, voice, pitch (0 to 99), pitch range (0 to 99), words per minute. The working directory
holds `espeak-ng-data`. Output: the sample rate as 4 bytes, then 16-bit samples, all in the machine's order.
Constants and calls are those of espeak-ng 1.52's speak_lib.h.
"""

import ctypes
import sys

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1  # the only flag set: neither SSML (0x10) nor [[phonemes]] (0x100) is read from the text
POSITION_CHARACTER = 1
RATE, PITCH, RANGE = 1, 3, 4

SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def main(library: str, voice: str, pitch: str, pitch_range: str, words_per_minute: str) -> None:
    espeak = ctypes.CDLL(library)
    output = sys.stdout.buffer

    @SynthCallback  # type: ignore[untyped-decorator]  # ctypes has no types for it
    def write(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: int | None) -> int:
        if samples and count > 0:
            output.write(ctypes.string_at(samples, 2 * count))
        return 0

    # The data path is "." because espeak-ng keeps it in a buffer of 160 bytes.
    sample_rate_hz = espeak.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, b".", INITIALIZE_DONT_EXIT)
    if sample_rate_hz <= 0:
        sys.exit("espeak-ng found no data")
    espeak.espeak_ng_SetRandSeed(ctypes.c_long(1))  # else the flutter of some voices follows the clock
    output.write(sample_rate_hz.to_bytes(4, sys.byteorder))
    espeak.espeak_SetSynthCallback(write)
    if espeak.espeak_SetVoiceByName(voice.encode()) != 0:
        sys.exit(f"espeak-ng has no voice {voice}")
    for parameter, value in ((RATE, words_per_minute), (PITCH, pitch), (RANGE, pitch_range)):
        espeak.espeak_SetParameter(parameter, int(value), 0)
    text = sys.stdin.buffer.read() + b"\0"
    espeak.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None)
    output.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
