"""What the measures of a clip mean, in words for somebody who wants a good voice."""

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from cloning.coach.measures import ClipMeasures
from cloning.coach.verdicts import Verdict, judge_all


@dataclass(frozen=True)
class Check:
    name: str
    verdict: Verdict
    label: str  # the measure, with its figure


@dataclass(frozen=True)
class Advice:
    """`sentence` is the one thing to do first, `word` the fault in a word."""

    verdict: Verdict
    sentence: str
    word: str
    checks: list[Check]

    @property
    def is_ok(self) -> bool:
        return self.verdict == Verdict.OK


def advise(measures: ClipMeasures) -> Advice:
    verdicts = judge_all(measures)
    checks = [Check(name, verdict, describe(name, verdict, measures)) for name, verdict in verdicts.items()]
    for worst in (Verdict.REFUSE, Verdict.WARN):
        for check in checks:
            if check.verdict == worst:
                sentence, word = explain(check)
                return Advice(worst, sentence, word, checks)
    sentence = _("Good: %(seconds).0f s of clear speech.") % {"seconds": measures.speech_seconds}
    return Advice(Verdict.OK, sentence, _("good"), checks)


def describe(name: str, verdict: Verdict, measures: ClipMeasures) -> str:
    is_ok = verdict == Verdict.OK
    match name:
        case "speech":
            return _("%(seconds)s s of speech") % {"seconds": number_format(measures.speech_seconds, 1)}
        case "noise":
            return _("Noise %(decibels)d dB below the voice") % {"decibels": round(measures.noise_db)}
        case "level":
            return (_("Level %(level)d dB") % {"level": round(measures.level_dbfs)}).replace("-", "−")
        case "bandwidth":
            return _("Sound up to %(khz)s kHz") % {"khz": number_format(measures.bandwidth_hz / 1000, 1)}
        case "silence":
            return _("%(percent)d %% pauses") % {"percent": round(measures.silence_share * 100)}
        case "clipping":
            return _("Not distorted") if is_ok else _("Distorted")
        case "echo":
            return _("No echo heard") if is_ok else _("Echo")
        case "music":
            return _("No music heard") if is_ok else _("Music suspected")
        case _:
            return _("One voice") if is_ok else _("Several voices suspected")


def explain(check: Check) -> tuple[str, str]:
    """The sentence, and the word, for what is not well."""
    match check.name:
        case "speech" if check.verdict == Verdict.REFUSE:
            return (
                _("Hardly any speech is heard: choose a clip in which somebody speaks for ten seconds."),
                _("no speech"),
            )
        case "speech":
            return _("That is little speech: ten to thirty seconds make a better likeness."), _("short")
        case "music":
            return _("There seems to be music, which gets into the voice: choose a part without."), _("music")
        case "speakers":
            return (
                _("There seem to be two people: choose a part in which only one speaks."),
                _("several voices"),
            )
        case "noise":
            return (
                _("There is noise behind the voice: record in a quiet room, nearer to the microphone."),
                _("noisy"),
            )
        case "echo":
            return (
                _("The room echoes: record where there are curtains and cushions, nearer to the microphone."),
                _("echo"),
            )
        case "clipping":
            return (
                _("It is distorted, as it was recorded too loud: turn the microphone down."),
                _("distorted"),
            )
        case "level":
            return _("The voice is very quiet: go nearer to the microphone, or turn it up."), _("quiet")
        case "bandwidth":
            return _("It sounds like a telephone, and so will the voice: record it anew."), _("muffled")
        case _:
            return _("More than half of it is silence: choose a part in which more is said."), _("silent")
