"""What a document may hold: shapes, types, lengths, absent and computed fields, codes on file (sage100.md 5.4, 5.5)."""

import pytest

PATHS = ("SO/SalesOrder", "AR/Customer", "AR/CustomerContact", "SO/ShipToAddress", "AR/CashReceipt")


@pytest.mark.parametrize("path", [*PATHS, "SO/SalesOrder/Preview"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"x"', "application/json"),
        (b"", "application/json"),
        (b"{}", "text/plain"),
        (b"{}", ""),
        (b'{"x":"' + b"y" * 1024 * 1024 + b'"}', "application/json"),
    ],
)
async def test_a_body_that_is_no_json_object_is_400(desk, path, body, content_type):
    answer = await desk.http.post(f"/sage100/v1/{path}", content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")


async def _refuse(desk, make, header=None, line=None):
    """The refusal of an order with a changed header or with a second line that is changed."""
    lines = [make.line(), {**make.line(), **line}] if line else [make.line()]
    before = len(await desk.state("sales_orders"))
    error = await desk.refused("POST", "SO/SalesOrder", {**make.order(*lines), **(header or {})})
    assert len(await desk.state("sales_orders")) == before
    assert await desk.state("sales_order_lines") == []
    return error


@pytest.mark.parametrize(
    "name",
    ["OrderDate", "ARDivisionNo", "CustomerNo", "WarehouseCode", "ConfirmTo", "TermsCode", "TaxSchedule", "Lines"],
)
async def test_a_required_field_of_an_order_must_be_there_and_filled(desk, make, name):
    document = make.order()
    del document[name]
    error = await desk.refused("POST", "SO/SalesOrder", document)
    assert (error["status"], error["code"], error["column"]) == (400, "BAD_REQUEST", name)
    for empty in ("", " ", None):
        assert (await _refuse(desk, make, {name: empty}))["column"] == name


@pytest.mark.parametrize("name", ["ItemCode", "QuantityOrdered"])
async def test_a_required_field_of_a_line_names_its_line(desk, make, name):
    lines = [make.line(), make.line()]
    del lines[1][name]
    error = await desk.refused("POST", "SO/SalesOrder", make.order(*lines))
    assert (error["code"], error["column"], error["line"]) == ("BAD_REQUEST", name, 2)
    assert error["businessObject"] == "SO_SalesOrderDetail_bus"


@pytest.mark.parametrize("count", [0, 501])
async def test_an_order_has_1_to_500_lines(desk, make, count):
    document = make.order()
    document["Lines"] = [make.line()] * count
    assert (await desk.refused("POST", "SO/SalesOrder", document))["column"] == "Lines"


async def test_500_lines_are_taken(desk, make):
    assert len((await desk.order(*[make.line("1", "0.01")] * 500, DiscountAmt="0"))["Lines"]) == 500


@pytest.mark.parametrize("lines", ["x", {"ItemCode": "LAMP-01"}, [1], [["ItemCode"]], None])
async def test_lines_that_are_no_list_of_objects_are_400(desk, make, lines):
    assert (await desk.refused("POST", "SO/SalesOrder", {**make.order(), "Lines": lines}))["status"] == 400


@pytest.mark.parametrize(
    "header",
    [
        {"Colour": "red"},
        {"salesOrderNo": "1"},
        {"UDF_lower": "x"},
        {"UDF_REF": 1},
        {"UDF_REF": None},
        {"CustomerPONo": None},
        {"CustomerPONo": 7},
        {"FreightAmt": 7.5},
        {"FreightAmt": "7,50"},
        {"FreightAmt": "1e2"},
        {"FreightAmt": "+1"},
        {"FreightAmt": "1.234"},
        {"FreightAmt": "1000000000.00"},
        {"FreightAmt": ""},
        {"FreightAmt": "-0.01"},
        {"SalesTaxAmt": "-1"},
        {"DiscountAmt": "-1"},
        {"DepositAmt": "-1"},
        {"DiscountRate": "-1"},
        {"OrderDate": "20260203"},
        {"OrderDate": "2026-02-30"},
        {"ShipExpireDate": ""},
        {"OrderType": "X"},
        {"OrderType": ""},
        {"OrderStatus": "C"},
        {"OrderStatus": ""},
        {"PaymentTypeCategory": ""},
        {"ResidentialAddress": "true"},
        {"ResidentialAddress": ""},
        {"ShipToCountryCode": "US"},
        {"ShipToCountryCode": "usa"},
        {"SalesOrderNo": "W1"},
        {"SalesOrderNo": "W-00001"},
        {"SalesOrderNo": "w000001"},
        {"SalesOrderNo": ""},
    ],
)
async def test_a_wrong_header_field_is_400_and_named(desk, make, header):
    error = await _refuse(desk, make, header)
    assert (error["status"], error["code"], error["column"]) == (400, "BAD_REQUEST", next(iter(header)))


@pytest.mark.parametrize(
    "name",
    [
        "TaxableAmt",
        "NonTaxableAmt",
        "CurrentInvoiceNo",
        "LastInvoiceOrderNo",
        "LastInvoiceOrderDate",
        "DateCreated",
        "TimeCreated",
        "UserCreatedKey",
        "DateUpdated",
        "TimeUpdated",
        "UserUpdatedKey",
    ],
)
async def test_a_computed_header_field_is_refused_on_post_and_patch(desk, make, name):
    error = await _refuse(desk, make, {name: "1"})
    assert (error["code"], error["column"]) == ("BAD_REQUEST", name)
    number = (await desk.order())["SalesOrderNo"]
    assert (await desk.refused("PATCH", f"SO/SalesOrder/{number}", {name: "1"}))["column"] == name


@pytest.mark.parametrize(
    "name",
    [
        "LineKey",
        "LineSeqNo",
        "UnitOfMeasureConvFactor",
        "QuantityShipped",
        "QuantityBackordered",
        "ExtensionAmt",
        "TaxAmt",
        "TaxRate",
        "Valuation",
        "LotSerialFullyDistributed",
        "SalesKitLineKey",
    ],
)
async def test_a_computed_line_field_is_refused(desk, make, name):
    error = await _refuse(desk, make, line={name: "1"})
    assert (error["code"], error["column"], error["line"]) == ("BAD_REQUEST", name, 2)
    if name != "LineKey":
        number = (await desk.order())["SalesOrderNo"]
        change = {"Lines": [{"LineKey": "000001", name: "1"}]}
        assert (await desk.refused("PATCH", f"SO/SalesOrder/{number}", change))["column"] == name


@pytest.mark.parametrize(
    "line",
    [
        {"QuantityOrdered": "0"},
        {"QuantityOrdered": "-1"},
        {"QuantityOrdered": 2},
        {"QuantityOrdered": "1.0000001"},
        {"UnitPrice": "-1"},
        {"UnitPrice": None},
        {"UnitPrice": ""},
        {"LineDiscountPercent": "-1"},
        {"LineDiscountPercent": "100.001"},
        {"LineDiscountPercent": "1.2345"},
        {"PromiseDate": ""},
        {"DropShip": "X"},
        {"ItemType": ""},
        {"Colour": "red"},
    ],
)
async def test_a_wrong_line_field_is_400_and_named_with_its_line(desk, make, line):
    error = await _refuse(desk, make, line=line)
    assert (error["code"], error["column"], error["line"]) == ("BAD_REQUEST", next(iter(line)), 2)


@pytest.mark.parametrize(
    ("name", "limit"),
    [("CustomerPONo", 30), ("ShipToAddress1", 40), ("ShipVia", 15), ("ShipToState", 2), ("Comment", 30)],
)
async def test_text_that_is_too_long_is_ci_charlength(desk, make, name, limit):
    error = await _refuse(desk, make, {name: "é" * (limit + 1)})
    assert (error["status"], error["code"], error["column"]) == (400, "CI_CharLength", name)
    assert (await desk.order(**{name: "é" * limit}))[name] == "é" * limit


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ({"ARDivisionNo": "09"}, "09"),
        ({"CustomerNo": "NOBODY"}, "NOBODY"),
        ({"WarehouseCode": "009"}, "009"),
        ({"TermsCode": "99"}, "99"),
        ({"TaxSchedule": "MOON"}, "MOON"),
        ({"PaymentType": "SHELL"}, "SHELL"),
        ({"CancelReasonCode": "WHY"}, "WHY"),
        ({"ShipToCode": "0009"}, "0009"),
        ({"SalespersonNo": "9999"}, "01-9999"),
        ({"ShipToZipCode": "00000", "ShipToCountryCode": "USA"}, "00000"),
        ({"ShipToState": "TX", "ShipToZipCode": "62701", "ShipToCountryCode": "USA"}, "TX"),
        ({"BillToZipCode": "00000", "BillToCountryCode": "USA"}, "00000"),
    ],
)
async def test_a_value_that_is_not_on_file_is_ci_nof(desk, make, header, value):
    error = await _refuse(desk, make, header)
    assert (error["status"], error["code"], error["column"]) == (422, "CI_NOF", next(iter(header)))
    assert error["value"] == value
    assert error["businessObject"] == "SO_SalesOrder_bus"


@pytest.mark.parametrize(
    "line",
    [
        {"ItemCode": "LAMP-99"},
        {"WarehouseCode": "009"},
        {"UnitOfMeasure": "BOX"},
        {"ItemType": "5"},
        {"TaxClass": "ZZ"},
    ],
)
async def test_a_line_value_that_is_not_on_file_names_its_line(desk, make, line):
    error = await _refuse(desk, make, line=line)
    assert (error["status"], error["code"], error["line"]) == (422, "CI_NOF", 2)
    assert error["column"] == next(iter(line))


async def test_the_refusal_of_an_unknown_item_is_the_documented_one(desk, make):
    error = await desk.refused("POST", "SO/SalesOrder", make.order({**make.line(), "ItemCode": "LAMP-99"}))
    assert error == {
        "status": 422,
        "code": "CI_NOF",
        "message": "The ItemCode LAMP-99 is not on file.",
        "businessObject": "SO_SalesOrderDetail_bus",
        "column": "ItemCode",
        "value": "LAMP-99",
        "line": 1,
        "returnCode": 0,
        "retryable": False,
    }


async def test_an_inactive_item_or_customer_is_refused(desk, make):
    await desk.act("add-item", ItemCode="OLD-1", InactiveItem="Y")
    error = await _refuse(desk, make, line={"ItemCode": "OLD-1"})
    assert (error["status"], error["code"], error["line"]) == (422, "CI_InactiveItem", 2)
    await desk.act("set-customer", ARDivisionNo="01", CustomerNo="WEB0001", CustomerStatus="I")
    error = await _refuse(desk, make)
    assert (error["status"], error["code"]) == (422, "AR_InactiveCustomer")


async def test_zip_and_state_are_checked_only_in_the_usa_and_a_long_zip_counts_by_five(desk):
    home = {"ShipToName": "A", "ShipToState": "IL", "ShipToCountryCode": "USA"}
    assert await desk.order(**home, ShipToZipCode="62701-1234")
    assert await desk.order(ShipToName="A", ShipToZipCode="SW3 4UH", ShipToCountryCode="GBR")


async def test_empty_optional_text_is_taken_and_numeric_codes_are_zero_filled(desk):
    made = await desk.order(Comment="", ShipVia="", ARDivisionNo="1", TermsCode="1")
    assert (made["Comment"], made["ARDivisionNo"], made["TermsCode"]) == ("", "01", "01")


async def test_what_windows_1252_lacks_is_lost_in_the_store(desk):
    made = await desk.order(ShipToName="Žofie Müller €", Comment="Илья", UDF_NOTE="東")
    assert (made["ShipToName"], made["Comment"], made["UDF_NOTE"]) == ("Žofie Müller €", "????", "?")


async def test_user_defined_fields_pass_through_header_and_lines(desk, make):
    made = await desk.order(make.line(UDF_SHOP_LINE="41"), UDF_REF="CL1-5120")
    assert (made["UDF_REF"], made["Lines"][0]["UDF_SHOP_LINE"]) == ("CL1-5120", "41")
    changed = await desk.patch(f"SO/SalesOrder/{made['SalesOrderNo']}", {"UDF_OTHER": "x"})
    assert (changed["UDF_REF"], changed["UDF_OTHER"]) == ("CL1-5120", "x")
