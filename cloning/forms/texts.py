"""Text that people type, but what is to be spoken."""

from typing import Any

from django import forms

JOINERS = "\u200c\u200d"  # within letters of some scripts, and of emoji


class PlainTextField(forms.CharField):
    """Without characters that nobody sees, but for line breaks."""

    def to_python(self, value: Any) -> str:
        text = (super().to_python(value) or "").replace("\r\n", "\n")
        return "".join(each for each in text if each.isprintable() or each in JOINERS or each == "\n").strip()
