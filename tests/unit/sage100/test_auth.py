"""Who calls, and what an answer means."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.http import BusyError, LostReplyError
from penstock.connectors.sage100.client import SageClient
from penstock.connectors.sage100.errors import ConfigurationError, RefusedError
from tests.unit.infor.world import OpenWindow
from tests.unit.sage100.facade import error
from tests.unit.sage100.world import settings


class Script:
    """Answers in turn; the last one again and again."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def client(self, **changes: Any) -> SageClient:
        transport = httpx.MockTransport(self._answer)
        return SageClient(settings(**changes), Budget(BudgetSettings()), transport=transport)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def token(name: str) -> httpx.Response:
    return httpx.Response(200, json={"access_token": name, "token_type": "Bearer", "expires_in": 3600})


def there() -> httpx.Response:
    return httpx.Response(200, json={"SalesOrderNo": "W0003Y8"})


async def test_basic_and_key_and_company_are_headers_by_the_profile() -> None:
    basic = Script(there())
    await basic.client().get("/SO/SalesOrder/W0003Y8")
    expected = base64.b64encode(b"webshop:secret").decode()
    assert basic.asked[0].headers["authorization"] == f"Basic {expected}"
    assert basic.asked[0].headers["x-sage-company"] == "ABC"
    assert basic.asked[0].url.path == "/sage100/v1/SO/SalesOrder/W0003Y8"

    keyed = Script(there())
    profile = {"auth": "key", "key_header": "X-Other", "prefix": "/erp", "company_header": "X-Co"}
    await keyed.client(profile=profile, api_key="plain:k1", company="XYZ").get("/SO/SalesOrder/1")
    assert (keyed.asked[0].headers["x-other"], keyed.asked[0].headers["x-co"]) == ("k1", "XYZ")
    assert keyed.asked[0].url.path == "/erp/SO/SalesOrder/1"


async def test_a_refused_token_is_renewed_once() -> None:
    script = Script(token("one"), error(401, "WS_InvalidLogon"), token("two"), there())
    found = await script.client(profile={"auth": "token"}).get("/SO/SalesOrder/W0003Y8")

    assert found is not None
    assert [request.headers.get("authorization") for request in script.asked] == [
        None, "Bearer one", None, "Bearer two",
    ]  # fmt: skip


async def test_refused_credentials_are_a_matter_for_a_person() -> None:
    with pytest.raises(ConfigurationError, match="credentials of auth basic"):
        await Script(error(401, "WS_InvalidLogon")).client().get("/SO/SalesOrder/1")
    with pytest.raises(ConfigurationError, match="check username, password and company"):
        await Script(error(401, "WS_InvalidLogon")).client(profile={"auth": "token"}).get("/SO/SalesOrder/1")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(400, "CI_CharLength"), RefusedError),
        (error(403, "WS_NoAccess"), ConfigurationError),
        (error(409, "IDEMPOTENCY_MISMATCH"), RefusedError),
        (error(423, "RECORD_LOCKED"), BusyError),
        (error(503, "NO_LICENSE_SEAT", retry_after=3), BusyError),
        (error(503, "EXCLUSIVE_MODE", retry_after=3), BusyError),
        (httpx.Response(503, text="<html>"), LostReplyError),
        (httpx.Response(500), LostReplyError),
        (httpx.Response(201, text="<html>"), LostReplyError),
        (httpx.Response(201, json=[]), LostReplyError),
    ],
)
async def test_what_an_answer_to_a_write_means(answer: httpx.Response, kind: type[Exception]) -> None:
    with pytest.raises(kind) as met:
        await Script(answer).client().create("/SO/SalesOrder", {}, OpenWindow(), "key-1")
    assert type(met.value) is kind


@pytest.mark.parametrize(
    ("answer", "after", "closed"),
    [
        (error(423, "RECORD_LOCKED"), 2.0, False),
        (error(503, "NO_LICENSE_SEAT", retry_after=3), 3.0, False),
        (error(503, "EXCLUSIVE_MODE", retry_after=600), 600.0, True),
        (error(503, "EXCLUSIVE_MODE"), 30.0, True),
    ],
)
async def test_a_busy_facade_says_how_long_and_whether_it_is_closed_to_all(
    answer: httpx.Response, after: float, closed: bool
) -> None:
    with pytest.raises(BusyError) as met:
        await Script(answer).client().get("/SO/SalesOrder/W0003Y8")
    assert (met.value.retry_after, met.value.closed) == (after, closed)


async def test_a_refusal_names_the_field_and_no_value_of_a_person() -> None:
    personal = error(422, "CI_NOF", "The ShipToZipCode 62701 is not on file.", column="ShipToZipCode", value="62701")
    item = error(422, "CI_NOF", "The ItemCode LAMP-99 is not on file.", column="ItemCode", value="LAMP-99", line=1)
    told = []
    for answer in (personal, item):
        with pytest.raises(RefusedError) as refused:
            await Script(answer).client().create("/SO/SalesOrder", {}, OpenWindow())
        told.append(str(refused.value))

    assert told == [
        "POST /SO/SalesOrder: CI_NOF (ShipToZipCode): The ShipToZipCode … is not on file.",
        "POST /SO/SalesOrder: CI_NOF (line 1, ItemCode): The ItemCode LAMP-99 is not on file.",
    ]


async def test_the_idempotency_header_is_the_profiles_or_none() -> None:
    given, none = Script(there()), Script(there())
    await given.client(profile={"idempotency_header": "X-Once"}).create("/SO/SalesOrder", {}, OpenWindow(), "k")
    await none.client(profile={"idempotency_header": None}).create("/SO/SalesOrder", {}, OpenWindow(), "k")

    assert given.asked[0].headers["x-once"] == "k"
    assert "k" not in none.asked[0].headers.values()


async def test_lists_follow_the_profiles_envelope() -> None:
    script = Script(
        httpx.Response(200, json={"items": [{"A": 1}], "next": "c1", "now": "t"}),
        httpx.Response(200, json={"items": [{"A": 2}], "next": None, "now": "t"}),
    )
    envelope = {"rows": "items", "cursor": "next", "server_time": "now"}
    assert await script.client(profile={"envelope": envelope}).rows("/CI/Item", {}) == [{"A": 1}, {"A": 2}]
    assert script.asked[1].url.params["cursor"] == "c1"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"order_letters": {"CL1": "w"}}, "no capital letter"),
        ({"order_letters": {"CL1": "W", "CL2": "V"}}, "must all differ"),
        ({"order_letters": {"CL1": "X"}}, "must all differ"),
        ({"time_zone": "Mars/Base"}, "unknown time zone"),
        ({"poll_seconds_by_set": {"order": 1}}, "unknown poll set order"),
        ({"lengths": {"SO_SalesOrderHeader": {"Mail": 3}}}, "unknown field SO_SalesOrderHeader.Mail"),
        ({"base_currency": "XYZ"}, "no currency"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        settings(**changes)


def test_two_shops_have_letters_of_their_own_for_orders_and_remainders() -> None:
    given = settings(order_letters={"CL1": "W", "CL2": "V"}, remainder_letters={"CL2": "Y"})
    assert (given.letters("CL1"), given.letters("CL2")) == (("W", "X"), ("V", "Y"))
