"""Thousands of hostile requests and uploads, while somebody else only wants a page."""

import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from cloning.tests.attack import processes, raw, requests, texts
from cloning.tests.attack.crafted import crafted_uploads
from cloning.tests.attack.exchange import GENERATE, Case, Part, post_form
from cloning.tests.attack.page_watch import Pages, watching_pages
from cloning.tests.attack.report import Promise, Report
from cloning.tests.attack.server import Server, attacked
from cloning.tests.attack.sizes import Size
from cloning.tests.attack.uploads import make_clips, mutations

MAX_PAGE_SECONDS = 10.0  # alone on two cores it is well below one; the machine may be busy with other things
MAX_MB = {"FFmpeg": 1024.0, "web server": 700.0}


def attack(folder: Path, report: Report, size: Size) -> None:
    clips = make_clips(folder)
    with attacked(folder / "hostile", report, LEASE_SECONDS="30") as server:
        known = server.post("Good morning.", clips["flac"])
        assert known is not None
        server.wait_for(lambda: server.status_of(known) == "succeeded", 120, "one generation has succeeded")
        with (
            report.timed("hostile"),
            watching_pages(server.port, "/", f"/api/v1/generations/{known}") as pages,
            processes.watching_memory(server.pids("supervisor")[0]) as peaks,
        ):
            send_all(server, "slow texts", slow_texts(size))
            send_all(server, "texts", texts.examples(requests.text_posts(), size.texts, report.seed))
            send_all(server, "fields", texts.examples(requests.field_posts(), size.fields, report.seed))
            send_all(
                server, "headers", texts.examples(requests.header_requests(known), size.headers, report.seed)
            )
            send_all(server, "raw", texts.examples(raw.raw_requests(), size.raw, report.seed))
            upload_all(server, crafted_uploads(clips, size=size.crafted_scale).items())
            mutated = texts.examples(mutations(), size.uploads, report.seed)
            changed = ((f"mutation {mutation}", partial(mutation.apply, clips)) for mutation in mutated)
            upload_all(server, changed)
        judge_pages(server, "hostile", pages)
        judge_memory(server, peaks)
        judge_generations(server)
        server.delete_everything()


def slow_texts(size: Size) -> list[Case]:
    """As many at once as there are clients: one request that takes seconds holds every page of one process."""
    chosen = texts.SLOWEST[:: max(1, len(texts.SLOWEST) // size.slow_texts)]
    return [requests.text_post(text, language) for text, language in chosen]


def send_all(server: Server, what: str, cases: Iterable[Case]) -> None:
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(server.send, cases):
            server.report.count("hostile inputs")
            server.report.count(f"hostile {what}")


def upload_all(server: Server, uploads: Iterable[tuple[str, Callable[[], bytes]]]) -> None:
    """What is accepted is deleted again, most of it at once: the worker gets some."""
    deleting = random.Random(server.report.seed)
    kept: list[str] = []

    def upload(item: tuple[str, Callable[[], bytes]]) -> None:
        name, make = item
        parts = [Part("text", b"Good morning."), Part("reference", make(), "voice.wav", "audio/wav")]
        case = Case(
            f"upload of {name}", post_form(GENERATE, parts, [("Prefer", "respond-async")]), GENERATE, "POST"
        )
        answer = server.send(case)
        if answer and answer.status == 202:
            server.report.count("uploads accepted")
            if deleting.random() < 0.8:
                server.delete(answer.json()["id"])
            else:
                kept.append(answer.json()["id"])

    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(upload, uploads):
            server.report.count("hostile inputs")
            server.report.count("hostile uploads")


def judge_pages(server: Server, piece: str, pages: Pages) -> None:
    report = server.report
    report.figures[f"{piece}: pages asked"] = len(pages)
    report.figures[f"{piece}: page, 50th / 95th percentile (ms)"] = (
        f"{pages.percentile(50) * 1000:.0f} / {pages.percentile(95) * 1000:.0f}"
    )
    slowest = max(pages, key=lambda page: page.seconds)
    report.figures[f"{piece}: slowest page (ms)"] = round(slowest.seconds * 1000)
    if slowest.seconds > MAX_PAGE_SECONDS:
        server.fault(Promise.PAGES, f"{slowest.path} took {slowest.seconds:.1f} s")
    for page in pages.failed[:3]:
        server.fault(Promise.NO_5XX, f"a page meanwhile, {page.path}, answered {page.status or 'nothing'}")


def judge_memory(server: Server, peaks: dict[str, float]) -> None:
    for name, peak in peaks.items():
        server.report.keep_max(f"memory of the largest {name} (MB)", round(peak))
        if peak > MAX_MB.get(name, 4096):
            server.fault(Promise.MEMORY, f"{name}: {peak:.0f} MB")


def judge_generations(server: Server) -> None:
    """What was accepted ends, and not for a reason that is the server's own fault."""
    server.wait_for_ends(300)
    for code, count in server.rows("SELECT error_code, count(*) FROM cloning_generation GROUP BY error_code"):
        server.report.count(f"hostile uploads spoken: {code or 'succeeded'}", count)
        if code in ("internal_error", "worker_lost", "storage_failed"):
            server.fault(Promise.NO_5XX, f"{count} generations failed: {code}")
    if "ended with exit code" in server.log.read_text(errors="replace"):
        server.fault(Promise.RECOVERY, f"a process died: {server.log_end()}")
