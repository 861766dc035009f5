from django.urls import path, re_path

from cloning import api, views

UUID = "(?P<pk>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"

urlpatterns = [
    path("", views.home, name="home"),
    path("generations/<uuid:pk>/", views.generation, name="generation"),
    path("generations/<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("generations/<uuid:pk>/delete/", views.delete, name="delete"),
    path("generations/<uuid:pk>/voice/", views.save_voice, name="save-voice"),
    path("api/v1/voice-clone/generate", api.generate, name="api-generate"),
    path("api/v1/generations", api.generations, name="api-generations"),
    path("api/v1/generations/<uuid:pk>", api.generation, name="api-generation"),
    re_path(rf"^api/v1/files/{UUID}\.(?P<audio_format>wav|mp3|opus|flac)$", api.file, name="api-file"),
    path("api/v1/languages", api.languages, name="api-languages"),
    path("api/v1/health", api.health, name="api-health"),
    path("api/v1/openapi.json", api.openapi_document, name="api-openapi"),
    path("api/<path:path>", api.unknown),
]
