"""For Celery's own commands: celery -A voiceclone_site worker, inspect, control, flower. Needs CELERY_BROKER_URL."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceclone_site.settings")
django.setup()

from cloning.jobs.fleet.worker import speak  # noqa: E402  # needs the apps

app = speak.app
