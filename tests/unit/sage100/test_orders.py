"""Orders written to a company in memory: what is booked, held, split, edited and cancelled."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from penstock.connectors.contract import Done, Settled
from tests.unit.sage100.facade import error
from tests.unit.sage100.world import Company, held, line, sage_order, settings

NUMBER = "W0003Y8"


@pytest.fixture
def company() -> Company:
    return Company()


async def test_an_order_is_one_post_under_our_number_to_the_cent(company: Company) -> None:
    run = await company.apply(sage_order())

    assert isinstance(run.end, Done), run.end
    assert run.native_id == NUMBER
    (body,) = company.facade.bodies("POST", "/SO/SalesOrder")
    assert body["CustomerPONo"] == "WEB-100045"
    assert (body["FreightAmt"], body["SalesTaxAmt"], body["DiscountAmt"]) == ("7.50", "3.39", "0.00")
    assert body["ShipToCountryCode"] == "USA"
    assert body["UDF_PENSTOCK_REF"] == "CL1-5120"
    assert body["Lines"] == [
        {"ItemCode": "LAMP-01", "WarehouseCode": "001", "QuantityOrdered": "2.000000", "UnitPrice": "19.950000"}
    ]
    post = next(request for request in company.facade.asked if request.url.path.endswith("/SO/SalesOrder"))
    assert post.headers["idempotency-key"].startswith("W0003Y8-")


async def test_a_reply_lost_after_commit_books_the_order_once(company: Company) -> None:
    def lose(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path.endswith("/SO/SalesOrder"):
            company.facade._answer(request)
            raise httpx.ReadError("cut")
        company.facade.script.append(lose)
        return None

    company.facade.script.append(lose)
    run = await company.apply(sage_order())

    assert isinstance(run.end, Done), run.end
    assert len(company.facade.orders) == 1


async def test_a_foreign_order_under_our_number_is_held(company: Company) -> None:
    await company.apply(sage_order())
    company.facade.order(NUMBER)["UDF_PENSTOCK_REF"] = "CL9-1"

    run = await company.apply(sage_order())

    assert "UDF_PENSTOCK_REF CL9-1" in held(run).reason


async def test_a_facade_that_numbers_itself_is_searched_before_each_post() -> None:
    company = Company(given=settings(profile={"numbers": "facade", "idempotency_header": None}))
    first = await company.apply(sage_order())
    again = await company.apply(sage_order(), resuming=True)

    assert isinstance(first.end, Done), first.end
    assert isinstance(again.end, Done | Settled), again.end
    assert [order["SalesOrderNo"] for order in company.facade.orders] == ["0000001"]


@pytest.mark.parametrize(
    ("policies", "header", "charges"),
    [
        (
            {},
            {"FreightAmt": "7.50", "SalesTaxAmt": "3.39", "DiscountAmt": "5.00"},
            {"/HANDLING": "2.00", "/FEE": "1.25"},
        ),
        (
            {"tax": "line", "shipping": "line", "discount": "line"},
            {"FreightAmt": "0.00", "SalesTaxAmt": "0.00", "DiscountAmt": "0.00"},
            {"/HANDLING": "2.00", "/FEE": "1.25", "/FREIGHT": "7.50", "/DISCOUNT": "-5.00", "/TAX": "3.39"},
        ),
    ],
)  # fmt: skip
async def test_money_goes_to_the_header_or_to_charge_lines_never_to_both(
    company: Company, policies: dict[str, str], header: dict[str, str], charges: dict[str, str]
) -> None:
    record = sage_order(discount=Decimal("5.00"))
    record["wrapping"] |= {"net": Decimal("2.00"), "gross": Decimal("2.00")}
    record["fees"] = {"net": Decimal("1.25"), "tax": Decimal(0), "gross": Decimal("1.25"), "rate": None}
    record["totals"]["gross"] += Decimal("3.25")

    run = await company.apply(record, **policies)

    assert isinstance(run.end, Done), run.end
    (body,) = company.facade.bodies("POST", "/SO/SalesOrder")
    assert {name: body[name] for name in header} == header
    prices = {row["ItemCode"]: Decimal(row["UnitPrice"]) for row in body["Lines"] if row["ItemCode"].startswith("/")}
    assert prices == {code: Decimal(amount) for code, amount in charges.items()}


async def test_the_schedules_tax_must_be_the_shops_or_the_order_is_held_before_it_is_booked(company: Company) -> None:
    same = await company.apply(sage_order(), tax="schedule")
    assert isinstance(same.end, Done), same.end

    company.facade.tax_rate = Decimal("9.0")
    other = sage_order(native_id="5121")
    hold = held(await company.apply(other, tax="schedule"))
    assert hold.rule == "tax"
    assert dict(hold.arithmetic)["difference"] == "-0.20"
    assert len(company.facade.orders) == 1

    released = await company.apply(other, tax="schedule", released=("tax",))
    assert isinstance(released.end, Done), released.end


async def test_a_total_that_does_not_add_up_is_held_with_the_arithmetic(company: Company) -> None:
    record = sage_order()
    record["totals"]["gross"] += Decimal("0.02")

    hold = held(await company.apply(record))

    assert hold.rule == "amounts"
    assert dict(hold.arithmetic)["difference"] == "0.02"
    assert company.facade.orders == []


async def test_an_order_in_another_currency_is_held_or_converted_to_the_cent(company: Company) -> None:
    record = sage_order(currency="EUR")
    assert held(await company.apply(record)).rule == "currency"

    run = await company.apply(record, currency="convert")

    assert isinstance(run.end, Done), run.end
    (body,) = company.facade.bodies("POST", "/SO/SalesOrder")
    assert (body["FreightAmt"], body["Lines"][0]["UnitPrice"]) == ("8.33", "22.165000")
    assert _total(company.facade.order(NUMBER)) == Decimal("56.43")


async def test_skus_are_found_by_code_by_the_customers_alias_before_a_general_one(company: Company) -> None:
    company.facade.customer("WEB1", EmailAddress="ada@example.com")
    company.facade.alias("OLD-1", "LAMP-02")
    company.facade.alias("OLD-1", "BOLT-10", "C", ARDivisionNo="00", CustomerNo="WEB1")
    company.facade.alias("OLD-2", "LAMP-02")

    run = await company.apply(sage_order([line(1, "OLD-1", "1", "5.00"), line(2, "OLD-2", "1", "5.00")]))

    assert isinstance(run.end, Done), run.end
    assert [row["ItemCode"] for row in company.facade.order(NUMBER)["Lines"]] == ["BOLT-10", "LAMP-02"]


@pytest.mark.parametrize(
    ("sku", "said"),
    [("LAMP-1", "the nearest items are LAMP-01"), ("OFF-1", "OFF-1 is inactive"), ("TWO-1", "alias of several items")],
)
async def test_a_line_without_one_item_holds_the_order_by_name(company: Company, sku: str, said: str) -> None:
    company.facade.item("OFF-1", InactiveItem="Y")
    company.facade.alias("TWO-1", "LAMP-01")
    company.facade.alias("TWO-1", "LAMP-02")

    hold = held(await company.apply(sage_order([line(1, sku, "1", "5.00")])))

    assert hold.rule == "item"
    assert said in hold.reason


async def test_over_the_credit_limit_holds_with_the_arithmetic_until_the_balance_drops(company: Company) -> None:
    customer = company.facade.customer(
        "WEB1", EmailAddress="ada@example.com", CreditLimit="500.00", CurrentBalance="480.00"
    )
    hold = held(await company.apply(sage_order()))
    assert (hold.rule, hold.clears_on) == ("credit", "credit")
    assert dict(hold.arithmetic) == {
        "credit limit": "500.00", "balance": "480.00", "open orders": "0.00", "this order": "50.79",
        "over the limit": "30.79",
    }  # fmt: skip
    assert company.facade.orders == []

    customer["CurrentBalance"] = "400.00"
    assert isinstance((await company.apply(sage_order())).end, Done)


async def test_a_waived_credit_hold_is_booked_and_released_in_sage(company: Company) -> None:
    company.facade.customer("WEB1", EmailAddress="ada@example.com", CreditLimit="10.00")

    run = await company.apply(sage_order(), released=("credit",))

    assert isinstance(run.end, Done), run.end
    assert company.facade.order(NUMBER)["OrderStatus"] == "O"


async def test_sages_own_credit_hold_is_reported_and_released_when_the_balance_allows(company: Company) -> None:
    customer = company.facade.customer("WEB1", EmailAddress="ada@example.com", CreditLimit="60.00")

    def late_invoice(request: httpx.Request) -> None:
        """The balance rises between our look and the POST."""
        if request.method == "POST":
            customer["CurrentBalance"] = "20.00"
        else:
            company.facade.script.append(late_invoice)

    company.facade.script.append(late_invoice)
    hold = held(await company.apply(sage_order()))
    assert hold.rule == "credit"
    assert dict(hold.arithmetic)["over the limit"] == "10.79"
    assert company.facade.order(NUMBER)["OrderStatus"] == "H"

    customer["CurrentBalance"] = "0.00"
    run = await company.apply(sage_order(), resuming=True)
    assert isinstance(run.end, Done), run.end
    assert company.facade.order(NUMBER)["OrderStatus"] == "O"
    assert len(company.facade.bodies("POST", "/SO/SalesOrder")) == 1


async def test_the_facades_refusal_for_credit_is_a_hold_with_its_figures(company: Company) -> None:
    company.facade.credit_profile = "refuse"
    company.facade.customer("WEB1", EmailAddress="ada@example.com", CreditLimit="10.00")

    hold = held(await company.apply(sage_order(), credit="ignore"))

    assert (hold.rule, hold.clears_on) == ("credit", "credit")
    assert dict(hold.arithmetic)["this order"] == "50.79"


async def test_a_shortage_holds_the_order_until_stock_arrives(company: Company) -> None:
    company.facade.stock("LAMP-01", "1")
    hold = held(await company.apply(sage_order()))
    assert (hold.rule, hold.clears_on) == ("stock", "stock")
    assert dict(hold.arithmetic)["LAMP-01 in 001: missing"] == "1"
    assert company.facade.orders == []

    company.facade.stock("LAMP-01", "2")
    assert isinstance((await company.apply(sage_order())).end, Done)


async def test_a_shortage_is_booked_as_a_back_order_with_a_notice(company: Company) -> None:
    company.facade.stock("LAMP-01", "1")

    run = await company.apply(sage_order(), stock__unavailable="back-order")

    assert isinstance(run.end, Done), run.end
    assert company.facade.order(NUMBER)["Lines"][0]["QuantityOrdered"] == "2.000000"


async def test_a_partial_order_is_two_orders_that_add_up_and_the_remainder_waits_for_stock(company: Company) -> None:
    company.facade.stock("LAMP-01", "1")
    record = sage_order(
        [line(1, "LAMP-01", "3", "10.00", "0.85"), line(2, "LAMP-02", "1", "5.00", "0.43")], discount=Decimal("2.00")
    )
    options: dict[str, Any] = {"stock__unavailable": "partial"}

    hold = held(await company.apply(record, **options))

    assert (hold.rule, hold.clears_on) == ("stock", "stock")
    first, rest = company.facade.order(NUMBER), company.facade.order("X0003Y8")
    assert (first["OrderStatus"], rest["OrderStatus"]) == ("N", "H")
    assert [row["QuantityOrdered"] for row in first["Lines"]] == ["1.000000", "1.000000"]
    assert [row["QuantityOrdered"] for row in rest["Lines"]] == ["2.000000"]
    assert _total(first) + _total(rest) == record["totals"]["gross"]
    assert _total(rest) == Decimal("6.67") + Decimal("0.57")

    again = held(await company.apply(record, resuming=True, **options))
    assert again.rule == "stock"
    assert len(company.facade.orders) == 2

    company.facade.stock("LAMP-01", "3")
    run = await company.apply(record, resuming=True, **options)
    assert isinstance(run.end, Done), run.end
    assert company.facade.order("X0003Y8")["OrderStatus"] == "O"
    assert run.native_id == NUMBER


async def test_of_two_remainders_the_one_that_came_first_gets_the_stock(company: Company) -> None:
    options: dict[str, Any] = {"stock__unavailable": "partial"}
    company.facade.item("LAMP-03")
    first, second = (
        sage_order([line(1, "LAMP-01", "5", "10.00"), line(2, "LAMP-03", "1", "1.00")], native_id=native)
        for native in ("5120", "5121")
    )
    company.facade.stock("LAMP-01", "0")
    for record in (first, second):
        held(await company.apply(record, **options))
    company.facade.stock("LAMP-01", "5")

    later = held(await company.apply(second, resuming=True, **options))
    run = await company.apply(first, resuming=True, **options)

    assert dict(later.arithmetic)["LAMP-01 in 001: missing"] == "5"
    assert isinstance(run.end, Done), run.end
    assert [company.facade.order(number)["OrderStatus"] for number in ("X0003Y8", "X0003Y9")] == ["O", "H"]


async def test_nothing_at_all_in_stock_holds_a_partial_order_whole(company: Company) -> None:
    company.facade.stock("LAMP-01", "0")

    assert held(await company.apply(sage_order(), stock__unavailable="partial")).rule == "stock"
    assert company.facade.orders == []


async def test_an_unpaid_order_is_on_hold_and_released_when_it_is_paid(company: Company) -> None:
    unpaid = sage_order(status="awaiting-payment")
    first = await company.apply(unpaid)
    assert isinstance(first.end, Done), first.end
    assert company.facade.order(NUMBER)["OrderStatus"] == "H"

    paid = await company.apply(unpaid | {"status": "paid"}, previous=NUMBER)
    assert isinstance(paid.end, Done), paid.end
    assert company.facade.order(NUMBER)["OrderStatus"] == "O"


async def test_an_edit_changes_quantity_price_and_header_by_patch(company: Company) -> None:
    await company.apply(sage_order())
    edited = sage_order([line(1, "LAMP-01", "3", "54.00", "4.59")], freight=Decimal("9.00"))
    edited["ship_to"]["city"] = "Peoria"

    run = await company.apply(edited, previous=NUMBER)

    assert isinstance(run.end, Done), run.end
    (patch,) = company.facade.bodies("PATCH")
    assert patch == {
        "FreightAmt": "9.00", "SalesTaxAmt": "4.59", "ShipToCity": "Peoria", "DepositAmt": "67.59",
        "Lines": [{"LineKey": "000001", "QuantityOrdered": "3.000000", "UnitPrice": "18.000000"}],
    }  # fmt: skip
    assert _total(company.facade.order(NUMBER)) == edited["totals"]["gross"]


async def test_a_payment_of_an_order_that_was_completed_between_look_and_change_holds_nothing(company: Company) -> None:
    await company.apply(sage_order())
    company.facade.order(NUMBER)["DepositAmt"] = "0.00"

    def complete(request: httpx.Request) -> httpx.Response | None:
        if request.method != "PATCH":
            company.facade.script.append(complete)
            return None
        company.facade.order(NUMBER)["OrderStatus"] = "C"
        return error(422, "SO_OrderClosed", "Sales order W0003Y8 is completed.")

    company.facade.script.append(complete)
    run = await company.apply(sage_order(), previous=NUMBER)

    assert isinstance(run.end, Settled), run.end
    assert run.end.kept == ("DepositAmt",)


async def test_fields_of_which_sage_is_the_master_stay_and_are_told(company: Company) -> None:
    await company.apply(sage_order())
    company.facade.order(NUMBER)["TermsCode"] = "07"

    run = await company.apply(sage_order(), previous=NUMBER, not_ours=("header.TermsCode",))

    assert isinstance(run.end, Settled), run.end
    assert run.end.kept == ("TermsCode",)
    assert company.facade.order(NUMBER)["TermsCode"] == "07"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([line(1, "LAMP-01", "2", "39.90", "3.39"), line(2, "LAMP-02", "1", "5.00")], "no line can be added"),
        ([line(1, "LAMP-02", "2", "39.90", "3.39")], "no line can be added"),
        ([line(1, "LAMP-01", "1", "19.95", "1.70")], "2 shipped"),
    ],
)
async def test_an_edit_that_patch_cannot_do_is_held_with_the_reason(
    company: Company, lines: list[dict[str, Any]], said: str
) -> None:
    await company.apply(sage_order())
    company.facade.order(NUMBER)["Lines"][0]["QuantityShipped"] = "2"

    hold = held(await company.apply(sage_order(lines), previous=NUMBER))

    assert hold.rule == "change"
    assert said in hold.reason


async def test_a_cancelled_order_is_deleted_or_put_on_hold_by_policy(company: Company) -> None:
    record = sage_order()
    await company.apply(record)
    gone = await company.apply(record | {"status": "cancelled"}, previous=NUMBER, cancel="delete")
    assert isinstance(gone.end, Done), gone.end
    assert company.facade.orders == []

    other = sage_order(native_id="5121")
    await company.apply(other)
    await company.apply(other | {"status": "cancelled"}, previous="W0003Y9", cancel="hold")
    assert company.facade.order("W0003Y9")["OrderStatus"] == "H"


async def test_a_shipped_order_that_is_cancelled_needs_a_person(company: Company) -> None:
    record = sage_order()
    await company.apply(record)
    company.facade.order(NUMBER)["Lines"][0]["QuantityShipped"] = "1"

    hold = held(await company.apply(record | {"status": "cancelled"}, previous=NUMBER, cancel="delete"))

    assert "is shipped or complete" in hold.reason


async def test_an_order_cancelled_or_deleted_before_booking_is_not_booked(company: Company) -> None:
    cancelled = await company.apply(sage_order(status="cancelled"))
    deleted = await company.apply(sage_order(deleted_at=datetime(2026, 2, 4, tzinfo=UTC)))

    assert isinstance(cancelled.end, Settled)
    assert isinstance(deleted.end, Settled)
    assert (cancelled.end.state, deleted.end.state) == ("unchanged", "gone")


@pytest.mark.parametrize(
    "answer",
    [
        error(423, "RECORD_LOCKED", lockedBy="JSMITH"),
        error(503, "NO_LICENSE_SEAT", retry_after=1),
        error(503, "EXCLUSIVE_MODE", retry_after=0),
        error(429, "RATE_LIMITED", retry_after=0),
    ],
)
async def test_a_busy_facade_is_waited_for(company: Company, answer: httpx.Response) -> None:
    def busy(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path.endswith("/SO/SalesOrder"):
            return answer
        company.facade.script.append(busy)
        return None

    company.facade.script.append(busy)
    run = await company.apply(sage_order())

    assert isinstance(run.end, Done), run.end
    assert len(company.facade.orders) == 1


async def test_a_text_that_is_too_long_is_held_naming_field_and_lengths(company: Company) -> None:
    record = sage_order(customer_po="P" * 31)

    hold = held(await company.apply(record))

    assert hold.rule == "field-length"
    assert "SO_SalesOrderHeader.CustomerPONo takes 30 characters, the value has 31" in hold.reason
    assert "PPP" not in hold.reason


async def test_a_guest_is_booked_on_the_house_account_by_policy() -> None:
    company = Company(given=settings(house_customer="00-WEBHOUSE"))
    company.facade.customer("WEBHOUSE")
    record = sage_order()
    record["customer"]["is_guest"] = True

    run = await company.apply(record, customers__guests="house")

    assert isinstance(run.end, Done), run.end
    assert company.facade.order(NUMBER)["CustomerNo"] == "WEBHOUSE"
    assert company.facade.order(NUMBER)["EmailAddress"] == "ada@example.com"


def _total(row: dict[str, Any]) -> Decimal:
    names = ("TaxableAmt", "NonTaxableAmt", "FreightAmt", "SalesTaxAmt")
    return sum((Decimal(row[name]) for name in names), Decimal(0)) - Decimal(row["DiscountAmt"])
