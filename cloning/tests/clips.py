"""Two real clips, of a man and of a woman."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
MALE_CLIP = DATA / "1688-142285-0007.flac"
FEMALE_CLIP = DATA / "3080-5032-0000.flac"
