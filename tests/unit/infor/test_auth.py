from __future__ import annotations

import asyncio
import base64
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.http import NotSentError
from penstock.connectors.infor.auth import TokenSource
from penstock.connectors.infor.errors import ConfigurationError
from tests.unit.infor.gateway import Gateway
from tests.unit.infor.world import settings


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def tokens(gateway: Gateway, clock: Clock, **changes: Any) -> TokenSource:
    return TokenSource(settings(**changes), Budget(BudgetSettings()), transport=gateway.transport(), clock=clock)


async def test_the_service_account_gets_a_token_with_the_client_in_the_form() -> None:
    gateway = Gateway()
    assert await tokens(gateway, Clock()).token() == "token-1"

    (request,) = gateway.token_requests
    assert str(request.url) == "http://sso.test/ACME_TST/as/token.oauth2"
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["password"], "username": ["ACME_TST#svc1"], "password": ["service-secret"],
        "client_id": ["ACME_TST~app1"], "client_secret": ["client-secret"],
    }  # fmt: skip


async def test_the_client_may_authenticate_by_basic() -> None:
    gateway = Gateway()
    await tokens(gateway, Clock(), client_auth="basic").token()

    (request,) = gateway.token_requests
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"ACME_TST~app1:client-secret"
    assert "client_secret" not in parse_qs(request.content.decode())


async def test_a_token_is_renewed_at_four_fifths_of_its_life() -> None:
    gateway, clock = Gateway(), Clock()
    source = tokens(gateway, clock)
    await source.token()
    clock.now += 7200 * 0.8 - 1
    assert await source.token() == "token-1"
    clock.now += 2
    assert await source.token() == "token-2"


async def test_many_calls_at_once_ask_for_one_token() -> None:
    gateway = Gateway()
    source = tokens(gateway, Clock())
    assert set(await asyncio.gather(*(source.token() for _ in range(20)))) == {"token-1"}
    assert len(gateway.token_requests) == 1


async def test_dropping_an_old_token_keeps_the_newer_one() -> None:
    gateway = Gateway()
    source = tokens(gateway, Clock())
    first = await source.token()
    source.drop(first)
    await source.token()
    source.drop(first)
    assert await source.token() == "token-2"


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (
            httpx.Response(400, json={"error": "invalid_grant"}),
            ConfigurationError,
            "service account .saak, sask. is not",
        ),
        (httpx.Response(401, json={"error": "invalid_client"}), ConfigurationError, "client .ci, cs. is not accepted"),
        (httpx.Response(404, text="nothing"), ConfigurationError, "check pu and ot"),
        (httpx.Response(503), NotSentError, "answered 503"),
        (httpx.Response(200, text="<html>"), NotSentError, "without access_token"),
        (httpx.Response(200, json={"access_token": "t", "expires_in": "soon"}), NotSentError, "is no number"),
    ],
)
async def test_a_refused_token_says_what_to_do(answer: httpx.Response, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        await tokens(Gateway(tokens=[answer]), Clock()).token()
