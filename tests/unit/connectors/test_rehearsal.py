"""The transport of a preview: reads pass, writes are kept back, and nothing that proves who we are is kept."""

from __future__ import annotations

import httpx
import pytest

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.http import Api
from penstock.connectors.rehearsal import KeepingTransport, KeptBackError, Write


class Counting(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(200, json={"ok": True})


@pytest.fixture
def wire() -> Counting:
    return Counting()


@pytest.fixture
def kept() -> list[Write]:
    return []


@pytest.fixture
def api(wire: Counting, kept: list[Write]) -> Api:
    proof = {"Authorization": "Basic c2VjcmV0", "X-Api-Key": "secret"}
    transport = KeepingTransport(kept.append, wire)
    return Api("http://erp.test", Budget(BudgetSettings()), headers=proof, transport=transport)


async def test_reads_pass_also_those_by_post(api: Api, wire: Counting, kept: list[Write]) -> None:
    assert (await api.request("GET", "orders")).status == 200
    assert (await api.request("POST", "token", content=b"x", write=False)).status == 200
    assert wire.asked == ["GET /orders", "POST /token"]
    assert kept == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_is_kept_back_with_what_belongs_to_the_change_and_no_secret(
    api: Api, wire: Counting, kept: list[Write], method: str
) -> None:
    headers = {"If-Match": '"3"', "X-Shop-Idempotency-Key": "k", "Content-Type": "application/json"}
    with pytest.raises(KeptBackError):
        await api.request(method, "orders/4", params={"a": "b c"}, content=b'{"x": 1}', headers=headers)
    assert wire.asked == []
    (write,) = kept
    assert (write.method, write.path, write.query, write.body) == (method, "/orders/4", "a=b+c", '{"x": 1}')
    assert write.headers == {"if-match": '"3"', "x-shop-idempotency-key": "k", "content-type": "application/json"}
    assert "secret" not in str(write.shown())
    assert "c2VjcmV0" not in str(write.shown())


async def test_a_caller_who_does_not_look_at_the_answer_goes_on(api: Api, wire: Counting, kept: list[Write]) -> None:
    assert (await api.request("DELETE", "orders/4", blind=True)).status == 200
    assert (wire.asked, len(kept)) == ([], 1)


async def test_a_request_of_which_nobody_says_that_it_reads_is_kept_back(wire: Counting, kept: list[Write]) -> None:
    transport = KeepingTransport(kept.append, wire)
    with pytest.raises(KeptBackError):
        await transport.handle_async_request(httpx.Request("GET", "http://erp.test/delete-everything"))
    assert wire.asked == []
