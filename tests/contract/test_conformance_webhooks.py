"""Conformance of every connector: webhooks fail closed. The genuine message is recorded in conformance.yaml."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract.conformance.desk import Subject, budget
from tests.contract.conformance.facts import Webhook

from penstock.connectors.contract import Notification, WebhookRefusedError

Receive = Callable[..., Sequence[Notification]]


@pytest.fixture
def hook(subject: Subject) -> Webhook:
    assert subject.facts.webhook is not None, "record a genuine message in conformance.yaml"
    return subject.facts.webhook


@pytest.fixture
def receive(subject: Subject, hook: Webhook) -> Receive:
    """`receive(body=…, headers=…, now=…, **settings)`; what is not given is as it was recorded."""

    def take(
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        now: datetime | None = None,
        **settings: Any,
    ) -> Sequence[Notification]:
        keys = settings or {"webhook_secret": f"plain:{hook.key}"}
        source = subject.spec.source(subject.settings(**keys), budget())
        return source.receive(
            hook.body.encode() if body is None else body,
            hook.headers if headers is None else headers,
            now or hook.at,
        )

    return take


def refused(take: Callable[[], object]) -> None:
    with pytest.raises(WebhookRefusedError) as raised:
        take()
    assert raised.value.status in {400, 401, 403}


def test_who_takes_no_webhooks_says_that_there_is_no_such_address(subject: Subject) -> None:
    source = subject.spec.source(subject.settings(), budget())
    with pytest.raises(WebhookRefusedError) as raised:
        source.receive(b"{}", {}, datetime.now(UTC))
    assert (raised.value.status == 404) == (not subject.spec.capabilities.webhooks)


def test_a_genuine_message_names_documents_that_are_read(subject: Subject, receive: Receive) -> None:
    notes = receive()
    assert notes
    for note in notes:
        assert note.via == "webhook"
        assert (note.ref.system, note.ref.instance) == (subject.name, subject.settings().instance)
        assert note.ref.entity in subject.spec.reads


def test_the_names_of_headers_have_no_case(hook: Webhook, receive: Receive) -> None:
    assert receive(headers={name.title(): value for name, value in hook.headers.items()})


def test_a_message_without_a_signature_is_refused(hook: Webhook, receive: Receive) -> None:
    refused(lambda: receive(headers={}))
    refused(lambda: receive(headers={**hook.headers, hook.header: ""}))


def test_a_wrong_signature_is_refused(hook: Webhook, receive: Receive) -> None:
    given = hook.headers[hook.header]
    for wrong in (given[:-1] + ("0" if given[-1] != "0" else "1"), given[:-1], given + "0", "é" * 64, "x" * 100_000):
        refused(lambda wrong=wrong: receive(headers={**hook.headers, hook.header: wrong}))


@pytest.mark.parametrize("change", [b" ", b"\x00", b"{}"])
def test_another_body_under_the_signature_is_refused(hook: Webhook, receive: Receive, change: bytes) -> None:
    refused(lambda: receive(body=hook.body.encode() + change))
    refused(lambda: receive(body=hook.body.replace(":", " :", 1).encode()))


@pytest.mark.parametrize("sign", [1, -1], ids=["stale", "from the future"])
def test_a_message_out_of_its_time_is_refused(subject: Subject, hook: Webhook, receive: Receive, sign: int) -> None:
    window = timedelta(seconds=subject.settings().webhook_window)
    assert receive(now=hook.at + sign * window / 2)
    refused(lambda: receive(now=hook.at + sign * (window + timedelta(seconds=60))))


def test_both_keys_are_good_during_a_rotation_and_no_third(hook: Webhook, receive: Receive) -> None:
    old, new = f"plain:{hook.key}", "plain:the new key"
    assert receive(webhook_secret=new, webhook_secret_previous=old)
    assert receive(webhook_secret=old, webhook_secret_previous=new)
    refused(lambda: receive(webhook_secret=new, webhook_secret_previous="plain:another"))


def test_without_a_key_nothing_is_accepted(hook: Webhook, receive: Receive) -> None:
    refused(lambda: receive(webhook_secret=None))


def test_signatures_are_compared_in_constant_time(receive: Receive, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[Any, Any]] = []
    real = hmac.compare_digest

    def spy(one: Any, other: Any) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    receive()
    assert compared
    monkeypatch.setattr(hmac, "compare_digest", lambda _one, _other: False)
    refused(receive)
