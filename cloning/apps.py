from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import apps
from django.core.checks import CheckMessage, Warning, register


class CloningConfig(AppConfig):
    name = "cloning"
    verbose_name = "Voice cloning"

    def ready(self) -> None:
        from cloning.jobs import cleanup  # noqa: F401  # connects what deletes files to the deletion of rows

        register(check_recogniser)


def check_recogniser(**_options: Any) -> list[CheckMessage]:
    """A warning: speech is made without it, and says that it is not checked."""
    from cloning.recognition.weights import find_obstacle

    obstacle = None if settings.CHECK_SPEECH == "off" else find_obstacle(settings.MODEL_CACHE)
    return [Warning(f"CHECK_SPEECH: {obstacle}", id="cloning.W001")] if obstacle else []


class AdminConfig(apps.AdminConfig):
    default_site = "cloning.accounts.admin_site.AdminSite"
