from django.apps import AppConfig
from django.contrib.admin import apps


class CloningConfig(AppConfig):
    name = "cloning"
    verbose_name = "Voice cloning"

    def ready(self) -> None:
        from cloning.jobs import cleanup  # noqa: F401  # connects what deletes files to the deletion of rows


class AdminConfig(apps.AdminConfig):
    default_site = "cloning.accounts.admin_site.AdminSite"
