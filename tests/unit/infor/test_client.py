from __future__ import annotations

import httpx
import pytest

from penstock.connectors.http import LostReplyError, NotSentError
from penstock.connectors.infor.errors import ConfigurationError, IdoRefusedError, Refusal
from tests.unit.infor.gateway import Gateway, ok, refused, rows
from tests.unit.infor.world import OpenWindow

ITEM_ID = "PBT=[co] co.DT=[2026-02-03 09:10:11.120] co.ID=[6a2f0c52-0b1e-4d0f-9f57-2f6d0b7c1a10]"
REFRESHED = [{
    "Action": 1, "ItemNo": 0, "UpdateLocking": 0, "ItemId": ITEM_ID,
    "Properties": [{"Name": "CoNum", "Value": "EC00000042"}, {"Name": "Stat", "Value": "O"}],
}]  # fmt: skip
HTML = httpx.Response(200, text="<html>Sign in</html>", headers={"content-type": "text/html"})


async def test_load_names_properties_filter_order_and_cap() -> None:
    gateway = Gateway(rows({"CoNum": "EC00000042"}))

    page = await gateway.client().load("SLCos", ["CoNum", "Stat"], "CoNum = 'EC00000042'", "CoNum", 200)

    (request,) = gateway.asked
    assert request.url.path == "/ACME_TST/CSI/IDORequestService/ido/load/SLCos"
    assert dict(request.url.params) == {
        "properties": "CoNum,Stat", "filter": "CoNum = 'EC00000042'", "orderby": "CoNum", "recordcap": "200",
    }  # fmt: skip
    assert request.headers["authorization"] == "Bearer token-1"
    assert request.headers["x-infor-mongooseconfig"] == "ACME_TST_DALS"
    assert page.rows == [{"CoNum": "EC00000042"}]


async def test_pages_follow_the_bookmark_with_the_same_filter_and_order() -> None:
    gateway = Gateway(rows({"Item": "A"}, bookmark="<B>1</B>", more=True), rows({"Item": "B"}))

    found = [row async for page in gateway.client().pages("SLItems", ["Item"], "", "Item", 1) for row in page.rows]

    assert found == [{"Item": "A"}, {"Item": "B"}]
    assert gateway.asked[1].url.params["bookmark"] == "<B>1</B>"
    assert gateway.asked[1].url.params["loadtype"] == "NEXT"
    assert gateway.asked[1].url.params["orderby"] == "Item"


async def test_an_insert_is_one_change_and_shows_what_the_site_set() -> None:
    gateway = Gateway(ok(RefreshItems=REFRESHED))

    written = await gateway.client().insert("SLCos", {"CustNum": "   1042", "Slsman": None}, OpenWindow())

    assert gateway.asked[0].url.params["refresh"] == "true"
    assert gateway.body() == {"Changes": [{
        "Action": 1, "ItemId": "", "ItemNo": 0, "UpdateLocking": 0, "Properties": [
            {"Name": "CustNum", "Value": "   1042", "OriginalValue": "", "Modified": True, "IsNull": False},
            {"Name": "Slsman", "Value": None, "OriginalValue": "", "Modified": True, "IsNull": True},
        ],
    }]}  # fmt: skip
    assert written.item_id == ITEM_ID
    assert written.values["CoNum"] == "EC00000042"


async def test_a_401_in_the_middle_gets_a_new_token_and_repeats_the_call_once() -> None:
    gateway = Gateway(httpx.Response(401), ok(RefreshItems=REFRESHED))

    await gateway.client().insert("SLCos", {"CustNum": "   1042"}, OpenWindow())

    assert [request.headers["authorization"] for request in gateway.asked] == ["Bearer token-1", "Bearer token-2"]


async def test_a_second_401_is_a_matter_of_configuration() -> None:
    gateway = Gateway(httpx.Response(401), httpx.Response(401))
    with pytest.raises(ConfigurationError, match="belongs to another tenant"):
        await gateway.client().load("SLCos", ["CoNum"])


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ("The Customer Order [EC00000042] already exists.", Refusal.EXISTS),
        ("Row changed by another user.", Refusal.ROW_CHANGED),
        ("Item [LAMP-99] is not on file.", Refusal.NOT_ON_FILE),
        ("User requires [Read] privilege for SLItemwhses", Refusal.PRIVILEGE),
        ("You are not licensed to use the Customer Orders form", Refusal.PRIVILEGE),
        ("IDOValueType.GetValue: failed to parse normalized string [x]", Refusal.OTHER),
    ],
)
async def test_success_false_is_a_refusal_with_its_message(message: str, refusal: Refusal) -> None:
    with pytest.raises(IdoRefusedError) as caught:
        await Gateway(refused(message)).client().insert("SLCos", {}, OpenWindow())
    assert caught.value.message == message
    assert caught.value.refusal is refusal


@pytest.mark.parametrize(
    "answer",
    [HTML, httpx.Response(200, content=b'{"Success":tr'), httpx.Response(200, json=[1]), httpx.Response(200, json={}),
     httpx.Response(500), httpx.Response(504), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("closed")],
)  # fmt: skip
async def test_an_answer_that_says_nothing_makes_a_write_unknown_and_a_read_repeatable(
    answer: httpx.Response | Exception,
) -> None:
    with pytest.raises(LostReplyError):
        await Gateway(answer).client().insert("SLCos", {}, OpenWindow())
    with pytest.raises(NotSentError):
        await Gateway(answer).client().load("SLCos", ["CoNum"])


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(400, "check ti and iu"), (403, "IDO REST permission"), (404, "case matters"), (405, "method"), (415, "JSON")],
)
async def test_what_the_gateway_refuses_names_the_remedy_and_was_not_done(status: int, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=remedy):
        await Gateway(httpx.Response(status)).client().insert("SLCos", {}, OpenWindow())


async def test_429_pauses_the_budget_and_nothing_was_done() -> None:
    gateway = Gateway(httpx.Response(429, headers={"retry-after": "7"}))
    with pytest.raises(NotSentError) as caught:
        await gateway.client().insert("SLCos", {}, OpenWindow())
    assert caught.value.retry_after == 7


async def test_info_is_read_once_and_a_site_is_asked_only_for_what_it_has() -> None:
    about = {"Name": "CoNum", "DataType": "String", "Length": 10, "Required": True, "ReadOnly": False}
    gateway = Gateway(httpx.Response(200, json={"Keys": ["CoNum"], "Properties": [about]}))
    client = gateway.client()

    assert await client.known("SLCos", ["CoNum", "Charfld1"]) == ["CoNum"]
    assert (await client.info("SLCos"))["CoNum"].length == 10
    assert len(gateway.asked) == 1


async def test_a_method_that_returns_16_says_its_infobar() -> None:
    answer = ok(Parameters=["3007", "", "Shipment [3007] is not on file."], ReturnValue="16")
    with pytest.raises(IdoRefusedError, match=r"Shipment \[3007\] is not on file"):
        await Gateway(answer).client().invoke("SLShipments", "GetShipmentTrackingURLSp", ["3007", "", ""])
