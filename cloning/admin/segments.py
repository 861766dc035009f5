from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from cloning.admin.models import ModelAdmin, TabularInline
from cloning.admin.rows import figure
from cloning.models import Segment, Take
from cloning.scoring import TakeScores

TAKE_FIELDS = (
    "number",
    "status",
    "text",
    "seed",
    "engine",
    "duration_seconds",
    "spoken_seconds",
    "tries",
    "quality",
    "error_message",
)


class TakeInline(TabularInline[Take, Segment]):
    model = Take
    template = "admin/takes.html"
    fields = TAKE_FIELDS
    readonly_fields = TAKE_FIELDS
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Segment | None = None) -> bool:
        return False

    @admin.display(description="scores")
    def quality(self, take: Take) -> str:
        scores = TakeScores.load(take.scores) if take.scores else None
        if scores is None:
            return "–"
        understood = f"{scores.heard.understood:.0%}" if scores.heard else f"not checked ({scores.unheard})"
        told = [
            f"likeness {figure(scores.similarity)}",
            f"understood {understood}",
            f"pace {scores.pace:.2f}",
        ]
        if scores.attempts > 1:
            told.append(f"best of {scores.attempts}")
        return " · ".join([*told, *scores.faults])

    @admin.display(description="attempts")
    def tries(self, take: Take) -> int:
        return take.attempts


@admin.register(Segment)
class SegmentAdmin(ModelAdmin[Segment]):
    list_display = ["__str__", "generation", "pause_seconds", "take_count"]
    search_fields = ["text", "=generation__id"]
    list_select_related = ["generation"]
    inlines = [TakeInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        return super().get_queryset(request).annotate(take_count=Count("takes"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Segment | None = None) -> bool:
        return False  # another take is asked for on the generation's page

    def has_delete_permission(self, request: HttpRequest, obj: Segment | None = None) -> bool:
        return False  # it goes with its generation

    @admin.display(description="takes", ordering="take_count")
    def take_count(self, segment: Segment) -> int:
        return int(getattr(segment, "take_count", 0))
