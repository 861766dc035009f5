"""For Celery's own commands: celery -A voiceclone_site worker, inspect, control, flower. Needs CELERY_BROKER_URL."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceclone_site.settings")
django.setup()

from cloning.jobs.fleet import app as celery_app  # noqa: E402

app = celery_app.app
