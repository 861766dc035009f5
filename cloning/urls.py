from django.urls import path, re_path
from django.views.i18n import set_language

from cloning.api.v1 import clips as api_clips
from cloning.api.v1 import documents, files, generate, health, languages, segments, streams
from cloning.api.v1 import generations as api_generations
from cloning.api.v1 import pronunciations as api_pronunciations
from cloning.api.v1 import voices as api_voices
from cloning.views import (
    api_page,
    archives,
    clips,
    generations,
    history,
    metrics,
    outlook,
    pronunciations,
    reading,
    sentences,
    studio,
    voices,
)

UUID = "(?P<pk>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
INDEX = "(?P<index>[0-9]{1,6})"

urlpatterns = [
    path("", studio.home, name="home"),
    path("language/", set_language, name="set-language"),
    path("history/", history.history, name="history"),
    path("history/zip/", archives.download, name="history-zip"),
    path("history/delete/", history.delete, name="history-delete"),
    path("history/restore/", history.restore, name="history-restore"),
    path("generations/<uuid:pk>/", generations.generation, name="generation"),
    path("generations/<uuid:pk>/cancel/", generations.cancel, name="cancel"),
    path("generations/<uuid:pk>/resume/", generations.resume, name="resume"),
    path("generations/<uuid:pk>/delete/", history.delete_one, name="delete"),
    path("generations/<uuid:pk>/star/", generations.star, name="star"),
    path("generations/<uuid:pk>/sentences/", sentences.news, name="sentences"),
    re_path(rf"^generations/{UUID}/sentences/{INDEX}/takes/$", sentences.speak_again, name="speak-again"),
    re_path(rf"^generations/{UUID}/sentences/{INDEX}/choice/$", sentences.choose, name="choose-take"),
    path("generations/<uuid:pk>/voice/", voices.save_voice, name="save-voice"),
    path("outlook/", outlook.outlook, name="outlook"),
    path("reading-script/", reading.reading_script, name="reading-script"),
    path("clips/check/", clips.check, name="check-clip"),
    path("voices/", voices.voices, name="voices"),
    path("voices/import/", voices.import_voice, name="import-voice"),
    path("voices/<uuid:pk>/", voices.voice, name="voice"),
    path("voices/<uuid:pk>/clips/", voices.add_clips, name="add-clips"),
    path("voices/<uuid:pk>/clips/<uuid:reference_pk>/remove/", voices.remove_clip, name="remove-clip"),
    path("voices/<uuid:pk>/clips/<uuid:reference_pk>/trim/", voices.trim_clip, name="trim-clip"),
    path("voices/<uuid:pk>/sample/", voices.speak_sample, name="speak-sample"),
    path("voices/<uuid:pk>/delete/", voices.delete, name="delete-voice"),
    path("voices/<uuid:pk>/restore/", voices.restore, name="restore-voice"),
    path("pronunciations/", pronunciations.pronunciations, name="pronunciations"),
    path("pronunciations/<uuid:pk>/", pronunciations.pronunciation, name="pronunciation"),
    path("pronunciations/<uuid:pk>/delete/", pronunciations.delete, name="delete-pronunciation"),
    path("api/v1/voice-clone/generate", generate.generate, name="api-generate"),
    path("api/v1/generations", api_generations.generations, name="api-generations"),
    path("api/v1/generations/<uuid:pk>", api_generations.generation, name="api-generation"),
    path("api/v1/generations/<uuid:pk>/cancel", api_generations.cancel, name="api-cancel"),
    path("api/v1/generations/<uuid:pk>/restore", api_generations.restore, name="api-restore"),
    path("api/v1/generations/<uuid:pk>/resume", api_generations.resume, name="api-resume"),
    re_path(rf"^api/v1/generations/{UUID}/segments/{INDEX}$", segments.segment, name="api-segment"),
    re_path(rf"^api/v1/generations/{UUID}/segments/{INDEX}/takes$", segments.segment_takes, name="api-takes"),
    re_path(
        rf"^api/v1/generations/{UUID}/segments/{INDEX}\.(?P<audio_format>wav|mp3)$",
        segments.segment_audio,
        name="api-segment-audio",
    ),
    re_path(
        rf"^api/v1/generations/{UUID}/stream\.(?P<stream_format>mp3|wav|opus|pcm)$",
        streams.stream,
        name="api-stream",
    ),
    re_path(rf"^api/v1/files/{UUID}\.(?P<subtitle_format>srt|vtt)$", files.subtitles, name="api-subtitles"),
    re_path(rf"^api/v1/files/{UUID}\.(?P<audio_format>wav|mp3|opus|flac)$", files.file, name="api-file"),
    path("api/v1/clips/check", api_clips.check, name="api-check-clip"),
    path("api/v1/voices", api_voices.voices, name="api-voices"),
    path("api/v1/voices/import", api_voices.import_voice, name="api-import-voice"),
    path("api/v1/voices/<uuid:pk>", api_voices.voice, name="api-voice"),
    path("api/v1/voices/<uuid:pk>/export", api_voices.export, name="api-export-voice"),
    path("api/v1/voices/<uuid:pk>/references", api_voices.references, name="api-voice-references"),
    path(
        "api/v1/voices/<uuid:pk>/references/<uuid:reference_pk>",
        api_voices.reference,
        name="api-voice-reference",
    ),
    path("api/v1/pronunciations", api_pronunciations.pronunciations, name="api-pronunciations"),
    path("api/v1/pronunciations/<uuid:pk>", api_pronunciations.pronunciation, name="api-pronunciation"),
    path("api/v1/languages", languages.languages, name="api-languages"),
    path("api/v1/health", health.health, name="api-health"),
    path("api/v1/health/live", health.live, name="api-health-live"),
    path("api/v1/health/ready", health.ready, name="api-health-ready"),
    path("api/v1/openapi.json", documents.openapi_document, name="api-openapi"),
    path("api/", api_page.api, name="api"),
    path("metrics", metrics.metrics, name="metrics"),
    re_path(r"^api(?:/|$)", documents.unknown),
]
