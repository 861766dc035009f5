"""How much of each attack: what fits into CI, and what the figures in docs/reliability.md come from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    slow_texts: int
    texts: int
    fields: int
    headers: int
    raw: int
    uploads: int
    crafted_scale: float
    schema_examples: int
    races: int
    deletion_rounds: int
    kills: int
    jobs: int
    lock_seconds: float
    clients: int
    client_seconds: float


SHORT = Size(
    slow_texts=6, texts=40, fields=40, headers=60, raw=60, uploads=30, crafted_scale=0.1,
    schema_examples=5, races=30, deletion_rounds=1, kills=6, jobs=15, lock_seconds=6, clients=60, client_seconds=6,
)  # fmt: skip
FULL = Size(
    slow_texts=30, texts=900, fields=900, headers=1_000, raw=1_000, uploads=1_200, crafted_scale=1.0,
    schema_examples=100, races=400, deletion_rounds=20, kills=100, jobs=1_000, lock_seconds=30,
    clients=200, client_seconds=60,
)  # fmt: skip
