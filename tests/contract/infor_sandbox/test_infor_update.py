"""`update` and `invoke` over HTTP: members, locks, refusals, what is read back (infor.md 4.3, 4.4, 4.5)."""

import pytest

BILL_TO = {"CustNum": "   1042", "CustSeq": "0"}


async def test_an_insert_gives_back_keys_what_the_site_set_and_what_was_sent(desk, helpers):
    answer = await desk.insert("SLCos", CustNum="   1042", CustPo="WEB-1", Freight="7.5")
    assert answer["Success"]
    item = answer["RefreshItems"][0]
    assert (item["Action"], item["ItemNo"], item["UpdateLocking"]) == (1, 0, 0)
    assert helpers.sent_back(answer) == {
        "CoNum": "EC00000042",
        "Stat": "O",
        "CreditHold": "0",
        "CustNum": "   1042",
        "CustPo": "WEB-1",
        "Freight": "7.50000000",
    }
    assert item["ItemId"] == (await desk.header("EC00000042"))["_ItemId"]


async def test_without_refresh_there_are_no_refresh_items(desk, helpers):
    answer = await desk.post("SLCos", helpers.change(1, "", {"CustNum": "   1042"}), refresh="false")
    assert answer == {"Message": None, "Success": True, "RefreshItems": None}


async def test_only_the_first_change_of_a_request_is_done_and_the_answer_is_still_success(desk, helpers):
    changes = [helpers.change(1, "", {"CustNum": "   1042", "CustPo": name}) for name in ("ONE", "TWO")]
    assert (await desk.post("SLCos", *changes))["Success"]
    assert [order["CustPo"] for order in await desk.state("orders")] == ["ONE"]


async def test_the_record_date_rises_with_every_write_to_a_row(desk):
    number = await desk.order()
    stamps = [(await desk.header(number))["RecordDate"]]
    for contact in ("Ada", "Ada", "Bea"):
        await desk.update("SLCos", "", CoNum=number, Contact=contact)
        stamps.append((await desk.header(number))["RecordDate"])
    assert stamps == sorted(set(stamps))


async def test_a_stale_item_id_is_refused_and_a_fresh_one_taken(desk):
    number = await desk.order()
    stale = (await desk.header(number))["_ItemId"]
    assert (await desk.update("SLCos", stale, Contact="Ada"))["Success"]
    assert (await desk.update("SLCos", stale, Contact="Bea")) == {
        "Message": "Row changed by another user.",
        "Success": False,
        "RefreshItems": None,
    }
    assert (await desk.delete("SLCos", stale))["Message"] == "Row changed by another user."
    fresh = (await desk.header(number))["_ItemId"]
    assert (await desk.update("SLCos", fresh, Contact="Bea"))["Success"]


async def test_a_line_moves_the_header_so_that_its_old_item_id_is_stale(desk):
    number = await desk.order()
    before = (await desk.header(number))["_ItemId"]
    await desk.insert("SLCoitems", CoNum=number, CoLine="1", Item="LAMP-01", QtyOrdered="1", Price="3")
    assert (await desk.update("SLCos", before, Contact="Ada"))["Message"] == "Row changed by another user."


async def test_without_an_item_id_the_key_finds_the_row_and_nothing_is_locked(desk):
    number = await desk.order()
    assert (await desk.update("SLCos", "", CoNum=number, Contact="Ada"))["Success"]
    assert (await desk.header(number))["Contact"] == "Ada"
    assert not (await desk.update("SLCos", "", Contact="Ada"))["Success"]
    assert not (await desk.update("SLCos", "", CoNum="EC99999999", Contact="Ada"))["Success"]
    assert not (await desk.delete("SLCos", ""))["Success"]


async def test_property_locking_minds_only_the_properties_written(desk, helpers):
    number = await desk.order(Contact="Ada")
    stale = (await desk.header(number))["_ItemId"]
    await desk.update("SLCos", stale, Phone="1")
    change = helpers.change(2, stale, {"Contact": "Bea"})
    change["UpdateLocking"] = 1
    assert (await desk.post("SLCos", change))["Message"] == "Row changed by another user."  # OriginalValue is ""
    change["Properties"][0]["OriginalValue"] = "Ada"
    assert (await desk.post("SLCos", change))["Success"]


async def test_writes_to_joined_tables_succeed_and_do_nothing(desk, helpers):
    number = await desk.order()
    before = await desk.header(number)
    answer = await desk.update("SLCos", before["_ItemId"], ShipToName="Elsewhere", BillToAddr_1="Nowhere 1")
    assert answer["Success"]
    assert helpers.sent_back(answer)["ShipToName"] == "Web shop collective account"
    assert await desk.header(number) == before


async def test_properties_not_marked_modified_are_not_written(desk, helpers):
    number = await desk.order(Contact="Ada")
    change = helpers.change(2, "", {"CoNum": number, "Contact": "Bea", "Phone": "1"})
    change["Properties"][1]["Modified"] = False
    assert (await desk.post("SLCos", change))["Success"]
    header = await desk.header(number)
    assert (header["Contact"], header["Phone"]) == ("Ada", "1")


async def test_null_needs_is_null_and_empty_numbers_and_dates_are_null(desk, helpers):
    number = await desk.order(Contact="Ada", ProjectedDate="20260210")
    await desk.update("SLCos", "", CoNum=number, Contact=None, ProjectedDate="")
    header = await desk.header(number)
    assert (header["Contact"], header["ProjectedDate"]) == (None, None)
    change = helpers.change(2, "", {"CoNum": number, "Contact": None})
    change["Properties"][1]["IsNull"] = False
    assert not (await desk.post("SLCos", change))["Success"]


async def test_action_3_does_nothing(desk, helpers):
    answer = await desk.post("SLCos", helpers.change(3, "", {"CustNum": "   1042"}))
    assert answer == {"Message": None, "Success": True, "RefreshItems": None}
    assert await desk.state("orders") == []


@pytest.mark.parametrize(
    "values",
    [
        {"Nothing": "x"},
        {"Price": "1"},
        {"RecordDate": "20260101"},
        {"CoNum": "EC00000099"},
        {"CustPo": "x" * 23},
        {"OrderDate": "2026-02-03"},
        {"OrderDate": "20260230"},
        {"Freight": "1,50"},
        {"Freight": "1e3"},
        {"Freight": "-1"},
        {"Freight": "99999999999999"},
        {"Disc": "100.01"},
        {"CreditHold": "2"},
        {"CreditHold": "true"},
        {"CustSeq": "1.5"},
        {"CustSeq": "7"},
        {"CustNum": ""},
        {"CustNum": "1042"},
        {"Stat": "X"},
        {"Type": "Z"},
        {"Whse": "MOON"},
        {"TermsCode": "N31"},
        {"ShipCode": "upsg"},
        {"TaxCode1": "NONE"},
        {"CurrCode": "XXX"},
        {"Contact": "a\u0000b"},
    ],
)
async def test_a_value_that_the_site_does_not_take_is_refused_and_leaves_the_row_alone(desk, values):
    number = await desk.order()
    before = await desk.header(number)
    answer = await desk.update("SLCos", before["_ItemId"], **values)
    assert answer["Success"] is False
    assert answer["Message"]
    assert await desk.header(number) == before


async def test_a_date_that_is_no_date_gets_the_known_message(desk):
    answer = await desk.insert("SLCos", CustNum="   1042", OrderDate="03.02.2026")
    assert answer["Message"] == "IDOValueType.GetValue: failed to parse normalized string [03.02.2026]."


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"Changes": {}},
        {"Changes": [], "Extra": 1},
        {"Changes": ["x"]},
        {"Changes": [{"Action": 1}]},
        {"Changes": [{"Action": 9, "ItemId": "", "ItemNo": 0, "Properties": [], "UpdateLocking": 0}]},
        {"Changes": [{"Action": True, "ItemId": "", "ItemNo": 0, "Properties": [], "UpdateLocking": 0}]},
        {"Changes": [{"Action": 1, "ItemId": "", "ItemNo": 0, "Properties": [], "UpdateLocking": 0, "Odd": 1}]},
        {"Changes": [{"Action": 1, "ItemId": "PBT=[item]", "ItemNo": 0, "Properties": [], "UpdateLocking": 0}]},
    ],
)
async def test_a_wrong_member_is_a_business_failure(desk, body):
    answer = await desk.http.post(f"{desk.ido}/update/SLCos", json=body)
    assert (answer.status_code, answer.json()["Success"]) == (200, False)


@pytest.mark.parametrize(
    "prop",
    [
        "x",
        {"Name": "CustNum", "Value": "   1042"},
        {"Name": "CustNum", "Value": 1042, "Modified": True},
        {"Name": "CustNum", "Value": "   1042", "Modified": "true"},
        {"Name": "CustNum", "Value": "   1042", "Modified": True, "Odd": 1},
        {"Name": "CustNum", "Modified": True},
        {"Name": "CustNum", "Value": "   1042", "Modified": True, "IsNestedCollection": True},
    ],
)
async def test_a_wrong_member_of_a_property_is_a_business_failure(desk, helpers, prop):
    change = helpers.change(1, "", {})
    change["Properties"] = [prop]
    assert not (await desk.post("SLCos", change))["Success"]


async def test_a_property_given_twice_is_refused(desk, helpers):
    change = helpers.change(1, "", {"CustNum": "   1042"})
    change["Properties"] *= 2
    assert "more than once" in (await desk.post("SLCos", change))["Message"]


@pytest.mark.parametrize(
    ("ido", "values"),
    [
        ("SLCos", {"CustPo": "x"}),
        ("SLCoitems", {"CoLine": "1", "Item": "LAMP-01", "QtyOrdered": "1"}),
        ("SLCustomers", {"City": "Lyon"}),
        ("SLItems", {"Item": "X"}),
        ("SLItemCusts", {"Item": "LAMP-01", "CustNum": "   1042"}),
        ("SLArpmts", {"CustNum": "   1042", "CheckNum": "1", "BankCode": "BK1", "Type": "C"}),
        ("SLArpmtds", {"CustNum": "   1042", "CheckNum": "1", "BankCode": "BK1", "Type": "C", "InvNum": "INV1"}),
    ],
)
async def test_required_properties_are_those_of_info(desk, ido, values):
    info = (await desk.http.get(f"{desk.ido}/info/{ido}")).json()
    missing = {prop["Name"] for prop in info["Properties"] if prop["Required"]} - set(values)
    message = (await desk.insert(ido, **values))["Message"]
    assert message in {f"Property [{name}] is required." for name in missing}


@pytest.mark.parametrize("ido", ["SLItemwhses", "SLCoShips", "SLShipments", "SLInvHdrs", "SLArtrans", "SLTerms"])
async def test_ledgers_and_look_ups_take_no_writes(desk, ido):
    assert (await desk.insert(ido))["Message"] == f"Insert is not allowed on {ido}."


async def test_the_methods_of_shipments_answer_by_position(desk):
    number = await desk.order(("1", "5"))
    await desk.act("ship", CoNum=number, tracking="1Z42")
    info = await desk.invoke("SLShipments", "GetShipmentInfoSp", "3007", "", "", "", "")
    assert info == {
        "Message": None,
        "Success": True,
        "Parameters": ["3007", "S", "   1042", "1Z42", ""],
        "ReturnValue": "0",
    }
    url = await desk.invoke("SLShipments", "GetShipmentTrackingURLSp", "3007", "", "")
    assert url["Parameters"][1].endswith("1Z42")


async def test_a_method_refuses_in_its_infobar_and_the_service_in_its_message(desk):
    unknown = await desk.invoke("SLShipments", "GetShipmentTrackingURLSp", "9", "", "")
    assert (unknown["Success"], unknown["ReturnValue"]) == (True, "16")
    assert unknown["Parameters"][-1] == "Shipment [9] is not on file."
    assert not (await desk.invoke("SLShipments", "GetShipmentInfoSp", "9"))["Success"]
    assert not (await desk.invoke("SLShipments", "NothingSp"))["Success"]
    body = await desk.http.post(f"{desk.ido}/invoke/SLShipments?method=GetShipmentInfoSp", json=[1, 2, 3, 4, 5])
    assert not body.json()["Success"]
