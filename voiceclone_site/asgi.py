import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voiceclone_site.settings")
django.setup()

from cloning.server.handler import Handler  # noqa: E402  # needs the apps

application = Handler()
