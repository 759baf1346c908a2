"""Customers, contacts, ship-to addresses, cash receipts (sage100.md 5.2, 5.4)."""

import pytest

KEY = {"ARDivisionNo": "01", "CustomerNo": "WEB0001"}


async def test_a_customer_gets_the_defaults_and_a_location(desk):
    document = {
        "ARDivisionNo": "01",
        "CustomerNo": "W1A2B",
        "CustomerName": "Ben",
        "SalespersonDivisionNo": "01",
        "SalespersonNo": "0100",
    }
    answer = await desk.call("POST", "AR/Customer", document)
    assert (answer.status_code, answer.headers["location"]) == (201, "/sage100/v1/AR/Customer/01-W1A2B")
    made = answer.json()
    assert (made["TermsCode"], made["TaxSchedule"], made["CustomerStatus"]) == ("00", "DEFAULT", "A")
    assert (made["CreditLimit"], made["CreditHold"], made["DefaultPaymentType"]) == ("0.00", "N", "CHECK")
    assert await desk.get("AR/Customer/01-W1A2B") == made


@pytest.mark.parametrize(
    "name", ["ARDivisionNo", "CustomerNo", "CustomerName", "SalespersonDivisionNo", "SalespersonNo"]
)
async def test_a_customer_needs_its_required_fields(desk, make, name):
    document = {key: value for key, value in make.ada.items() if key != name}
    assert (await desk.refused("POST", "AR/Customer", document))["column"] == name
    if name in {"CustomerName", "SalespersonDivisionNo", "SalespersonNo"}:
        assert (await desk.refused("PATCH", "AR/Customer/01-WEB0001", {name: ""}))["column"] == name


@pytest.mark.parametrize(
    "name",
    [
        "CurrentBalance",
        "AgingCategory1",
        "AgingCategory4",
        "OpenOrderAmt",
        "DateLastActivity",
        "DateLastPayment",
        "DateUpdated",
    ],
)
async def test_computed_fields_of_a_customer_are_refused(desk, make, name):
    assert (await desk.refused("POST", "AR/Customer", {**make.ada, name: "1"}))["column"] == name
    assert (await desk.refused("PATCH", "AR/Customer/01-WEB0001", {name: "1"}))["column"] == name


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CustomerNo": "web0002"}, "BAD_REQUEST"),
        ({"CustomerNo": "W" * 21}, "CI_CharLength"),
        ({"CustomerName": "x" * 51}, "CI_CharLength"),
        ({"CustomerStatus": "X"}, "BAD_REQUEST"),
        ({"CustomerStatus": ""}, "BAD_REQUEST"),
        ({"CreditLimit": "-1"}, "BAD_REQUEST"),
        ({"CreditHold": "1"}, "BAD_REQUEST"),
        ({"CountryCode": "US"}, "BAD_REQUEST"),
        ({"ARDivisionNo": "07"}, "CI_NOF"),
        ({"SalespersonNo": "9999"}, "CI_NOF"),
        ({"TermsCode": "77"}, "CI_NOF"),
        ({"TaxSchedule": "MARS"}, "CI_NOF"),
        ({"DefaultPaymentType": "SHELL"}, "CI_NOF"),
        ({"ZipCode": "00000"}, "CI_NOF"),
        ({"State": "TX"}, "CI_NOF"),
        ({}, "WS_AlreadyExists"),
    ],
)
async def test_a_customer_is_refused_by_name(desk, make, change, code):
    base = make.ada if not change else {**make.ada, "CustomerNo": "WEB0002"}
    error = await desk.refused("POST", "AR/Customer", {**base, **change})
    assert error["code"] == code
    if change:
        assert error["column"] == next(iter(change))


async def test_a_customer_is_patched_but_not_its_key(desk):
    changed = await desk.patch("AR/Customer/01-WEB0001", {"City": "Peoria", "CreditLimit": "500", "UDF_SHOP": "a"})
    assert (changed["City"], changed["CreditLimit"], changed["UDF_SHOP"]) == ("Peoria", "500.00", "a")
    assert changed["EmailAddress"] == "ada@example.com"
    for name, value in KEY.items():
        assert (await desk.refused("PATCH", "AR/Customer/01-WEB0001", {name: value}))["column"] == name
    assert (await desk.refused("PATCH", "AR/Customer/01-NOBODY", {"City": "x"}))["code"] == "CI_NoKey"
    assert (await desk.refused("PATCH", "AR/Customer/01-WEB0001", {"State": "TX"}))["code"] == "CI_NOF"


async def test_a_customer_number_may_hold_hyphens(desk):
    await desk.customer(CustomerNo="A-B-C")
    assert (await desk.get("AR/Customer/01-A-B-C"))["CustomerNo"] == "A-B-C"
    key = {"ARDivisionNo": "01", "CustomerNo": "A-B-C"}
    await desk.post("AR/CustomerContact", {**key, "ContactCode": "MAIN", "ContactName": "Ada"})
    assert (await desk.get("AR/CustomerContact/01-A-B-C-MAIN"))["ContactName"] == "Ada"
    changed = await desk.patch("AR/CustomerContact/01-A-B-C-MAIN", {"TelephoneNo1": "555"})
    assert changed["TelephoneNo1"] == "555"


@pytest.mark.parametrize(("path", "code"), [("AR/CustomerContact", "ContactCode"), ("SO/ShipToAddress", "ShipToCode")])
async def test_contacts_and_ship_tos_need_their_key_and_a_customer(desk, path, code):
    document = {**KEY, code: "0001"}
    for name in document:
        without = {key: value for key, value in document.items() if key != name}
        assert (await desk.refused("POST", path, without))["column"] == name
    unknown = await desk.refused("POST", path, {**document, "CustomerNo": "NOBODY"})
    assert (unknown["code"], unknown["column"]) == ("CI_NOF", "CustomerNo")
    assert (await desk.refused("POST", path, {**document, code: "A-B"}))["code"] == "BAD_REQUEST"
    answer = await desk.call("POST", path, document)
    assert answer.headers["location"] == f"/sage100/v1/{path}/01-WEB0001-0001"
    assert (await desk.refused("POST", path, document))["code"] == "WS_AlreadyExists"
    assert (await desk.refused("PATCH", f"{path}/01-WEB0001-0001", {code: "0002"}))["column"] == code
    assert len(await desk.rows(path, CustomerNo="WEB0001")) == 1


async def test_a_ship_to_is_checked_against_the_zip_file(desk):
    place = {"ShipToCountryCode": "USA", "ShipToZipCode": "62701", "ShipToState": "TX"}
    error = await desk.refused("POST", "SO/ShipToAddress", {**KEY, "ShipToCode": "0001", **place})
    assert (error["code"], error["column"]) == ("CI_NOF", "ShipToState")


async def _invoiced(desk):
    number = (await desk.order(SalesTaxAmt="3.39"))["SalesOrderNo"]
    return (await desk.act("ship", SalesOrderNo=number))["InvoiceNo"]


def receipt(invoice, cash="43.29", **more):
    return {
        **KEY,
        "DepositDate": "2026-02-20",
        "InvoiceNo": invoice,
        "CashAmountApplied": cash,
        "PaymentType": "CHECK",
        **more,
    }


async def test_a_receipt_lowers_the_balance_and_stands_in_the_history(desk):
    invoice = await _invoiced(desk)
    answer = await desk.call("POST", "AR/CashReceipt", receipt(invoice, "40.00", DiscountAmountApplied="1.00"))
    assert answer.status_code == 201
    assert "location" not in answer.headers
    made = answer.json()
    assert (made["InvoiceBalance"], made["SequenceNo"], made["BankCode"]) == ("2.29", "000001", "A")
    assert (made["TransactionType"], made["InvoiceType"]) == ("PY", "IN")
    assert (await desk.rows("AR/OpenInvoice", InvoiceNo=invoice))[0]["Balance"] == "2.29"
    customer = await desk.get("AR/Customer/01-WEB0001")
    assert (customer["CurrentBalance"], customer["OpenOrderAmt"]) == ("2.29", "0.00")
    assert customer["DateLastPayment"]
    again = await desk.post("AR/CashReceipt", receipt(invoice, "2.29", DepositNo=made["DepositNo"]))
    assert (again["SequenceNo"], again["InvoiceBalance"]) == ("000002", "0.00")
    assert len(await desk.rows("AR/CashReceipt", InvoiceNo=invoice)) == 2


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"CashAmountApplied": "0"}, "BAD_REQUEST", "CashAmountApplied"),
        ({"CashAmountApplied": "-1"}, "BAD_REQUEST", "CashAmountApplied"),
        ({"CashAmountApplied": "43.30"}, "BAD_REQUEST", "CashAmountApplied"),
        ({"DiscountAmountApplied": "0.01"}, "BAD_REQUEST", "CashAmountApplied"),
        ({"InvoiceNo": "9999999"}, "CI_NOF", "InvoiceNo"),
        ({"PaymentType": "SHELL"}, "CI_NOF", "PaymentType"),
        ({"CustomerNo": "NOBODY"}, "CI_NOF", "CustomerNo"),
        ({"CustomerNo": "WEBSHOP"}, "CI_NOF", "InvoiceNo"),
        ({"SequenceNo": "000001"}, "BAD_REQUEST", "SequenceNo"),
        ({"InvoiceBalance": "0"}, "BAD_REQUEST", "InvoiceBalance"),
        ({"DepositDate": ""}, "BAD_REQUEST", "DepositDate"),
    ],
)
async def test_a_receipt_is_refused_by_name(desk, change, code, column):
    invoice = await _invoiced(desk)
    error = await desk.refused("POST", "AR/CashReceipt", {**receipt(invoice), **change})
    assert (error["code"], error["column"]) == (code, column)
    assert await desk.rows("AR/CashReceipt") == []
    assert (await desk.rows("AR/OpenInvoice"))[0]["Balance"] == "43.29"


@pytest.mark.parametrize(
    "name", ["DepositDate", "ARDivisionNo", "CustomerNo", "InvoiceNo", "CashAmountApplied", "PaymentType"]
)
async def test_a_receipt_needs_its_required_fields(desk, name):
    document = receipt("0100231")
    del document[name]
    assert (await desk.refused("POST", "AR/CashReceipt", document))["column"] == name
