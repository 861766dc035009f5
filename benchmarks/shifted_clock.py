"""The site with the engine that waits, on a machine whose clock is wrong: CLOCK_OFFSET_SECONDS, for `partition.py`.

Django's clock is shifted, which all that is stored takes its times from. (libfaketime 0.9.10 stops Python 3.11.)
"""

import os
import sys
from datetime import datetime, timedelta

from django.utils import timezone

from benchmarks import waiting_engine

real_now = timezone.now


def shift() -> None:
    """Before the models are imported, which keep the function."""
    offset = timedelta(seconds=float(os.environ.get("CLOCK_OFFSET_SECONDS", "0")))

    def now() -> datetime:
        return real_now() + offset

    timezone.now = now


if __name__ == "__main__":
    shift()
    waiting_engine.register()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])
