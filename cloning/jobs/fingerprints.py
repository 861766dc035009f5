"""What is kept so that speech of this server is known again, and looking for it. It is deleted with the take."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from django.db import connection, transaction
from django.db.models import Q

from cloning.audio import fingerprint as acoustic
from cloning.audio.fingerprint import Question
from cloning.models import Encoding, Fingerprint, FingerprintKey, Generation, Take

MAX_HITS = 20_000
"""Rows that are looked at. Most of the 8,192 keys that are asked for are in none."""
MAX_PLACES = 4
"""Of one key in what is asked about: a sound that comes again and again has one at many."""
MAX_COMPARISONS = 1000


def keep(take: Take, found: acoustic.Fingerprint) -> None:
    """In place of that of before, where a sound that was lost is spoken again."""
    Fingerprint.objects.filter(take=take).delete()
    if not found.keys.size:
        return
    row = Fingerprint.objects.create(take=take, words=found.words.astype("<u4").tobytes())
    keys = found.keys.view(np.int32).tolist()
    FingerprintKey.objects.bulk_create(
        [
            FingerprintKey(key=key, fingerprint=row, place=place)
            for key, place in zip(keys, found.places.tolist(), strict=True)
        ],
        batch_size=300,
    )


@dataclass(frozen=True)
class Match:
    """A result of this server. When it was made is told to the day: a time would tell who was there then."""

    created_on: date


def find(source: Path, question: Question) -> Match | None:
    """The file itself, or what sounds in it."""
    return find_same_file(source) or find_same_speech(question)


def find_same_file(source: Path) -> Match | None:
    """A file of which this is a copy, bit for bit: a joined one, a single take, or what was encoded later."""
    with source.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    kept = Generation.objects.filter(audible())
    generation = (
        kept.filter(audio_sha256=sha256).first()
        or kept.filter(pk__in=Encoding.objects.filter(audio_sha256=sha256).values("generation")).first()
        or kept.filter(segments__takes__audio_sha256=sha256).first()
    )
    return Match(generation.created_at.date()) if generation else None


def audible(path: str = "") -> Q:
    """What nobody has deleted. What can still be had back counts as deleted."""
    fields = {f"{path}deleted_at": None, f"{path}sample_of__deleted_at": None}
    return Q(**fields)


def find_same_speech(question: Question) -> Match | None:
    """A take that is heard in it, the most alike of several. Two queries, whatever is asked."""
    places = places_by_key(question)
    votes: Counter[tuple[int, int]] = Counter()
    examples: dict[tuple[int, int], tuple[int, int]] = {}
    for key, pk, place in look_up(list(places)):
        for asked_place in places[key]:
            shift = (pk, place - asked_place // acoustic.PHASES)
            votes[shift] += 1
            examples[shift] = (place, asked_place)
    likely = [(pk, *examples[pk, shift]) for (pk, shift), _ in votes.most_common(MAX_COMPARISONS)]
    rows = Fingerprint.objects.filter(
        audible("take__segment__generation__"), pk__in={each[0] for each in likely}
    )
    words = {
        pk: (np.frombuffer(blob, "<u4"), at)
        for pk, blob, at in rows.values_list("pk", "words", "take__segment__generation__created_at")
    }
    found = [
        (different, words[pk][1])
        for pk, place, asked_place in likely
        if pk in words
        and (different := acoustic.compare(words[pk][0], question.words, place, asked_place)) is not None
    ]
    return Match(min(found)[1].date()) if found else None


def look_up(keys: list[int]) -> list[tuple[int, int, int]]:
    """Key, fingerprint and place of the rows with these keys."""
    rows = FingerprintKey.objects.filter(key__in=keys).values_list("key", "fingerprint", "place")[:MAX_HITS]
    with transaction.atomic():
        if connection.vendor == "postgresql":  # for so many keys it would read the whole table
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
        return list(rows)


def places_by_key(question: Question) -> dict[int, list[int]]:
    places: dict[int, list[int]] = defaultdict(list)
    for key, place in zip(question.keys.view(np.int32).tolist(), question.places.tolist(), strict=True):
        if len(places[key]) < MAX_PLACES:
            places[key].append(place)
    return places
