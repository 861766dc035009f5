"""Validation shared by pages, JSON API and command line. Every error carries one of the API's codes."""

from cloning.forms.archives import ImportedVoice, ImportForm
from cloning.forms.clips import MIN_REFERENCE_SECONDS
from cloning.forms.consents import ConsentForm, ConsentNameForm
from cloning.forms.errors import FormError, form_errors
from cloning.forms.generations import (
    CANCEL,
    CONTINUE,
    SEED_RANGE,
    SPEED_RANGE,
    TEMPERATURE_RANGE,
    GenerationForm,
    StudioForm,
    TakeForm,
)
from cloning.forms.parts import CheckForm, TrimForm
from cloning.forms.verifying import VerifyForm
from cloning.forms.voices import ClipsForm, KeptVoiceForm, NewVoiceForm, VoiceDetailsForm, VoiceForm
from cloning.jobs.clips import MAX_REFERENCES

__all__ = [
    "CANCEL",
    "CONTINUE",
    "MAX_REFERENCES",
    "MIN_REFERENCE_SECONDS",
    "SEED_RANGE",
    "SPEED_RANGE",
    "TEMPERATURE_RANGE",
    "CheckForm",
    "ClipsForm",
    "ConsentForm",
    "ConsentNameForm",
    "FormError",
    "GenerationForm",
    "ImportForm",
    "ImportedVoice",
    "KeptVoiceForm",
    "NewVoiceForm",
    "StudioForm",
    "TakeForm",
    "TrimForm",
    "VerifyForm",
    "VoiceDetailsForm",
    "VoiceForm",
    "form_errors",
]
