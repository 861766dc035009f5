from django.urls import path, re_path

from cloning.api.v1 import documents, files, generate, health, languages
from cloning.api.v1 import generations as api_generations
from cloning.views import generations, studio, voices

UUID = "(?P<pk>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"

urlpatterns = [
    path("", studio.home, name="home"),
    path("generations/<uuid:pk>/", generations.generation, name="generation"),
    path("generations/<uuid:pk>/cancel/", generations.cancel, name="cancel"),
    path("generations/<uuid:pk>/delete/", generations.delete, name="delete"),
    path("generations/<uuid:pk>/voice/", voices.save_voice, name="save-voice"),
    path("api/v1/voice-clone/generate", generate.generate, name="api-generate"),
    path("api/v1/generations", api_generations.generations, name="api-generations"),
    path("api/v1/generations/<uuid:pk>", api_generations.generation, name="api-generation"),
    re_path(rf"^api/v1/files/{UUID}\.(?P<audio_format>wav|mp3|opus|flac)$", files.file, name="api-file"),
    path("api/v1/languages", languages.languages, name="api-languages"),
    path("api/v1/health", health.health, name="api-health"),
    path("api/v1/openapi.json", documents.openapi_document, name="api-openapi"),
    re_path(r"^api(?:/|$)", documents.unknown),
]
