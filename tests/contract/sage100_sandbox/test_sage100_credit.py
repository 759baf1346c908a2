"""Credit limit and hold, under each profile (sage100.md 2.12, 6)."""

import pytest


async def _limit(desk, **more):
    given = {"CreditLimit": "500", "CurrentBalance": "480", "OpenOrderAmt": "180", **more}
    answer = await desk.act("set-customer", ARDivisionNo="01", CustomerNo="WEB0001", **given)
    assert "error" not in answer


def sample(make):
    return make.order(make.line(), make.charge("1.25"), FreightAmt="7.50", SalesTaxAmt="3.39")


async def test_over_the_limit_is_saved_on_hold_with_the_documented_warning(desk, make):
    await _limit(desk)
    made = await desk.post("SO/SalesOrder", sample(make))
    assert (made["OrderStatus"], made["CancelReasonCode"]) == ("H", "CREDT")
    assert made["Warnings"] == [
        {
            "code": "AR_CreditLimit",
            "message": "The customer credit limit of 500.00 is exceeded by 212.04.",
            "returnCode": -1,
            "column": "CustomerNo",
        }
    ]
    assert await desk.stock() == (120, 2, 0)
    assert (await desk.get("AR/Customer/01-WEB0001"))["OpenOrderAmt"] == "232.04"


async def test_over_the_limit_is_refused_with_the_documented_amounts(open_desk, make):
    desk = await open_desk(credit="refuse")
    await _limit(desk)
    assert await desk.refused("POST", "SO/SalesOrder", sample(make)) == {
        "status": 422,
        "code": "AR_CreditLimit",
        "message": "Customer 01-WEB0001 is over its credit limit.",
        "businessObject": "SO_SalesOrder_bus",
        "column": "CustomerNo",
        "value": "WEB0001",
        "line": None,
        "returnCode": 0,
        "retryable": False,
        "CreditLimit": "500.00",
        "CurrentBalance": "480.00",
        "OpenOrderAmt": "180.00",
        "OrderAmt": "52.04",
    }
    assert await desk.state("sales_orders") == []
    assert await desk.stock() == (120, 0, 0)


async def test_a_customer_on_hold_is_warned_or_refused(open_desk, make):
    hold = {"CreditLimit": "0", "CreditHold": "Y"}
    desk = await open_desk()
    await _limit(desk, **hold)
    made = await desk.order()
    assert (made["OrderStatus"], [row["code"] for row in made["Warnings"]]) == ("H", ["AR_CreditHold"])
    strict = await open_desk(credit="refuse")
    await _limit(strict, **hold)
    assert (await strict.refused("POST", "SO/SalesOrder", make.order()))["code"] == "AR_CreditHold"


async def test_without_checking_nothing_is_said(open_desk):
    desk = await open_desk(credit="off")
    await _limit(desk, CreditHold="Y")
    made = await desk.order()
    assert (made["OrderStatus"], made["Warnings"]) == ("N", [])


@pytest.mark.parametrize(
    "limit", [{"CreditLimit": "699.90"}, {"CreditLimit": "0"}, {"CurrentBalance": "0", "OpenOrderAmt": "0"}]
)
async def test_up_to_the_limit_or_without_one_an_order_passes(desk, limit):
    await _limit(desk, **limit)
    assert (await desk.order())["OrderStatus"] == "N"


async def test_quotes_are_not_checked(desk):
    await _limit(desk)
    assert (await desk.order(OrderType="Q"))["OrderStatus"] == "N"


async def test_a_patch_that_raises_the_total_is_checked_again_and_its_own_amount_counts_once(desk, make):
    await _limit(desk, CreditLimit="100", CurrentBalance="0", OpenOrderAmt="0")
    number = (await desk.order(make.line("6", "10")))["SalesOrderNo"]
    path = f"SO/SalesOrder/{number}"
    up = await desk.patch(path, {"Lines": [{"LineKey": "000001", "QuantityOrdered": "10"}]})
    assert (up["OrderStatus"], up["Warnings"]) == ("N", [])
    over = await desk.patch(path, {"Lines": [{"LineKey": "000001", "QuantityOrdered": "11"}]})
    assert (over["OrderStatus"], [row["code"] for row in over["Warnings"]]) == ("H", ["AR_CreditLimit"])


async def test_a_preview_warns_as_the_order_would(desk, make):
    await _limit(desk)
    shown = (await desk.call("POST", "SO/SalesOrder/Preview", make.order())).json()
    assert (shown["OrderStatus"], [row["code"] for row in shown["Warnings"]]) == ("H", ["AR_CreditLimit"])
