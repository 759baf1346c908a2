"""What the channels make of the answers of their receivers, over loopback."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Response

from penstock.alerts.channel import DeliveryError, RefusedError
from penstock.alerts.message import Message
from penstock.alerts.smtp import Mail
from penstock.alerts.webhook import SIGNATURE_HEADER, Webhook, signature
from penstock.flow.model import SmtpEnv
from tests.smtp_server import smtp_server

AT = datetime(2026, 11, 21, 11, 33, 5, tzinfo=UTC)
MESSAGE = Message("id-1", "group-1", "test", "outage", "sage100:ABC", 3, "answered 503", 1, AT, AT, 301.7)
SECRET = SecretStr("key")


@pytest.fixture
async def webhook(httpserver: HTTPServer) -> AsyncIterator[Webhook]:
    made = Webhook(httpserver.url_for("/hooks/T0KEN"), SECRET, timeout=2, clock=lambda: AT)
    yield made
    await made.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_message_is_posted_as_signed_json(webhook: Webhook, httpserver: HTTPServer):
    httpserver.expect_request("/hooks/T0KEN", method="POST").respond_with_data("", 204)
    await webhook.deliver(MESSAGE)
    [(request, _)] = httpserver.log
    assert request.content_type == "application/json"
    assert request.headers[SIGNATURE_HEADER] == signature(SECRET, request.data)
    assert orjson.loads(request.data)["id"] == "id-1"


def test_the_signature_is_the_one_that_any_receiver_computes():
    # `printf '{"a":1}' | openssl dgst -sha256 -hmac key`
    expected = "sha256=88a67f24bbcdaed0e6c997404bb79a743baf44c6bab2f4c27328e3009d22e342"
    assert signature(SECRET, b'{"a":1}') == expected


@pytest.mark.parametrize("status", [302, 401, 404, 500, 503])
async def test_what_is_wrong_with_the_way_is_tried_again(webhook: Webhook, httpserver: HTTPServer, status: int):
    httpserver.expect_request("/hooks/T0KEN").respond_with_data("", status)
    with pytest.raises(DeliveryError) as caught:
        await webhook.deliver(MESSAGE)
    assert not isinstance(caught.value, RefusedError)


@pytest.mark.parametrize("status", [429, 503])
async def test_the_receiver_says_when(webhook: Webhook, httpserver: HTTPServer, status: int):
    httpserver.expect_request("/hooks/T0KEN").respond_with_response(Response("", status, {"Retry-After": "7"}))
    with pytest.raises(DeliveryError) as caught:
        await webhook.deliver(MESSAGE)
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("status", [400, 422])
async def test_what_is_wrong_with_the_message_is_told_apart(webhook: Webhook, httpserver: HTTPServer, status: int):
    httpserver.expect_request("/hooks/T0KEN").respond_with_data("", status)
    with pytest.raises(RefusedError):
        await webhook.deliver(MESSAGE)


async def test_a_receiver_that_is_not_there_is_no_reason_to_tell_its_address():
    webhook = Webhook(f"http://127.0.0.1:{free_port()}/hooks/T0KEN", None)
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1") as caught:
        await webhook.deliver(MESSAGE)
    assert "T0KEN" not in str(caught.value)
    await webhook.close()


def mail_to(port: int, **more: object) -> Mail:
    given = {"host": "127.0.0.1", "port": port, "starttls": False, "from": "penstock@shop.example", **more}
    return Mail(SmtpEnv.model_validate({"to": ["a@b.example", "c@d.example"]} | given), None, timeout=2)


async def test_a_mail_goes_to_everyone():
    async with smtp_server() as server:
        await mail_to(server.port).deliver(MESSAGE)
    assert server.subjects == ["[penstock] P3 outage sage100:ABC for 5 min"]
    assert server.recipients == ["a@b.example", "c@d.example"]
    assert "answered 503" in str(server.mails[0].get_content())


@pytest.mark.parametrize(("answer", "refused"), [("554 spam", True), ("451 later", False)])
async def test_a_mail_that_is_refused_is_told_apart_from_one_for_later(answer: str, refused: bool):
    async with smtp_server() as server:
        server.answers = [answer]
        with pytest.raises(DeliveryError) as caught:
            await mail_to(server.port).deliver(MESSAGE)
    assert isinstance(caught.value, RefusedError) is refused
    assert server.mails == []


async def test_a_server_that_is_not_there_or_offers_no_tls_gets_the_mail_later():
    with pytest.raises(DeliveryError, match="ConnectionRefusedError"):
        await mail_to(free_port()).deliver(MESSAGE)
    async with smtp_server() as server:
        with pytest.raises(DeliveryError, match="SMTPNotSupportedError"):
            await mail_to(server.port, starttls=True).deliver(MESSAGE)
    assert server.mails == []
