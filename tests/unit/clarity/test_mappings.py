"""The YAML mappings on whole documents, into the canonical schemas, and back out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from penstock.connectors.clarity import SPEC
from penstock.connectors.clarity.source import ClaritySource
from penstock.mapping import CodeTable, MappingEnv, UnknownCode, compile_mapping, from_payload, root_name
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef, Part
from penstock.rules.address import standardise
from penstock.rules.validate import Policy, validate
from tests.unit.clarity.fake_shop import FakeShop
from tests.unit.clarity.rows import PAYMENT

ROOT = Path(__file__).parents[3]
TABLES = {
    path.stem: CodeTable.from_text(path.stem, path.read_text(), path.name)
    for path in (SPEC.mappings.parent / "tables").glob("*.yaml")
}
AT = datetime(2025, 3, 5, 18, 20, tzinfo=UTC)
SAGE = {"system": "sage100", "instance": "ABC", "native_id": "0100001", "version": None, "observed_at": AT}


def env() -> MappingEnv:
    return MappingEnv(
        "clarity", "acme", tag="CL1", tables=TABLES, address=lambda **fields: standardise(fields), settings={}
    )


async def canonical(source: ClaritySource, entity: str, native_id: str, *carried: Part) -> dict[str, Any]:
    raw = await source.extract(EntityRef("clarity", "acme", entity, native_id), carried)
    assert raw is not None
    schema = json.loads((ROOT / f"schemas/avro/{entity}.avsc").read_text())
    name = f"{entity}.to-canonical"
    mapping = compile_mapping(
        name, (SPEC.mappings / f"{name}.yaml").read_text(), target_schema=schema, secrets=SPEC.secret_fields
    )
    made: dict[str, Any] = mapping(SPEC.open_document(raw, None), env())
    own = canonical_id("clarity", "acme", entity, native_id)
    source_of = {"system": "clarity", "instance": "acme", "native_id": native_id, "observed_at": datetime.now(UTC)}
    return made | {"id": own, "source": source_of, "deleted_at": None}


def payload(entity: str, **record: Any) -> dict[str, Any]:
    name = f"{entity}.from-canonical"
    shape = from_payload(f"{entity}.payload.yaml", (SPEC.mappings / f"{entity}.payload.yaml").read_text())
    mapping = compile_mapping(name, (SPEC.mappings / f"{name}.yaml").read_text(), target_schema=shape)
    made: dict[str, Any] = mapping({root_name(mapping.source): {"source": SAGE, **record}}, env())
    return made


def said(order: dict[str, Any]) -> list[str]:
    return [f"{verdict.rule}: {verdict.message}" for verdict in validate("order", order, Policy())]


# --- orders


async def test_an_order_is_mapped_as_the_shop_charged_it(source: ClaritySource) -> None:
    order = await canonical(source, "order", "5120")
    assert (order["number"], order["reference"], order["customer_po"]) == ("WEB-5120", "CL1-5120", "PO-7781")
    assert (order["status"], order["source_status"], order["terms"]) == ("awaiting-payment", "Pending", "NET30")
    assert order["placed_at"].isoformat() == "2025-03-04T15:05:02+00:00"
    assert order["customer_id"] == canonical_id("clarity", "acme", "customer", "account-88")
    assert order["customer"]["native_id"] == "account-88"
    assert order["customer"]["email"] == "buyer@acme.example"
    assert order["customer"]["company"] == "Acme Tools"
    assert order["customer"]["vat_number"] == "74-1234567"
    assert order["customer"]["is_guest"] is False
    assert order["ship_to"]["line1"] == "12 Dock Rd"
    assert order["ship_to"]["state_code"] == "TX"
    assert (order["payment_method"], order["payment_module"], order["payments"]) == ("terms", "", [])
    assert order["carrier"] == {"code": "UPS_GROUND", "name": "UPS Ground"}
    [line] = order["lines"]
    assert (line["sku"], line["unit"], line["location"], line["number"]) == ("APR-SND", "EA", "AUS-1", 1)
    assert (line["net"], line["tax"], line["gross"]) == (Decimal("99.60"), Decimal("8.22"), Decimal("107.82"))
    assert line["taxes"] == [{"rate": Decimal("8.25"), "amount": Decimal("8.22"), "base": Decimal("99.60")}]
    assert order["shipping"]["net"] == order["shipping"]["gross"] == Decimal("12.00")
    assert order["totals"]["gross"] == Decimal("119.82")
    assert order.get("fees") is None
    assert json.loads(order["extras"]["attributes"]) == {"costCenter": "CC-12"}
    assert said(order) == []


def taxed(shop: FakeShop, *, incl: bool, places: int) -> None:
    """Two lines with a line discount, an order discount of three shared over them, shipping with tax, charges."""
    cent = Decimal(1).scaleb(-places)
    order = shop.order()
    first = order["items"][0]
    rate = Decimal("0.2")

    def cut(amount: Decimal) -> Decimal:
        return amount.quantize(cent, rounding="ROUND_HALF_UP")

    totals = [Decimal(100), Decimal(50)]
    off = Decimal(10)
    shares = [cut(off * totals[0] / 150), off - cut(off * totals[0] / 150)]
    taxes = [
        cut((t - s) - (t - s) / (1 + rate)) if incl else cut((t - s) * rate)
        for t, s in zip(totals, shares, strict=True)
    ]
    shipping = Decimal(12)
    shipping_tax = cut(shipping - shipping / (1 + rate)) if incl else cut(shipping * rate)
    tax = sum(taxes) + shipping_tax
    order["items"] = [
        {
            **first, "id": 9001 + n, "lineNumber": n + 1, "quantity": "3.0000", "discount": "5",
            "unitPrice": str(cut((totals[n] + 5) / 3)), "taxRate": "0.2", "taxAmount": str(taxes[n]),
            "lineTotal": str(totals[n]),
        }
        for n in (0, 1)
    ]  # fmt: skip
    order["discounts"] = [{"code": "SPRING", "amount": "10"}, {"code": "LINE", "amount": "5", "itemId": 9001}]
    total = Decimal(150) - off + shipping + 4 + 2 + (0 if incl else tax)
    order.update(taxIncluded=incl, currency={0: "JPY", 2: "USD", 3: "KWD"}[places])
    order["totals"] = {
        "subTotal": "150", "discount": "10", "shipping": "12", "handling": "4", "fees": "2", "tax": str(tax),
        "total": str(total), "balanceDue": "0",
    }  # fmt: skip


@pytest.mark.parametrize("places", [0, 2, 3])
@pytest.mark.parametrize("incl", [True, False])
async def test_all_sums_add_up(source: ClaritySource, shop: FakeShop, incl: bool, places: int) -> None:
    taxed(shop, incl=incl, places=places)
    order = await canonical(source, "order", "5120")
    assert order["tax_included"] is incl
    assert [discount["code"] for discount in order["discounts"]] == ["SPRING"]
    assert order["fees"]["gross"] == Decimal(2)
    assert order["wrapping"]["gross"] == Decimal(4)
    assert order["shipping"]["tax"] > 0
    assert order["paid_total"] == order["totals"]["gross"]
    assert said(order) == []


async def test_a_cent_too_many_is_held_with_the_arithmetic(source: ClaritySource, shop: FakeShop) -> None:
    taxed(shop, incl=False, places=2)
    shop.order()["totals"]["total"] = "187.99"
    assert any("order-total" in each for each in said(await canonical(source, "order", "5120")))


async def test_a_guest_is_known_by_the_order(source: ClaritySource, shop: FakeShop) -> None:
    shop.order().update(accountId=None, userId=None, paymentTerms=None)
    order = await canonical(source, "order", "5120")
    assert order["customer"]["native_id"] == "guest-5120"
    assert order["customer"]["is_guest"] is True
    assert order["payment_method"] == "other"


async def test_a_person_without_a_company(source: ClaritySource, shop: FakeShop) -> None:
    shop.order().update(accountId=None)
    assert (await canonical(source, "order", "5120"))["customer"]["native_id"] == "user-412"


async def test_a_paid_order(source: ClaritySource, shop: FakeShop) -> None:
    voided = {**PAYMENT, "id": 599, "status": "voided", "method": "Wire"}
    shop.order().update(paymentStatus="paid", payments=[voided, PAYMENT])
    shop.order()["totals"]["balanceDue"] = "0.00"
    order = await canonical(source, "order", "5120")
    assert (order["status"], order["payment_method"], order["payment_module"]) == ("paid", "card", "Card")
    [payment] = order["payments"]
    assert (payment["amount"], payment["transaction_id"]) == (Decimal("119.82"), "tx_81")
    assert order["paid_total"] == Decimal("119.82")


@pytest.mark.parametrize(
    ("shown", "canonical_status"),
    [("On Hold", "processing"), ("partially shipped", "processing"), ("COMPLETED", "delivered")],
)
async def test_a_status_is_read_without_case_and_spaces(
    source: ClaritySource, shop: FakeShop, shown: str, canonical_status: str
) -> None:
    shop.order()["status"] = shown
    assert (await canonical(source, "order", "5120"))["status"] == canonical_status


async def test_an_unknown_status_holds_the_order(source: ClaritySource, shop: FakeShop) -> None:
    shop.order()["status"] = "Quarantined"
    with pytest.raises(UnknownCode, match="clarity-order-status"):
        await canonical(source, "order", "5120")


@pytest.mark.parametrize("given", ["2025-03-10", "2025-03-10T00:00:00Z"])
async def test_a_requested_date_has_a_time_or_none(source: ClaritySource, shop: FakeShop, given: str) -> None:
    shop.order()["requestedShipDate"] = given
    assert (await canonical(source, "order", "5120"))["requested_ship_at"] == datetime(2025, 3, 10, tzinfo=UTC)


async def test_an_order_without_delivery_address_goes_to_the_billing_address(
    source: ClaritySource, shop: FakeShop
) -> None:
    shop.order().update(shippingContact=None, shippingMethod=None, notes=" Leave at dock ")
    order = await canonical(source, "order", "5120")
    assert order["ship_to"]["line1"] == "400 Main St"
    assert order["messages"][0]["text"] == "Leave at dock"
    assert order.get("carrier") is None


# --- the others


async def test_a_company_has_the_address_and_mail_of_its_people(source: ClaritySource) -> None:
    customer = await canonical(source, "customer", "account-88")
    assert (customer["company"], customer["email"], customer["first_name"]) == (
        "Acme Tools", "buyer@acme.example", "Dana",
    )  # fmt: skip
    assert customer["credit_limit"] == Decimal("5000.00")
    assert customer["terms"] == "NET30"
    assert [address["line1"] for address in customer["addresses"]] == ["400 Main St"]
    assert validate("customer", customer, Policy()) == []


async def test_a_person(source: ClaritySource) -> None:
    customer = await canonical(source, "customer", "user-500")
    assert (customer["email"], customer["last_name"], customer["active"]) == ("sam@home.example", "Ort", True)


async def test_a_company_without_people(source: ClaritySource, shop: FakeShop) -> None:
    shop.tables["users"] = []
    customer = await canonical(source, "customer", "account-88")
    assert (customer["company"], customer.get("email"), customer["active"]) == ("Acme Tools", None, True)


async def test_a_product(source: ClaritySource) -> None:
    product = await canonical(source, "product", "310")
    assert (product["sku"], product["price"], product["currency"]) == ("APR-SND", Decimal("24.90"), "USD")
    assert product["weight"] == Decimal("0.3")


async def test_a_product_without_a_price(source: ClaritySource, shop: FakeShop) -> None:
    shop.row("products", 310).update(price=None, weight=None)
    assert (await canonical(source, "product", "310")).get("price") is None


async def test_a_refund(source: ClaritySource) -> None:
    shown = {
        "id": 7, "version": 1, "salesOrderId": 5120, "amount": "20.00", "currency": "USD", "reason": "returned",
        "createdDate": "2025-03-09T08:00:00Z", "items": [{"salesOrderItemId": 9001, "quantity": "1.0000"}],
    }  # fmt: skip
    part = Part("refund", "webhook", 200, "application/json", "2025-03-09T08:00:01Z", json.dumps(shown).encode())
    refund = await canonical(source, "refund", "7", part)
    assert refund["order_reference"] == "CL1-5120"
    assert (refund["gross"], refund["net"]) == (Decimal("20.00"), Decimal("18.63"))
    assert refund["lines"][0]["order_line_native_id"] == "9001"


# --- payloads


def test_an_order_that_the_erp_holds_is_on_hold() -> None:
    given = {"status": "processing", "on_hold": True, "order_native_id": "W0003Y8", "source_status": "H"}
    assert payload("order-status", **given) == {"status": "On Hold", "erp_number": "W0003Y8", "erp_status": "H"}
    assert payload("order-status", **(given | {"on_hold": False}))["status"] == "Processing"
    assert payload("order-status", **(given | {"status": "shipped"}))["status"] == "Shipped"


def test_a_shipment() -> None:
    made = payload(
        "shipment",
        carrier_code="UPS GROUND",
        carrier_name=None,
        tracking_numbers=["1Z9 ", ""],
        shipped_at=AT,
        complete=True,
        lines=[{"order_line": "000001", "sku": "APR-SND", "quantity": Decimal(4)}],
    )
    assert (made["key"], made["carrier"], made["service"]) == ("0100001", "UPS", "Ground")
    assert (made["tracking_numbers"], made["shipped_at"]) == (["1Z9"], "2025-03-05T18:20:00Z")
    plain = {"tracking_numbers": [], "shipped_at": None, "complete": False, "lines": []}
    other = payload("shipment", carrier_code="XYZ", carrier_name="Own van", **plain)
    assert (other["carrier"], other["service"]) == ("Own van", None)
    assert payload("shipment", carrier_code=None, carrier_name=None, **plain)["carrier"] is None


def test_an_invoice_and_a_receipt() -> None:
    money = {"currency": "USD", "due_at": None}
    invoice = payload("invoice", number="0100001", invoiced_at=AT, total=Decimal("119.8200"), **money)
    assert invoice["summary"] == "119.82 USD, 2025-03-05"
    assert invoice["newest"] == {"invoiceNumber": "0100001", "invoiceTotal": "119.82 USD", "invoiceDueDate": None}
    receipt = payload(
        "payment", amount=Decimal(100), currency="USD", method="check", invoice_number="0100001", received_at=AT,
        open_after=Decimal("19.82"),
    )  # fmt: skip
    assert receipt["summary"] == "100.00 USD, 2025-03-05, 0100001"
    assert receipt["newest"]["paymentReceivedOpen"] == "19.82 USD"
    undated = payload(
        "payment",
        amount=Decimal(1),
        currency="JPY",
        method=None,
        invoice_number=None,
        received_at=None,
        open_after=None,
    )
    assert (undated["summary"], undated["date"]) == ("1 JPY", "")


def test_stock_price_product_and_company() -> None:
    assert payload("stock-level", sku="A", warehouse="000", available=Decimal(3))["location"] == "000"
    made = payload("price", sku="A", currency="USD", amount=Decimal(2), sale_amount=None, customer_native_id="01-X")
    assert (made["list"], made["customer"]) == (Decimal(2), "01-X")
    bare = dict.fromkeys(("description", "unit", "weight", "tax_code"))
    assert payload("product", sku="A", name=" Mug ", active=True, **bare)["name"] == "Mug"
    company = dict.fromkeys(("vat_number", "credit_limit", "terms"))
    made = payload("customer", company=None, name="Acme ", active=True, **company)
    assert (made["customKey"], made["name"]) == ("0100001", "Acme")
