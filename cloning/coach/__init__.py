"""What is good and bad about a clip: measured in a process of its own, told in figures and a sentence.

Importing this loads neither onnxruntime nor pyworld: the web process asks `check_clip`, and reads what `advise` says.
"""

from cloning.coach.advice import Advice, Check, advise
from cloning.coach.checking import check_clip
from cloning.coach.measures import ClipMeasures, ClipReport, Part
from cloning.coach.verdicts import Verdict

__all__ = ["Advice", "Check", "ClipMeasures", "ClipReport", "Part", "Verdict", "advise", "check_clip"]
