"""What is told, and how often."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

from cloning.errors import ErrorCode, GenerationError
from cloning.jobs import process, state, takes
from cloning.jobs.webhooks import outbox, sending
from cloning.models import Delivery, DeliveryStatus, Webhook, WebhookEvent
from cloning.tests.performing import perform
from cloning.tests.speaking import claim_take


@pytest.fixture
def send(monkeypatch):
    """In this thread, whose transaction a test is in."""
    monkeypatch.setattr(sending.connection, "close", lambda: None)

    def send_all() -> None:
        while delivery := sending.claim_next():
            sending.send(delivery)

    return send_all


def events() -> list[str]:
    return list(Delivery.objects.order_by("created_at").values_list("event", flat=True))


def test_end_of_a_generation_is_told_and_signed(webhook, target, make_generation, send) -> None:
    done = perform(make_generation())
    send()
    [(headers, body)] = target.received
    told = Receiver(webhook.secret).verify(body, {name.lower(): value for name, value in headers.items()})
    assert told["type"] == "generation.completed"
    assert (told["data"]["id"], told["data"]["status"]) == (str(done.pk), "succeeded")
    assert told["data"]["download_url"] == f"/api/v1/files/{done.pk}.wav"
    assert "text" not in told["data"]
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.response_status) == ("delivered", 1, 204)
    assert headers["webhook-id"] == f"msg_{delivery.pk.hex}"
    with pytest.raises(WebhookVerificationError):
        Receiver(webhook.secret).verify(body + b" ", {name.lower(): value for name, value in headers.items()})


def test_failure_and_end_are_told_once(webhook, make_generation) -> None:
    take = claim_take(make_generation())
    takes.fail(take, ErrorCode.SYNTHESIS_FAILED, "It did not work.")
    stopped = make_generation()
    assert state.cancel(stopped) and not state.cancel(stopped)
    assert events() == ["generation.failed", "generation.canceled"]
    failed = json.loads(Delivery.objects.get(event=WebhookEvent.FAILED).payload)["data"]
    assert failed["error"] == {"code": "synthesis_failed", "message": "It did not work."}


def test_who_is_told(webhook, make_generation, settings, django_user_model, monkeypatch) -> None:
    other = django_user_model.objects.create_user("other")
    Webhook.objects.create(url=webhook.url, events=[WebhookEvent.COMPLETED])
    Webhook.objects.create(url=webhook.url, events=list(WebhookEvent), disabled_at=timezone.now())
    Webhook.objects.create(url=webhook.url, events=list(WebhookEvent), owner=other)
    state.cancel(make_generation())
    assert list(Delivery.objects.values_list("webhook", flat=True)) == [webhook.pk]
    settings.WEBHOOKS = False
    state.cancel(make_generation())
    assert Delivery.objects.count() == 1


def test_what_does_not_arrive_is_sent_again_after_growing_pauses(webhook, target, send) -> None:
    target.status = 500
    outbox.ping(webhook)
    pauses = []
    for _ in range(20):
        before = timezone.now()
        send()
        delivery = Delivery.objects.get()
        if delivery.ended_at:
            break
        pauses.append((delivery.due_at - before).total_seconds())
        Webhook.objects.update(resting_until=None)
        Delivery.objects.update(due_at=timezone.now())
    assert delivery.status == "failed"
    assert delivery.error == "It answered 500."
    assert delivery.attempts == len(sending.PAUSES_SECONDS) + 1 == len(target.received)
    for pause, wanted in zip(pauses, sending.PAUSES_SECONDS, strict=True):
        assert wanted <= pause <= wanted * 1.1 + 5
    assert {headers["webhook-id"] for headers, _ in target.received} == {f"msg_{delivery.pk.hex}"}


def test_who_does_not_answer_rests_and_others_are_told(webhook, target, send) -> None:
    dead = Webhook.objects.create(url="http://told.example:1/", events=list(WebhookEvent))
    for _ in range(3):
        outbox.ping(dead)
    outbox.ping(webhook)
    send()
    assert len(target.received) == 1
    assert Delivery.objects.filter(webhook=dead, attempts=0).count() == 2  # one try told enough
    dead.refresh_from_db()
    assert dead.failures == 1 and dead.resting_until > timezone.now()
    with pytest.raises(GenerationError, match="wait"):
        outbox.ping(dead)


def test_address_that_is_gone_is_told_nothing_more(webhook, target, send, make_generation) -> None:
    target.status = 410
    outbox.ping(webhook)
    outbox.ping(webhook)
    send()
    assert len(target.received) == 1
    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.FAILED}
    state.cancel(make_generation())
    assert Delivery.objects.count() == 2


def test_claim_runs_out_with_its_process(webhook, target) -> None:
    delivery = outbox.ping(webhook)
    lost = sending.claim_next()
    assert lost.pk == delivery.pk
    assert sending.claim_next() is None
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    again = sending.claim_next()
    assert again.attempts == 2
    sending.settle(lost, 204, "")  # it lived after all
    assert Delivery.objects.get().status == DeliveryStatus.WAITING
    sending.settle(again, 204, "")
    assert Delivery.objects.get().status == DeliveryStatus.DELIVERED


def test_old_ones_are_given_up_and_forgotten(webhook) -> None:
    outbox.ping(webhook)
    Delivery.objects.update(created_at=timezone.now() - outbox.GIVEN_UP - timedelta(hours=1))
    outbox.forget_old()
    assert Delivery.objects.get().status == DeliveryStatus.FAILED
    Delivery.objects.update(created_at=timezone.now() - outbox.KEPT - timedelta(hours=1))
    outbox.forget_old()
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_sends_each(target) -> None:
    for _ in range(3):
        outbox.ping(Webhook.objects.create(url=target.url, events=list(WebhookEvent)))

    def work(_number: int) -> None:
        process.deliver(lambda: False)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    connection.close()
    assert len({headers["webhook-id"] for headers, _ in target.received}) == len(target.received) == 3
    assert set(Delivery.objects.values_list("status", flat=True)) == {DeliveryStatus.DELIVERED}
