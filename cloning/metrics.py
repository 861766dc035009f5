"""What Prometheus is told of this process. Names and units: https://prometheus.io/docs/practices/naming/.

Counts and times are each process's own. What waits, and who works, stands in the database and is read at each scrape:
`jobs/backlog.py`.
"""

from prometheus_client import Counter, Gauge, Histogram

REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
WORK_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)

REQUESTS = Histogram(
    "voiceclone_http_request_seconds",
    "From a request to the beginning of its answer",
    ["method", "view", "status"],
    buckets=REQUEST_BUCKETS,
)
LISTENERS = Gauge("voiceclone_listeners", "Who listens to a stream of this web server")
WAITED = Histogram(
    "voiceclone_generation_wait_seconds",
    "From a generation's submission to its first sentence in hand",
    ["engine"],
    buckets=WORK_BUCKETS,
)
TAKES = Counter("voiceclone_takes", "Sentences that ended", ["engine", "outcome"])
"""`outcome` is "succeeded" or an error code."""
SPEAKING = Histogram(
    "voiceclone_take_seconds", "What an engine took to speak a sentence", ["engine"], buckets=WORK_BUCKETS
)
SPEECH = Counter("voiceclone_speech_seconds", "Speech that was made", ["engine"])
JOINS = Counter("voiceclone_joins", "Joined files", ["outcome"])
