from dataclasses import dataclass


@dataclass
class Cue:
    start_seconds: float
    end_seconds: float
    text: str


def format_srt(cues):
    return ""


def format_webvtt(cues):
    return ""
