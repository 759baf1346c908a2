"""The engine: faults, request log, admin API."""

import asyncio
from typing import Any

import httpx
import pytest

from penstock.sandbox.engine import SandboxApp
from penstock.sandbox.wire import ConnectionDroppedError


async def put(client: httpx.AsyncClient, *faults: dict[str, Any]) -> None:
    answer = await client.put("/_sandbox/faults", json={"faults": list(faults)})
    assert answer.status_code == 200, answer.text


async def handled(client: httpx.AsyncClient) -> int:
    return len((await client.get("/_sandbox/state/things")).json()["items"])


async def test_without_faults_a_request_is_handled_and_logged(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things?x=1", content="hello")
    assert (answer.status_code, len(answer.content)) == (201, 40)
    [entry] = (await client.get("/_sandbox/requests")).json()["items"]
    assert {key: entry[key] for key in ("number", "method", "path", "query", "status", "body", "fault")} == {
        "number": 1,
        "method": "POST",
        "path": "/things",
        "query": "x=1",
        "status": 201,
        "body": "hello",
        "fault": None,
    }


@pytest.mark.parametrize(
    ("kind", "status", "done"),
    [
        ("error_before", 503, 0),
        ("error_after", 503, 1),
        ("empty_500_before", 500, 0),
        ("empty_500_after", 500, 1),
        ("rate_limit", 429, 0),
        ("html", 200, 0),
        ("slow", 201, 1),
    ],
)
async def test_a_fault_answers_as_its_kind_says_once(
    client: httpx.AsyncClient, kind: str, status: int, done: int
) -> None:
    await put(client, {"kind": kind, "seconds": 0, "retry_after": "7"})
    answer = await client.post("/things")
    assert answer.status_code == status
    assert await handled(client) == done
    assert (answer.headers.get("retry-after") == "7") == (kind == "rate_limit")
    assert (not answer.content) == kind.startswith("empty")
    assert (await client.post("/things")).status_code == 201


@pytest.mark.parametrize(("kind", "done"), [("reply_lost", 1), ("reset", 0), ("truncated", 1), ("hang", 0)])
async def test_a_broken_connection_is_seen_as_one_in_process(client: httpx.AsyncClient, kind: str, done: int) -> None:
    await put(client, {"kind": kind, "seconds": 0})
    with pytest.raises(ConnectionDroppedError):
        await client.post("/things")
    assert await handled(client) == done


@pytest.mark.parametrize(("kind", "done"), [("reply_lost", 1), ("reset", 0), ("truncated", 1), ("hang", 0)])
async def test_a_broken_connection_is_broken_on_the_wire(served: str, kind: str, done: int) -> None:
    async with httpx.AsyncClient(base_url=served, timeout=5) as client:
        await put(client, {"kind": kind, "seconds": 0})
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await client.post("/things")
        assert await handled(client) == done
        [entry] = (await client.get("/_sandbox/requests")).json()["items"]
        assert (entry["status"], entry["fault"]) == (None, f"{kind}:f1")
        assert (await client.post("/things")).status_code == 201


@pytest.mark.parametrize("then", ["drop", "handle"])
async def test_a_hang_is_silence_and_what_comes_after_is_chosen(served: str, then: str) -> None:
    async with httpx.AsyncClient(base_url=served, timeout=5) as client:
        await put(client, {"kind": "hang", "seconds": 0.5, "then": then})
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/things", timeout=0.1)
        assert await handled(client) == 0
        for _ in range(200):
            if (await client.get("/_sandbox/requests?path=/things")).json()["items"]:
                break
            await asyncio.sleep(0.02)
        assert await handled(client) == (then == "handle")


async def test_a_fault_hits_only_what_its_patterns_name(client: httpx.AsyncClient) -> None:
    await put(client, {"kind": "error_before", "method": "post", "path": r"/things\?a=1$", "body": "red|blue"})
    for query, body in (("a=2", "red"), ("a=1", "green")):
        assert (await client.post(f"/things?{query}", content=body)).status_code == 201
    assert (await client.post("/things?a=1", content="a blue one")).status_code == 503


async def test_after_lets_requests_pass_and_times_null_never_ends(client: httpx.AsyncClient) -> None:
    await put(client, {"kind": "error_before", "after": 1, "times": None, "status": 502})
    assert [(await client.post("/things")).status_code for _ in range(4)] == [201, 502, 502, 502]


async def test_probability_is_the_same_for_the_same_seed(client: httpx.AsyncClient) -> None:
    seen = []
    for _ in range(2):
        await put(client, {"id": "p", "kind": "error_before", "times": None, "probability": 0.5})
        seen.append([(await client.post("/things")).status_code for _ in range(20)])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {201, 503}


async def test_faults_are_added_shown_and_removed(client: httpx.AsyncClient) -> None:
    await put(client, {"kind": "reset"})
    added = await client.post("/_sandbox/faults", json={"kind": "html"})
    assert [fault["kind"] for fault in added.json()["faults"]] == ["reset", "html"]
    assert (await client.delete("/_sandbox/faults")).json() == {"faults": []}


@pytest.mark.parametrize("bad", [{"kind": "flood"}, {"kind": "reset", "path": "("}, {"kind": "reset", "tmes": 1}])
async def test_a_bad_fault_is_refused_and_the_set_ones_stay(client: httpx.AsyncClient, bad: dict[str, Any]) -> None:
    await put(client, {"kind": "hang"})
    answer = await client.put("/_sandbox/faults", json={"faults": [bad]})
    assert (answer.status_code, "reset" in answer.json()["kinds"]) == (400, True)
    assert [f["kind"] for f in (await client.get("/_sandbox/faults")).json()["faults"]] == ["hang"]


async def test_a_clock_shift_moves_the_clock_until_it_is_removed(client: httpx.AsyncClient, app: SandboxApp) -> None:
    before = app.sandbox.clock.local()
    await put(client, {"kind": "clock_shift", "seconds": -3600})
    assert 3590 < (before - app.sandbox.clock.local()).total_seconds() < 3610
    await client.delete("/_sandbox/faults")
    assert app.sandbox.clock.shift_seconds == 0


async def test_an_action_takes_and_gives_json(client: httpx.AsyncClient) -> None:
    assert (await client.post("/_sandbox/actions/double-it", json={"number": 4})).json() == {"doubled": 8}
    assert (await client.post("/_sandbox/actions/double-it", json={})).status_code == 400
    assert (await client.post("/_sandbox/actions/double-it", content="{")).status_code == 400


async def test_an_unknown_action_or_collection_names_the_nearest(client: httpx.AsyncClient) -> None:
    wrong = await client.post("/_sandbox/actions/doubleit")
    assert (wrong.status_code, "'double-it'" in wrong.json()["error"]) == (404, True)
    wrong = await client.get("/_sandbox/state/thing")
    assert (wrong.status_code, "'things'" in wrong.json()["error"]) == (404, True)


async def test_state_and_requests_are_filtered(client: httpx.AsyncClient) -> None:
    for body in ("a", "b", "a"):
        await client.post("/things", content=body)
    assert [row["id"] for row in (await client.get("/_sandbox/state/things?body=a")).json()["items"]] == [1, 3]
    since = (await client.get("/_sandbox/requests?since=2&method=post&path=thing")).json()["items"]
    assert [entry["number"] for entry in since] == [3]
    assert (await client.get("/_sandbox/requests?path=other")).json()["items"] == []
