from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path
from django.views.i18n import set_language

from cloning.api.openai import consents as openai_consents
from cloning.api.openai import custom_voices as openai_voices
from cloning.api.openai import listings as openai_listings
from cloning.api.openai import speech as openai_speech
from cloning.api.v1 import clips as api_clips
from cloning.api.v1 import documents, files, generate, health, languages, segments, streams
from cloning.api.v1 import generations as api_generations
from cloning.api.v1 import keys as api_keys
from cloning.api.v1 import pronunciations as api_pronunciations
from cloning.api.v1 import voices as api_voices
from cloning.api.v1 import webhooks as api_webhooks
from cloning.api.xtts_server import errors as xtts_errors
from cloning.api.xtts_server import settings as xtts_settings
from cloning.api.xtts_server import speakers as xtts_speakers
from cloning.api.xtts_server import speech as xtts_speech
from cloning.views import (
    account,
    aliases,
    api_page,
    archives,
    clips,
    generations,
    history,
    keys,
    metrics,
    outlook,
    passwords,
    pronunciations,
    reading,
    sentences,
    sign_in,
    studio,
    voices,
    webhooks,
)

UUID = "(?P<pk>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
INDEX = "(?P<index>[0-9]{1,6})"
XTTS = "^(?:xtts/+)?"
"""Where the calls of xtts-api-server's dialect are. Programs put them after an address that may end with a slash."""

urlpatterns = [
    path("", studio.home, name="home"),
    path("cast/", studio.cast, name="cast"),
    path("language/", login_not_required(set_language), name="set-language"),
    path("account/", account.account, name="account"),
    path("account/delete/", account.delete, name="delete-account"),
    path("account/export/", account.export, name="export-account"),
    path("account/email/", account.change_email, name="change-email"),
    path("account/password/", passwords.ChangePassword.as_view(), name="change-password"),
    path("account/reset/", passwords.ResetPassword.as_view(), name="reset-password"),
    path("account/reset/sent/", passwords.ResetSent.as_view(), name="reset-sent"),
    path("account/set/<uidb64>/<token>/", passwords.SetPassword.as_view(), name="set-password"),
    path("account/sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("account/sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
    path("account/sign-up/", sign_in.SignUp.as_view(), name="sign-up"),
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
    path("voices/names/", aliases.aliases, name="aliases"),
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
    path("account/keys/", keys.keys, name="keys"),
    path("account/keys/<uuid:pk>/revoke/", keys.revoke, name="revoke-key"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/<uuid:pk>/ping/", webhooks.ping, name="ping-webhook"),
    path("webhooks/<uuid:pk>/delete/", webhooks.delete, name="delete-webhook"),
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
        rf"^api/v1/generations/{UUID}/stream\.(?P<stream_format>mp3|wav|opus|aac|flac|pcm)$",
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
    path("api/v1/keys", api_keys.keys, name="api-keys"),
    path("api/v1/keys/<uuid:pk>", api_keys.key, name="api-key"),
    path("api/v1/webhooks", api_webhooks.webhooks, name="api-webhooks"),
    path("api/v1/webhooks/<uuid:pk>", api_webhooks.webhook, name="api-webhook"),
    path("api/v1/webhooks/<uuid:pk>/ping", api_webhooks.ping, name="api-ping-webhook"),
    path("api/v1/languages", languages.languages, name="api-languages"),
    path("api/v1/health", health.health, name="api-health"),
    path("api/v1/health/live", health.live, name="api-health-live"),
    path("api/v1/health/ready", health.ready, name="api-health-ready"),
    path("api/v1/openapi.json", documents.openapi_document, name="api-openapi"),
    path("v1/audio/speech", openai_speech.speech, name="openai-speech"),
    path("v1/models", openai_listings.models, name="openai-models"),
    path("v1/models/<path:model>", openai_listings.model, name="openai-model"),
    path("v1/audio/models", openai_listings.audio_models, name="openai-audio-models"),
    path("v1/audio/voices", openai_voices.voices, name="openai-voices"),
    path("v1/audio/voices/<str:identifier>", openai_voices.voice, name="openai-voice"),
    path("v1/audio/voice_consents", openai_consents.consents, name="openai-consents"),
    path("v1/audio/voice_consents/<str:identifier>", openai_consents.consent, name="openai-consent"),
    re_path(r"^v1(?:/|$)", openai_listings.unknown),
    path("health", openai_listings.health, name="openai-health"),
    re_path(rf"{XTTS}speakers/?$", xtts_speakers.speakers, name="xtts-speakers"),
    re_path(rf"{XTTS}speakers_list/?$", xtts_speakers.speakers_list, name="xtts-speakers-list"),
    re_path(rf"{XTTS}sample/(?P<name>.+)$", xtts_speakers.sample, name="xtts-sample"),
    re_path(rf"{XTTS}languages/?$", xtts_settings.languages, name="xtts-languages"),
    re_path(rf"{XTTS}tts_to_audio/?$", xtts_speech.tts_to_audio, name="xtts-tts-to-audio"),
    re_path(rf"{XTTS}tts_stream/?$", xtts_speech.tts_stream, name="xtts-tts-stream"),
    re_path(rf"{XTTS}get_folders/?$", xtts_settings.get_folders, name="xtts-folders"),
    re_path(rf"{XTTS}get_models_list/?$", xtts_settings.get_models_list, name="xtts-models"),
    re_path(rf"{XTTS}get_tts_settings/?$", xtts_settings.get_tts_settings, name="xtts-settings"),
    re_path(rf"{XTTS}set_tts_settings/?$", xtts_settings.set_tts_settings, name="xtts-set-settings"),
    re_path(
        rf"{XTTS}(?P<call>set_output|set_speaker_folder|switch_model|tts_to_file)/?$",
        xtts_settings.refuse,
        name="xtts-refused",
    ),
    re_path(r"^xtts(?:/|$)", xtts_errors.unknown),
    path("api/", api_page.api, name="api"),
    path("metrics", metrics.metrics, name="metrics"),
    re_path(r"^api(?:/|$)", documents.unknown),
]
