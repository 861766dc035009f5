import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from cloning.admin.audit import Watched, record_look
from cloning.admin.models import ModelAdmin
from cloning.admin.revoking import revoke_voices
from cloning.api.serializers import download_url
from cloning.engines import registry
from cloning.errors import GenerationError
from cloning.forms import VoiceForm
from cloning.forms.pronunciations import PronunciationForm
from cloning.jobs import state
from cloning.jobs.cleanup import delete_voice
from cloning.models import Generation, Pronunciation, Reference, Segment, Voice, Worker
from cloning.scoring import GenerationScores
from cloning.storage.responses import clip_response


def player(url: str) -> SafeString:
    return format_html('<audio controls preload="none" src="{}"></audio>', url)


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} s"


def figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def players(references: Iterable[Reference]) -> SafeString:
    urls = ((r, player(reverse("admin:cloning_reference_audio", args=[r.pk]))) for r in references)
    return format_html_join("", "<p>{}<br>{}</p>", urls)


class AllValuesFilter(admin.AllValuesFieldListFilter):
    """Django's, whose link to what has no value has no text."""

    empty_text = "none"

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": choice["display"] or self.empty_text}


class BarFilter(admin.SimpleListFilter):
    title = "sentences below the bar"
    parameter_name = "below_bar"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("some", "some"), ("none", "none")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Generation]) -> QuerySet[Generation]:
        if self.value() == "some":
            return queryset.filter(scores__bad_takes__gt=0)
        return queryset.filter(scores__bad_takes=0) if self.value() == "none" else queryset


class EngineFilter(AllValuesFilter):
    empty_text = "not spoken yet"


@admin.register(Generation)
class GenerationAdmin(Watched, ModelAdmin[Generation]):
    list_display = [
        "__str__",
        "player",
        "outcome",
        "spoken_by",
        "timings",
        "origin",
        "created_at",
    ]
    list_filter = [
        "status",
        ("engine", EngineFilter),
        "language",
        "requested_via",
        "audio_format",
        ("error_code", AllValuesFilter),
        BarFilter,
    ]
    search_fields = ["text", "=id", "error_message", "voice__name", "references__original_name"]
    date_hierarchy = "created_at"
    list_select_related = ["owner"]
    list_per_page = 50
    actions = ["resume", "cancel"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "status",
                    "stage",
                    "player",
                    "error_code",
                    "error_message",
                    "engine_label",
                    "is_watermarked",
                    "is_signed",
                    "quality",
                ]
            },
        ),
        (
            "Request",
            {
                "fields": [
                    "text",
                    "language",
                    "speed",
                    "temperature",
                    "seed",
                    "audio_format",
                    "voice",
                    "reference_players",
                    "requested_via",
                    "owner",
                ]
            },
        ),
        (
            "Timings",
            {
                "fields": [
                    "created_at",
                    "started_at",
                    "finished_at",
                    "waited",
                    "worked",
                    "duration",
                    "sample_rate_hz",
                ]
            },
        ),
        (
            "Job",
            {
                "fields": [
                    "segments_done",
                    "segments_total",
                    "served_at",
                    "awaited_until",
                    "is_join_due",
                    "stored_name",
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        return super().get_queryset(request).filter(deleted_at=None)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Generation | None = None) -> bool:
        # A generation is what was asked and what came of it: nothing to edit. The actions need the permission.
        return obj is None and super().has_change_permission(request, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], Any]:
        # Nobody may delete a sentence alone; with its generation it goes.
        found, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        return found, counts, forbidden - {str(Segment._meta.verbose_name)}, protected

    @admin.display(description="audio")
    def player(self, generation: Generation) -> SafeString | str:
        return player(download_url(generation)) if generation.has_file else "–"

    @admin.display(description="stored as")
    def stored_name(self, generation: Generation) -> str:
        return generation.audio.name or "–"

    @admin.display(description="references")
    def reference_players(self, generation: Generation) -> SafeString:
        return players(generation.references.all())

    @admin.display(description="engine", ordering="engine")
    def engine_label(self, generation: Generation) -> str:
        label = registry.label(generation.engine) or "–"
        return f"{label}, {generation.precision}" if generation.precision else label

    @admin.display(description="status", ordering="status")
    def outcome(self, generation: Generation) -> SafeString | str:
        status = generation.get_status_display()
        return format_html("{}<br>{}", status, generation.error_code) if generation.error_code else status

    @admin.display(description="likeness, understood, below the bar")
    def quality(self, generation: Generation) -> str:
        scores = GenerationScores.load(generation.scores) if generation.scores else None
        if scores is None:
            return "–"
        understood = "not checked" if scores.understood is None else f"{scores.understood:.0%}"
        return f"{figure(scores.similarity)} · {understood} · {scores.bad_takes}"

    @admin.display(description="engine, quality")
    def spoken_by(self, generation: Generation) -> SafeString:
        """In one column: there is no room for one more on a desk."""
        return format_html("{}<br>{}", self.engine_label(generation), self.quality(generation))

    @admin.display(description="waited, worked, speech")
    def timings(self, generation: Generation) -> str:
        values = (generation.waited_seconds, generation.worked_seconds, generation.duration_seconds)
        return " · ".join(seconds(value) for value in values)

    @admin.display(description="language, origin")
    def origin(self, generation: Generation) -> str:
        who = generation.owner or generation.get_requested_via_display()
        return f"{generation.language}, {who}"

    @admin.display(description="speech", ordering="duration_seconds")
    def duration(self, generation: Generation) -> str:
        return seconds(generation.duration_seconds)

    @admin.display(description="waited")
    def waited(self, generation: Generation) -> str:
        return seconds(generation.waited_seconds)

    @admin.display(description="worked")
    def worked(self, generation: Generation) -> str:
        return seconds(generation.worked_seconds)

    @admin.action(description="Continue the selected failed or cancelled generations", permissions=["change"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Generation]) -> None:
        try:
            count = sum(state.resume(generation) for generation in queryset)
        except GenerationError as error:  # the queue is full, say
            self.message_user(request, str(error), messages.ERROR)
            return
        self.message_user(request, f"{count} queued again.", messages.SUCCESS if count else messages.WARNING)

    @admin.action(description="Cancel the selected queued or running generations", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Generation]) -> None:
        count = sum(state.cancel(generation) for generation in queryset)
        self.message_user(request, f"{count} cancelled.", messages.SUCCESS if count else messages.WARNING)


@admin.register(Reference)
class ReferenceAdmin(Watched, ModelAdmin[Reference]):
    list_display = ["__str__", "player", "format_name", "size_bytes", "created_at"]
    search_fields = ["original_name", "sha256"]
    date_hierarchy = "created_at"
    readonly_fields = [
        "player",
        "sha256",
        "format_name",
        "duration_seconds",
        "start_seconds",
        "end_seconds",
        "size_bytes",
        "stored_names",
        "created_at",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # references come with generations, where they are probed

    def get_urls(self) -> list[URLPattern]:
        url = path("<uuid:pk>/audio/", self.admin_site.admin_view(self.audio), name="cloning_reference_audio")
        return [url, *super().get_urls()]

    def audio(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
        """The normalised clip, which every browser plays; the upload itself until there is one."""
        reference = get_object_or_404(Reference, pk=pk)
        if not self.has_view_permission(request, reference):
            raise PermissionDenied
        record_look(reference)
        return clip_response(request, reference)

    @admin.display(description="audio")
    def player(self, reference: Reference) -> SafeString:
        return player(reverse("admin:cloning_reference_audio", args=[reference.pk]))

    @admin.display(description="stored as")
    def stored_names(self, reference: Reference) -> str:
        # As text: no URL serves the storage, and Django would make links of the fields.
        return ", ".join(filter(None, [reference.file.name, reference.normalized.name]))


AGREED = ("agreement", "speaker_name", "agreement_note", "consent", "speaker_similarity")
"""What its owner has stated of who is heard, and what it stands on."""


@admin.register(Voice)
class VoiceAdmin(Watched, ModelAdmin[Voice]):
    form = VoiceForm  # which knows what names are taken
    list_display = ["name", "language", "reference_count", "agreement", "created_at", "deleted_at"]
    list_filter = ["agreement", ("language", AllValuesFilter)]
    search_fields = ["name"]
    actions = [revoke_voices]
    fields = [
        "name",
        "language",
        "notes",
        "references",
        "clips",
        "sample_player",
        *AGREED,
        "id",
        "created_at",
        "deleted_at",
    ]
    readonly_fields = ["clips", "sample_player", *AGREED, "id", "created_at", "deleted_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Voice]:
        return super().get_queryset(request).select_related("consent").prefetch_related("references")

    def delete_model(self, request: HttpRequest, obj: Voice) -> None:
        delete_voice(obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Voice]) -> None:
        for voice in queryset:
            delete_voice(voice.pk)

    def clips(self, voice: Voice) -> SafeString | str:
        return players(voice.references.all()) if voice.pk and voice.references.exists() else "–"

    @admin.display(description="sample")
    def sample_player(self, voice: Voice) -> SafeString | str:
        spoken = getattr(voice, "sample", None)
        return player(download_url(spoken)) if spoken and spoken.has_file else "–"

    @admin.display(description="references")
    def reference_count(self, voice: Voice) -> int:
        return len(voice.references.all())


@admin.register(Pronunciation)
class PronunciationAdmin(ModelAdmin[Pronunciation]):
    form = PronunciationForm  # which knows what is taken
    list_display = ["word", "spelling", "language", "created_at"]
    list_filter = ["language"]
    search_fields = ["word", "spelling"]


@admin.register(Worker)
class WorkerAdmin(ModelAdmin[Worker]):
    list_display = ["__str__", "engine", "started_at", "seen_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Worker | None = None) -> bool:
        return False
