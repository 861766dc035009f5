"""How long the server's work takes beside very many generations: `python -m benchmarks.load --rows 1000000`.

PostgreSQL, an empty database that may be filled. Of its generations sixty are active, a twentieth failed, one in five
hundred is starred; 200 users have as many each and one has five; 499 voices speak alike much and one fifty; a language
is rare. Each has one sentence with one take. The times are those of the functions that web process and worker call, in
a process of their own: in the database, and all in all.
"""

import math
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

USERS, VOICES, ACTIVE = 200, 500, 60
LANGUAGES = ["en"] * 90 + ["de", "es", "fr", "it", "pt", "pl", "tr", "nl", "ru", "cs"]
RARE_LANGUAGE = "hu"
REPEATS = 15

# A record's columns are those of a template's row, so that these need not name them all.
GENERATIONS = """
INSERT INTO cloning_generation SELECT new.* FROM cloning_generation template, generate_series(1, %(count)s) n,
LATERAL jsonb_populate_record(template, jsonb_build_object(
    'id', md5('generation' || n)::uuid,
    'created_at', now() - n * interval '20 seconds',
    'started_at', now() - n * interval '20 seconds' + interval '1 second',
    'served_at', now() - n * interval '20 seconds' + interval '2 seconds',
    'finished_at', now() - n * interval '20 seconds' + interval '6 seconds',
    'owner_id', CASE WHEN n %% (%(count)s / 5) = 7 THEN %(rare_user)s ELSE %(first_user)s + n %% %(users)s END,
    'voice_id', (%(voices)s::uuid[])[CASE WHEN n %% (%(count)s / 50) = 9 THEN 1 ELSE 2 + (n::bigint * 7919) %% 499 END],
    'language', CASE WHEN n %% 100000 = 11 THEN %(rare)s ELSE (%(languages)s::text[])[1 + (n / 7) %% 100] END,
    'status', CASE WHEN n %% 20 = 0 THEN 'failed' WHEN n %% 20 = 1 THEN 'cancelled' ELSE 'succeeded' END,
    'is_starred', n %% 500 = 3,
    'text', 'Sentence number ' || n || ' of those that somebody has had spoken in a voice of their own.'
)) new WHERE template.id = %(template)s
"""
LINKS = """
INSERT INTO cloning_generation_references (generation_id, reference_id)
SELECT g.id, r.reference_id FROM cloning_generation g JOIN cloning_voice_references r ON r.voice_id = g.voice_id
WHERE g.id <> %(template)s
"""
SEGMENTS = """
INSERT INTO cloning_segment (generation_id, index, text, pause_seconds, chosen_take_id)
SELECT id, 0, text, 0, CASE WHEN status = 'succeeded' THEN md5('take' || id)::uuid END
FROM cloning_generation WHERE id <> %(template)s
"""
TAKES = """
INSERT INTO cloning_take SELECT new.* FROM cloning_take template,
cloning_segment s JOIN cloning_generation g ON g.id = s.generation_id,
LATERAL jsonb_populate_record(template, jsonb_build_object(
    'id', md5('take' || g.id)::uuid, 'segment_id', s.id, 'text', s.text, 'status', g.status,
    'created_at', g.created_at, 'started_at', g.started_at, 'finished_at', g.finished_at
)) new WHERE template.id = %(take)s AND s.generation_id <> %(template)s
"""


@dataclass(frozen=True)
class Filled:
    voices: list[Any]  # the first speaks little
    users: list[Any]  # the last has little


@dataclass
class Timing:
    whole_ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)
    queries: int = 0


def find_filled() -> Filled | None:
    """What an earlier run has left."""
    from django.contrib.auth.models import User

    from cloning.models import Voice

    voices = list(Voice.objects.order_by("pk"))
    voices.sort(key=lambda voice: int(voice.name.rpartition(" ")[2]))
    return Filled(voices, list(User.objects.order_by("pk"))) if voices else None


def fill(count: int) -> Filled:
    from django.contrib.auth.models import User
    from django.db import connection, transaction

    from cloning.models import Channel, Generation, Segment, Status, Take

    users = User.objects.bulk_create(User(username=f"user{number}") for number in range(USERS + 1))
    voices = add_voices()
    template = Generation.objects.create(
        text="", language="en", requested_via=Channel.PAGE, status=Status.SUCCEEDED, engine="preview",
        audio="generated/a.wav", sample_rate_hz=24_000, duration_seconds=5.0, peaks=[0.123] * 120,
        segments_done=1, segments_total=1,
    )  # fmt: skip
    segment = Segment.objects.create(generation=template, index=0, text="", pause_seconds=0)
    take = Take.objects.create(
        segment=segment, engine="preview", status=Status.SUCCEEDED, audio="generated/takes/a.wav",
        sample_rate_hz=24_000, duration_seconds=5.0, spoken_seconds=4.0, peaks=[0.123] * 120,
    )  # fmt: skip
    values: dict[str, Any] = {
        "count": count, "template": template.pk, "take": take.pk, "users": USERS, "first_user": users[0].pk,
        "rare_user": users[-1].pk, "voices": [voice.pk for voice in voices], "languages": LANGUAGES,
        "rare": RARE_LANGUAGE,
    }  # fmt: skip
    started_at = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in (GENERATIONS, LINKS, SEGMENTS, TAKES):
            cursor.execute(statement, values)
    template.delete()
    filled = Filled(list(voices), list(users))
    add_dialogues(filled)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_database_size(current_database())")
        size_gb = cursor.fetchone()[0] / 1e9
    print(f"{count} generations in {time.perf_counter() - started_at:.0f} s, {size_gb:.1f} GB.\n", flush=True)
    return filled


def add_dialogues(filled: Filled) -> None:
    """Five, in which a voice that speaks much speaks with the one that speaks little."""
    from cloning.models import Generation, Speaker

    for generation in Generation.objects.filter(voice=filled.voices[2])[:5]:
        generation.voice, generation.is_dialogue = None, True
        generation.save(update_fields=["voice", "is_dialogue"])
        for index in range(2):
            Speaker.objects.create(
                generation=generation, index=index, name=f"{index}", voice=filled.voices[index]
            )


def add_voices() -> list[Any]:
    """Each of a clip of its own that is learnt."""
    from cloning.models import Reference, StoredConditioning, Voice, fold_name, identify_set

    names = [f"Voice {number}" for number in range(VOICES)]
    voices = Voice.objects.bulk_create(Voice(name=name, name_key=fold_name(name)) for name in names)
    clips = Reference.objects.bulk_create(
        Reference(
            sha256=f"{number:064}",
            file=f"incoming/{number}.wav",
            duration_seconds=7.0,
            size_bytes=9,
            report={},
        )
        for number in range(VOICES)
    )
    known = StoredConditioning.objects.bulk_create(
        StoredConditioning(set_id=identify_set([clip]), engine_key="preview", learning_seconds=2.0)
        for clip in clips
    )
    for owners in (voices, known):
        links: Any = type(owners[0]).references.through
        names_of_owner = {Voice: "voice_id", StoredConditioning: "storedconditioning_id"}
        key = names_of_owner[type(owners[0])]
        links.objects.bulk_create(
            links(**{key: owner.pk, "reference_id": clip.pk})
            for owner, clip in zip(owners, clips, strict=True)
        )
    return list(voices)


def find_actions(filled: Filled) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is timed, in the order of the table. `cloning/tests/jobs/test_plans.py` looks at their queries, too."""
    for actions in (submitting, claiming, listing, estimating, cleaning):
        yield from actions(filled).items()


def submitting(filled: Filled) -> dict[str, Callable[[], object]]:
    from cloning.jobs import backlog, state
    from cloning.jobs.submission import submit
    from cloning.models import Channel, Generation

    def unsaved(**fields: Any) -> Generation:
        return Generation(text="Good morning.", language="en", requested_via=Channel.API, **fields)

    for _ in range(ACTIVE):
        submit(unsaved(stock_voice="af_heart", owner=random.choice(filled.users)))

    def submit_and_cancel(**fields: Any) -> None:
        submit(generation := unsaved(**fields))
        state.cancel(generation)

    return {
        "submission and cancellation, a stock voice": lambda: submit_and_cancel(stock_voice="af_heart"),
        "the same, a saved voice": lambda: submit_and_cancel(voice=filled.voices[1]),
        "what waits (`/metrics`)": backlog.read_backlog,
    }


def claiming(filled: Filled) -> dict[str, Callable[[], object]]:
    from cloning.jobs import joins, leases, scheduling, takes

    observer = leases.LeaseObserver()

    def claim() -> None:
        take = scheduling.claim_next()
        assert take
        takes.release(take)

    return {
        "claim of a sentence, and its release": claim,
        "what is to be joined": joins.claim_next,
        "whose worker died": observer.find_abandoned,
    }


def listing(filled: Filled) -> dict[str, Callable[[], object]]:
    from cloning.api.v1.generations import read_page
    from cloning.models import Generation, Voice
    from cloning.views.filters import HistoryFilter, place_of, read_slice
    from cloning.views.history import count_found

    def page(owner: Any = None, before: str = "", **query: str) -> None:
        rows = Generation.objects.listed()
        if owner:
            rows = rows.filter(owner=owner)
        rows = rows.with_begun_share().select_related("voice").prefetch_related("references", "cast")
        read_slice(HistoryFilter(query).choose(rows), 20, before=before)
        count_found(HistoryFilter(query))

    newest_first = Generation.objects.order_by("-created_at")
    middle = newest_first[newest_first.count() // 2]
    much, little = str(filled.voices[1].pk), str(filled.voices[0].pk)
    day = str(middle.created_at.date())
    queries: dict[str, dict[str, Any]] = {
        "history, the newest": {},
        "history, from the middle": {"before": str(place_of(middle))},
        "history, an owner's": {"owner": filled.users[0]},
        "history, the owner's who has little": {"owner": filled.users[-1]},
        "history, a voice that speaks much": {"voice": much},
        "history, a voice that speaks little": {"voice": little},
        "history, a stock voice that speaks hardly": {"voice": "stock:af_heart"},
        "history, failed": {"status": "failed"},
        "history, failed, of an owner": {"status": "failed", "owner": filled.users[0]},
        "history, running": {"status": "running"},
        "history, starred": {"starred": "on"},
        "history, a language": {"language": "de"},
        "history, a rare language": {"language": RARE_LANGUAGE},
        "history, a day": {"from": day, "to": day},
    }
    actions: dict[str, Callable[[], object]] = {
        name: partial(page, **query) for name, query in queries.items()
    }
    return {
        **actions,
        "list of the API": lambda: read_page(Generation.objects.listed().with_begun_share(), "20"),
        "voices, a page": lambda: list(Voice.objects.kept().with_last_use(None).with_clips()[:24]),
    }


def estimating(filled: Filled) -> dict[str, Callable[[], object]]:
    from cloning.jobs import estimates
    from cloning.models import Generation, Status

    last = Generation.objects.filter(status=Status.QUEUED).order_by("-created_at")[0]

    def estimate(language: str) -> None:
        estimates._paces.clear()
        estimates.estimate_draft(100, language, list(filled.voices[1].references.all()))

    return {
        "place in the queue": lambda: estimates.find_position(last),
        "estimate": lambda: estimate("en"),
        "estimate, a rare language": lambda: estimate(RARE_LANGUAGE),
        "estimate, a language never spoken": lambda: estimate("ko"),
        "how long joining takes": estimates.measure_joining,
    }


def cleaning(filled: Filled) -> dict[str, Callable[[], object]]:
    from cloning.jobs import discarding, sweeping
    from cloning.jobs.cleanup import delete_generation
    from cloning.models import Generation

    def spoken_by(voice: Any) -> Iterator[uuid.UUID]:
        return Generation.objects.filter(voice=voice).values_list("pk", flat=True)[: 3 * REPEATS].iterator()

    much, little = spoken_by(filled.voices[1]), spoken_by(filled.voices[0])

    def discard_and_restore() -> None:
        moment = discarding.discard([next(much)], None)
        assert moment
        discarding.restore(moment, None)

    return {
        "deletion, of a voice that speaks much": lambda: delete_generation(next(much)),
        "deletion, of a voice that speaks little": lambda: delete_generation(next(little)),
        "hiding one, and having it back": discard_and_restore,
        "the sweep of each minute": sweeping.sweep,
    }


def measure(action: Callable[[], object]) -> Timing:
    from django.db import connection

    timing = Timing()
    for _ in range(REPEATS + 1):
        spent: list[float] = []

        def clocked(
            execute: Any, sql: Any, params: Any, many: Any, context: Any, spent: list[float] = spent
        ) -> Any:
            started_at = time.perf_counter()
            try:
                return execute(sql, params, many, context)
            finally:
                spent.append(time.perf_counter() - started_at)

        started_at = time.perf_counter()
        with connection.execute_wrapper(clocked):
            action()
        timing.whole_ms.append(1000 * (time.perf_counter() - started_at))
        timing.database_ms.append(1000 * sum(spent))
        timing.queries = len(spent)
    del timing.whole_ms[0], timing.database_ms[0]  # one warms up
    return timing


def print_row(name: str, timing: Timing) -> None:
    database, whole = timing.database_ms, timing.whole_ms
    figures = (median(database), min(database), median(whole))
    print(f"| {name} | {timing.queries} | {' | '.join(f'{each:.1f}' for each in figures)} |", flush=True)


def print_table(count: int) -> None:
    from cloning.jobs import sweeping

    sweeping._list_at = math.inf  # the list of all files, once an hour, is as long as there are files
    filled = find_filled() or fill(count)
    print("| | queries | in the database, median ms | least | all in all, median ms |\n|---|---|---|---|---|")
    for name, action in find_actions(filled):
        print_row(name, measure(action))
