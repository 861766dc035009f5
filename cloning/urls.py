from django.urls import path, re_path

from cloning.api.v1 import documents, files, generate, health, languages, segments, streams
from cloning.api.v1 import generations as api_generations
from cloning.views import generations, sentences, studio, voices

UUID = "(?P<pk>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
INDEX = "(?P<index>[0-9]{1,6})"

urlpatterns = [
    path("", studio.home, name="home"),
    path("generations/<uuid:pk>/", generations.generation, name="generation"),
    path("generations/<uuid:pk>/cancel/", generations.cancel, name="cancel"),
    path("generations/<uuid:pk>/resume/", generations.resume, name="resume"),
    path("generations/<uuid:pk>/delete/", generations.delete, name="delete"),
    path("generations/<uuid:pk>/sentences/", sentences.news, name="sentences"),
    re_path(rf"^generations/{UUID}/sentences/{INDEX}/takes/$", sentences.speak_again, name="speak-again"),
    re_path(rf"^generations/{UUID}/sentences/{INDEX}/choice/$", sentences.choose, name="choose-take"),
    path("generations/<uuid:pk>/voice/", voices.save_voice, name="save-voice"),
    path("api/v1/voice-clone/generate", generate.generate, name="api-generate"),
    path("api/v1/generations", api_generations.generations, name="api-generations"),
    path("api/v1/generations/<uuid:pk>", api_generations.generation, name="api-generation"),
    path("api/v1/generations/<uuid:pk>/cancel", api_generations.cancel, name="api-cancel"),
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
    path("api/v1/languages", languages.languages, name="api-languages"),
    path("api/v1/health", health.health, name="api-health"),
    path("api/v1/openapi.json", documents.openapi_document, name="api-openapi"),
    re_path(r"^api(?:/|$)", documents.unknown),
]
