"""Repeats and interruptions: idempotency keys, lost replies, restarts (sage100.md 5.4, 7)."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from penstock.sandbox.wire import ConnectionDroppedError


def keyed(key):
    return {"headers": {"idempotency-key": key}}


async def test_the_same_key_and_bytes_give_the_first_answer_again(desk, make):
    first = await desk.call("POST", "SO/SalesOrder", make.order(), **keyed("k1"))
    again = await desk.call("POST", "SO/SalesOrder", make.order(), **keyed("k1"))
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert len(await desk.state("sales_orders")) == 1


async def test_the_same_key_with_other_bytes_is_a_mismatch(desk, make):
    await desk.call("POST", "SO/SalesOrder", make.order(), **keyed("k1"))
    for path, body in (("SO/SalesOrder", make.order(Comment="x")), ("AR/Customer", make.order())):
        error = await desk.refused("POST", path, body, **keyed("k1"))
        assert (error["status"], error["code"]) == (409, "IDEMPOTENCY_MISMATCH")


async def test_a_refused_document_may_be_mended_under_its_key(desk, make):
    await desk.refused("POST", "SO/SalesOrder", make.order(TermsCode="99"), **keyed("k1"))
    assert (await desk.call("POST", "SO/SalesOrder", make.order(), **keyed("k1"))).status_code == 201


async def test_without_support_the_key_is_not_looked_at(open_desk, make):
    desk = await open_desk(idempotency=False)
    for _ in range(2):
        answer = await desk.call("POST", "SO/SalesOrder", make.order(), **keyed("k1"))
        assert "idempotent-replay" not in answer.headers
    assert len(await desk.state("sales_orders")) == 2


async def test_a_key_guards_a_cash_receipt_which_nothing_else_does(desk):
    await desk.act("ship", SalesOrderNo=(await desk.order())["SalesOrderNo"])
    receipt = {"ARDivisionNo": "01", "CustomerNo": "WEB0001", "InvoiceNo": "0100231", "DepositDate": "2026-02-20"}
    receipt |= {"CashAmountApplied": "10.00", "PaymentType": "CHECK"}
    for _ in range(2):
        assert (await desk.call("POST", "AR/CashReceipt", receipt, **keyed("p1"))).status_code == 201
    assert len(await desk.rows("AR/CashReceipt")) == 1
    await desk.post("AR/CashReceipt", receipt)
    assert len(await desk.rows("AR/CashReceipt")) == 2


async def test_a_reply_lost_after_commit_leaves_the_order_booked(desk, make):
    await desk.fault(kind="reply_lost", method="POST", path="/SO/SalesOrder")
    with pytest.raises(ConnectionDroppedError):
        await desk.call("POST", "SO/SalesOrder", make.order(SalesOrderNo="W000001"), **keyed("k1"))
    assert (await desk.get("SO/SalesOrder/W000001"))["TaxableAmt"] == "39.90"
    error = await desk.refused("POST", "SO/SalesOrder", make.order(SalesOrderNo="W000001"))
    assert error["code"] == "WS_AlreadyExists"
    again = await desk.call("POST", "SO/SalesOrder", make.order(SalesOrderNo="W000001"), **keyed("k1"))
    assert again.headers["idempotent-replay"] == "true"


async def test_an_error_before_the_work_leaves_nothing(desk, make):
    await desk.fault(kind="error_before", method="POST")
    assert (await desk.call("POST", "SO/SalesOrder", make.order())).status_code == 503
    assert await desk.state("sales_orders") == []


async def test_state_numbers_and_keys_survive_a_new_process(open_desk, make):
    first = await open_desk("same")
    made = await first.call("POST", "SO/SalesOrder", make.order(), **keyed("k1"))
    second = await open_desk("same")
    again = await second.call("POST", "SO/SalesOrder", make.order(), **keyed("k1"))
    assert again.content == made.content
    assert (await second.order())["SalesOrderNo"] == "0012346"
    assert await second.stock() == (120, 4, 0)


def _serve(data: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "penstock.sandbox.serve", "sage100", "--data", str(data)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = child.stdout.readline()
    return child, httpx.Response(200, text=line).json()["url"]


def test_a_killed_sandbox_has_every_order_that_it_confirmed(tmp_path, make):
    headers = {"x-sage-company": "ABC"}
    auth = ("webshop", "sandbox-password")
    child, url = _serve(tmp_path)
    try:
        with httpx.Client(base_url=f"{url}{make.base}/", auth=auth, headers=headers, trust_env=False) as http:
            assert http.post("AR/Customer", json=make.ada).status_code == 201
            document = make.order(make.charge("5.00", "/FEE"), SalesOrderNo="W000001")
            assert http.post("SO/SalesOrder", json=document).status_code == 201
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()
    child, url = _serve(tmp_path)
    try:
        with httpx.Client(base_url=f"{url}{make.base}/", auth=auth, headers=headers, trust_env=False) as http:
            assert http.get("SO/SalesOrder/W000001").json()["NonTaxableAmt"] == "5.00"
    finally:
        child.terminate()
        child.communicate()
