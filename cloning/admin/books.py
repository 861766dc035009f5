from django.contrib import admin
from django.http import HttpRequest

from cloning.admin.audit import Watched
from cloning.admin.models import ModelAdmin
from cloning.jobs import books
from cloning.models import Book


@admin.register(Book)
class BookAdmin(Watched, ModelAdmin[Book]):
    """To be looked at, and deleted; its chapters are among the generations."""

    list_display = ["title", "author", "status", "owner", "created_at"]
    list_filter = ["status"]
    search_fields = ["title", "author"]
    fields = [
        "title",
        "author",
        "owner",
        "status",
        "source_name",
        "error_code",
        "error_message",
        "created_at",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Book | None = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: Book) -> None:
        books.discard(obj)

    def delete_queryset(self, request: HttpRequest, queryset: object) -> None:
        for obj in Book.objects.filter(pk__in=queryset):  # type: ignore[misc]
            books.discard(obj)
