"""What a key has to be good for, call by call: a call that is not in the table fails."""

import pytest
from django.contrib.auth.models import User
from django.urls import URLPattern, reverse

from cloning import urls
from cloning.jobs import keys
from cloning.models import Scope
from cloning.tests.wrong_requests import UNKNOWN_ID

READ, SPEAK, VOICES, ADMIN = Scope.READ, Scope.SPEAK, Scope.VOICES, Scope.ADMIN

TABLE = {
    "api-generate": {"POST": SPEAK},
    "api-generations": {"GET": READ},
    "api-generation": {"GET": READ, "PATCH": SPEAK, "DELETE": SPEAK},
    "api-cancel": {"POST": SPEAK},
    "api-restore": {"POST": SPEAK},
    "api-resume": {"POST": SPEAK},
    "api-segment": {"PATCH": SPEAK},
    "api-takes": {"POST": SPEAK},
    "api-segment-audio": {"GET": READ},
    "api-stream": {"GET": READ},
    "api-subtitles": {"GET": READ},
    "api-file": {"GET": READ},
    "api-books": {"GET": READ, "POST": SPEAK},
    "api-book": {"GET": READ, "DELETE": SPEAK},
    "api-start-book": {"POST": SPEAK},
    "api-cancel-book": {"POST": SPEAK},
    "api-resume-book": {"POST": SPEAK},
    "api-book-file": {"GET": READ},
    "api-book-zip": {"GET": READ},
    "api-book-cover": {"GET": READ},
    "api-check-clip": {"POST": SPEAK},
    "api-voices": {"GET": READ, "POST": VOICES},
    "api-import-voice": {"POST": VOICES},
    "api-voice": {"GET": READ, "PATCH": VOICES, "DELETE": VOICES},
    "api-export-voice": {"GET": VOICES},
    "api-revoke-voice": {"POST": VOICES},
    "api-revoke-consent": {"POST": VOICES},
    "api-voice-references": {"POST": VOICES},
    "api-voice-reference": {"GET": READ, "PATCH": VOICES, "DELETE": VOICES},
    "api-pronunciations": {"GET": READ, "POST": VOICES},
    "api-pronunciation": {"GET": READ, "PATCH": VOICES, "DELETE": VOICES},
    "api-keys": {"GET": ADMIN, "POST": ADMIN},
    "api-key": {"DELETE": ADMIN},
    "api-batches": {"GET": READ, "POST": SPEAK},
    "api-batch": {"GET": READ, "DELETE": SPEAK},
    "api-batch-rows": {"GET": READ},
    "api-cancel-batch": {"POST": SPEAK},
    "api-batch-archive": {"GET": READ},
    "api-webhooks": {"GET": ADMIN, "POST": ADMIN},
    "api-webhook": {"GET": ADMIN, "DELETE": ADMIN},
    "api-ping-webhook": {"POST": ADMIN},
    "api-verify": {"POST": None},
    "api-languages": {"GET": None},
    "api-statements": {"GET": None},
    "api-health": {"GET": None},
    "api-health-live": {"GET": None},
    "api-health-ready": {"GET": None},
    "api-openapi": {"GET": None},
}
SAMPLES = {
    "pk": UNKNOWN_ID,
    "identifier": "cons_0",
    "reference_pk": UNKNOWN_ID,
    "index": "0",
    "audio_format": "wav",
    "stream_format": "mp3",
    "subtitle_format": "srt",
}


def calls() -> dict[str, URLPattern]:
    return {
        str(pattern.name): pattern
        for pattern in urls.urlpatterns
        if isinstance(pattern, URLPattern) and str(pattern.pattern).lstrip("^").startswith("api/v1/")
    }


def test_the_table_has_every_call() -> None:
    scopes = {
        name: {method: scope for method, scope in pattern.callback.scopes.items() if method != "HEAD"}
        for name, pattern in calls().items()
    }
    assert scopes == TABLE


def test_a_key_gets_through_to_what_its_scope_is_for_and_no_further(api, settings, db) -> None:
    settings.REQUIRE_LOGIN = True
    ada = User.objects.create_user("ada")
    secrets = {scope: keys.make(ada, scope, [scope])[1] for scope in Scope}
    for name, pattern in calls().items():
        values = {each: SAMPLES[each] for each in pattern.pattern.regex.groupindex}
        for method, needed in TABLE[name].items():
            if needed is None:
                continue
            for scope, secret in secrets.items():
                headers = {"Authorization": f"Bearer {secret}"}
                answer = api.generic(method, reverse(name, kwargs=values), headers=headers)
                is_refused = answer.status_code == 403
                assert is_refused == (scope != needed), (name, method, scope, answer.content)
                if is_refused:
                    assert answer.json()["error"]["code"] == "scope_missing"
                    assert f'scope="{needed}"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize("scope", Scope)
def test_every_scope_is_needed_somewhere(scope) -> None:
    assert any(scope in each.values() for each in TABLE.values())
