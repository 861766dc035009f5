"""How soon the history answers, and what finds a word soonest: `python -m benchmarks.history [--database-url URL]`.

A real site over HTTP, with a database of its own that is filled first; `--database-url` names an empty one that may be
filled. One text in twenty has 10,000 characters, three have 1,000 and the others 100. Beside the page, the search alone
is timed: LIKE, as the page does it, and the database's own index of trigrams (FTS5 of SQLite, pg_trgm of PostgreSQL).
"""

import argparse
import os
import random
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.site import Site, serving

LENGTHS = [10_000] + [1_000] * 3 + [100] * 16
RARE = "Zanzibar"
TALE = (
    "the old lighthouse keeper counted ships that passed harbour before sunrise and nobody on shore could say why "
    "he wrote their names into a book which was never read again while wind turned over pages of water slowly"
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--database-url", default="", help="SQLite where none is given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database_url = options.database_url or f"sqlite:///{folder}/storage/db.sqlite3"
        os.environ["DATABASE_URL"], os.environ["STORAGE_ROOT"] = database_url, str(folder / "storage")
        with serving(folder, DATABASE_URL=database_url) as site:
            set_up_django()
            voice_pk = fill(options.rows)
            analyse()
            time_pages(site, voice_pk, options.repeats)
        time_searches(options.repeats)


def set_up_django() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "voiceclone_site.settings"
    django.setup()


def fill(count: int) -> uuid.UUID:
    """The key of a voice that spoke a fiftieth of them."""
    from django.utils import timezone

    from cloning.models import Channel, Generation, Status, Voice, fold_name
    from cloning.text import LANGUAGES

    dice, now = random.Random(1), timezone.now()
    names = [f"Voice {number}" for number in range(50)]
    voices = Voice.objects.bulk_create(Voice(name=name, name_key=fold_name(name)) for name in names)
    languages, statuses = list(LANGUAGES), [Status.SUCCEEDED] * 18 + [Status.FAILED, Status.CANCELLED]
    for start in range(0, count, 500):
        Generation.objects.bulk_create(
            Generation(
                text=make_text(dice, LENGTHS[number % 20], is_rare=number == count - 1),
                language=languages[number % len(languages)],
                voice=voices[number % 50],
                status=statuses[number % 20],
                audio="generated/a.wav",
                duration_seconds=7.5,
                peaks=[0.123] * 120,
                error_code="worker_lost" if number % 20 >= 18 else "",
                segments_done=1,
                segments_total=1,
                requested_via=Channel.PAGE,
                created_at=now - timedelta(minutes=number),
            )
            for number in range(start, min(start + 500, count))
        )
    return voices[7].pk


def analyse() -> None:
    """As PostgreSQL does by itself, a minute later. SQLite has no statistics on a site, either."""
    from django.db import connection

    if connection.vendor == "postgresql":
        execute("ANALYZE")


def make_text(dice: random.Random, size: int, *, is_rare: bool) -> str:
    words = dice.choices(TALE.split(), k=size // 5)
    return " ".join([*words, RARE] if is_rare else words)[:size] + (f" {RARE}." if is_rare else ".")


def time_pages(site: Site, voice_pk: uuid.UUID, repeats: int) -> None:
    from cloning.models import Generation
    from cloning.views.filters import place_of

    rows = Generation.objects.order_by("-created_at")
    middle, oldest = place_of(rows[rows.count() // 2]), place_of(rows[rows.count() - 20])
    pages = {
        "the newest": "",
        "from the middle": f"?before={middle}",
        "the oldest, backwards": f"?after={oldest}",
        "a voice": f"?voice={voice_pk}",
        "failed, in one language": "?status=failed&language=de",
        "a day": f"?from={middle.created_at.date()}&to={middle.created_at.date()}",
        "a word that is everywhere": "?q=lighthouse",
        "a word in the oldest alone": f"?q={RARE}",
        "three words that are nowhere together": f"?q=harbour+{RARE}+xylophone",
        "a word that is nowhere, no ASCII": "?q=%C3%9Cbermut",
    }
    print(
        f"| {rows.count()} generations: the page | least ms | median ms | slowest ms | kB |\n|---|---|---|---|---|"
    )
    for name, query in pages.items():
        seconds, size_bytes = time_page(site, f"/history/{query}", repeats)
        figures = [1000 * figure for figure in (min(seconds), median(seconds), max(seconds))]
        print(
            f"| {name} | {' | '.join(f'{ms:.0f}' for ms in figures)} | {size_bytes / 1000:.0f} |", flush=True
        )


def time_page(site: Site, path: str, repeats: int) -> tuple[list[float], int]:
    """One request warms up."""
    seconds: list[float] = []
    body = b""
    for _ in range(repeats + 1):
        connection = site.connect()
        started_at = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        seconds.append(time.perf_counter() - started_at)
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
    return seconds[1:], len(body)


def time_searches(repeats: int) -> None:
    from django.db import connection

    from cloning.models import Generation

    def like(word: str) -> list[Any]:
        return list(Generation.objects.saying([word]).order_by("-created_at").values_list("pk")[:26])

    print("\n| the search alone | LIKE, median ms | index of trigrams, median ms |\n|---|---|---|")
    words = {"everywhere": "lighthouse", "in the oldest alone": RARE, "nowhere": "xylophone"}
    # Before there is an index, which PostgreSQL takes for LIKE, too.
    without = {name: 1000 * median(time_call(like, word, repeats)) for name, word in words.items()}
    started_at = time.perf_counter()
    indexed = SEARCHES[connection.vendor]()
    built_seconds = time.perf_counter() - started_at
    for name, word in words.items():
        print(f"| {name} | {without[name]:.1f} | {1000 * median(time_call(indexed, word, repeats)):.1f} |")
    print(f"\nThe index was built in {built_seconds:.1f} s.")


def time_call(search: Callable[[str], list[Any]], word: str, repeats: int) -> list[float]:
    seconds = []
    for _ in range(repeats):
        started_at = time.perf_counter()
        search(word)
        seconds.append(time.perf_counter() - started_at)
    return seconds


def build_fts5() -> Callable[[str], list[Any]]:
    execute(
        "CREATE VIRTUAL TABLE texts USING fts5 (body, key UNINDEXED, tokenize='trigram')",
        "INSERT INTO texts SELECT text, id FROM cloning_generation",
    )
    return lambda word: select(
        "id IN (SELECT key FROM texts WHERE body MATCH %s)",
        f'"{word}"',
    )


def build_trigrams() -> Callable[[str], list[Any]]:
    execute(
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        "CREATE INDEX texts ON cloning_generation USING gin (upper(text) gin_trgm_ops)",
        "ANALYZE cloning_generation",
    )
    return lambda word: select("upper(text) LIKE upper(%s)", f"%{word}%")


def execute(*statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def select(condition: str, parameter: str) -> list[Any]:
    """What the first page of a search would show."""
    from django.db import connection

    query = f"SELECT id FROM cloning_generation WHERE {condition} ORDER BY created_at DESC LIMIT 26"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(query, [parameter])
        found: list[Any] = cursor.fetchall()
        return found


SEARCHES = {"sqlite": build_fts5, "postgresql": build_trigrams}


if __name__ == "__main__":
    main()
