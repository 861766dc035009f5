"""Django's classes, which are generic to mypy alone."""

from typing import TYPE_CHECKING

from django.contrib import admin

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
else:

    class ModelAdmin(admin.ModelAdmin):
        __class_getitem__ = classmethod(lambda cls, _model: cls)  # Django's is generic to mypy alone

    class TabularInline(admin.TabularInline):
        __class_getitem__ = classmethod(lambda cls, _models: cls)
