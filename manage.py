#!/usr/bin/env python
"""Django's command line."""

import os
import sys

from environs.exceptions import EnvError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceclone_site.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except EnvError as error:  # a wrong setting: the sentence says which, a stack trace would hide it
        sys.exit(f"Settings: {error}")


if __name__ == "__main__":
    main()
