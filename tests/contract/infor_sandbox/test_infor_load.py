"""`load` over HTTP: values, filters, order, caps and bookmarks (infor.md 4.2)."""

import pytest

SOME = {"properties": "Item", "orderby": "Item"}


async def test_every_value_is_a_string_or_null_in_the_documented_form(desk):
    number = await desk.order(("2", "19.95"), Freight="7.50", SalesTax="3.29")
    header = await desk.header(number)
    assert all(value is None or isinstance(value, str) for value in header.values())
    assert (header["Price"], header["CreditHold"], header["CustNum"]) == ("50.69000000", "0", "   1042")
    assert header["Phone"] is None
    stamp = header["RecordDate"]
    assert len(stamp) == len("20260203 09:10:11.123")
    shown = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:]}"
    assert header["_ItemId"] == f"PBT=[co] co.DT=[{shown}] co.ID=[{header['RowPointer']}]"


async def test_named_properties_only_and_readonly_leaves_the_handle_out(desk):
    rows = await desk.rows("SLWhses", properties="Whse, Name", readonly="true")
    assert rows == [{"Whse": "EAST", "Name": "East warehouse"}, {"Whse": "MAIN", "Name": "Main warehouse"}]
    assert (await desk.rows("SLWhses", properties="*"))[0].keys() == {
        "Whse",
        "Name",
        "RecordDate",
        "RowPointer",
        "_ItemId",
    }


async def test_parameter_names_are_taken_in_any_case_and_unknown_ones_are_ignored(desk):
    rows = await desk.rows("SLItems", recordCap="3", orderBy="Item DESC", Properties="Item", nonsense="1")
    assert len(rows) == 3
    assert [row["Item"] for row in rows] == sorted((row["Item"] for row in rows), reverse=True)


async def test_the_cap_is_200_unless_told_and_zero_is_no_limit(desk):
    total = len(await desk.state("items"))
    for cap, count in (("-1", 200), ("", 200), ("7", 7), ("0", total)):
        answer = await desk.load("SLItems", properties="Item", recordcap=cap)
        assert (len(answer["Items"]), answer["MoreRowsExist"]) == (count, count < total)


async def test_bookmarks_lead_forwards_and_backwards_through_all_rows(desk):
    everything = [row["Item"] for row in await desk.rows("SLItems", recordcap="0", **SOME)]
    forwards, answer = [], await desk.load("SLItems", recordcap="150", **SOME)
    while True:
        forwards += [row["Item"] for row in answer["Items"]]
        if not answer["MoreRowsExist"]:
            break
        page = {"recordcap": "150", "loadtype": "NEXT", "bookmark": answer["Bookmark"]}
        answer = await desk.load("SLItems", **page, **SOME)
    assert forwards == everything
    last = await desk.load("SLItems", recordcap="10", loadtype="LAST", **SOME)
    assert [row["Item"] for row in last["Items"]] == everything[-10:]
    before = await desk.load("SLItems", recordcap="10", loadtype="PREV", bookmark=last["Bookmark"], **SOME)
    assert [row["Item"] for row in before["Items"]] == everything[-20:-10]


async def test_rows_that_tie_with_the_pages_edge_are_skipped(desk):
    query = {"properties": "Whse", "orderby": "Whse", "recordcap": "5"}
    first = await desk.load("SLItemwhses", **query)
    assert first["Bookmark"] == "<B><P><p>Whse</p></P><D><f>false</f></D><F><v>EAST</v></F><L><v>EAST</v></L></B>"
    second = await desk.load("SLItemwhses", loadtype="NEXT", bookmark=first["Bookmark"], **query)
    assert {row["Whse"] for row in second["Items"]} == {"MAIN"}  # the rest of EAST is gone


async def test_a_bookmark_over_nulls_and_descending_columns_meets_every_row_once(desk):
    query = {"properties": "RowPointer", "orderby": "Addr_2 DESC, Zip, RowPointer", "recordcap": "7"}
    seen, answer = [], await desk.load("SLCustomers", **query)
    while answer["Items"]:
        seen += [row["RowPointer"] for row in answer["Items"]]
        answer = await desk.load("SLCustomers", loadtype="NEXT", bookmark=answer["Bookmark"], **query)
    assert answer["Bookmark"] is None
    assert sorted(seen) == sorted(row["RowPointer"] for row in await desk.state("customers"))


@pytest.mark.parametrize(
    "bookmark",
    [
        "",
        "nonsense",
        "<B><P><p>Name</p></P><D><f>false</f></D><F><v>a</v></F><L><v>a</v></L></B>",
        "<B><P><p>Item</p></P><D><f>true</f></D><F><v>a</v></F><L><v>a</v></L></B>",
        "<B><P><p>Item</p></P><D><f>false</f></D><F></F><L></L></B>",
        '<!DOCTYPE B [<!ENTITY a "a">]><B><P><p>Item</p></P><D><f>false</f></D><F><v>&a;</v></F><L><v>a</v></L></B>',
    ],
)
async def test_a_damaged_bookmark_or_one_of_another_order_is_refused(desk, bookmark):
    answer = await desk.load("SLItems", loadtype="NEXT", bookmark=bookmark, **SOME)
    assert answer["Message"] == "The bookmark is not valid for this request."
    assert answer["Items"] is None


async def test_text_is_compared_with_case_and_padding_but_not_trailing_spaces(desk):
    await desk.insert("SLCustomers", Name="Ada", CustomerEmailAddr="ada@example.com")
    found = "CustomerEmailAddr = '{}'"
    assert len(await desk.rows("SLCustomers", found.format("ada@example.com"))) == 1
    assert len(await desk.rows("SLCustomers", found.format("ada@example.com   "))) == 1
    assert await desk.rows("SLCustomers", found.format("Ada@example.com")) == []
    assert await desk.rows("SLCustomers", "CustNum = '1042'") == []
    assert len(await desk.rows("SLCustomers", "CustNum = '   1042'")) == 1


async def test_text_beyond_latin_1_needs_a_national_literal(desk):
    await desk.insert("SLCustomers", Name="Łódź Sp. z o.o.")
    assert await desk.rows("SLCustomers", "Name = 'Łódź Sp. z o.o.'") == []
    assert len(await desk.rows("SLCustomers", "Name = N'Łódź Sp. z o.o.'")) == 1


async def test_a_refused_filter_is_an_answer_with_its_reason(desk):
    answer = await desk.load("SLCoitems", "CoLine = 1")
    assert not answer["Success"]
    assert "IllegalFilterException" in answer["Message"]


async def test_bare_numbers_pass_where_the_site_allows_them(open_desk):
    desk = await open_desk(bare_numbers=True)
    await desk.order(("2", "1"), ("3", "1"))
    assert [row["CoLine"] for row in await desk.rows("SLCoitems", "CoLine = 2 AND QtyOrdered > -1.5")] == ["2"]


async def test_flags_and_numbers_compare_with_string_literals_as_numbers(desk):
    await desk.order(("2", "9"), ("10", "11"))
    assert len(await desk.rows("SLCoitems", "QtyOrdered > '9.5' AND CoLine IN ('1', '2')")) == 1
    assert len(await desk.rows("SLCos", "CreditHold = '0'")) == 1


async def test_recent_rows_are_found_by_getdate(desk):
    await desk.order()
    assert len(await desk.rows("SLCos", "RecordDate >= DATEADD(minute, -5, GETDATE())")) == 1
    assert await desk.rows("SLCos", "RecordDate > DATEADD(minute, 5, GETDATE())") == []


@pytest.mark.parametrize(
    "query",
    [
        {"properties": "Item,Nothing"},
        {"properties": "item"},
        {"orderby": "Nothing"},
        {"orderby": "Item SIDEWAYS"},
        {"filter": "Nothing = 'x'"},
        {"recordcap": "many"},
        {"recordcap": "-2"},
        {"loadtype": "MIDDLE"},
        {"clm": "MyLoadSp"},
        {"distinct": "true", "properties": "Stat", "orderby": "Item"},
    ],
)
async def test_what_the_service_does_not_know_is_a_business_failure(desk, query):
    answer = await desk.load("SLItems", **query)
    assert answer["Success"] is False
    assert answer["Message"]


async def test_distinct_gives_each_row_once_and_no_handle(desk):
    assert await desk.rows("SLItemwhses", properties="Whse", distinct="true") == [{"Whse": "EAST"}, {"Whse": "MAIN"}]


async def test_joined_properties_are_read_filtered_and_sorted(desk):
    rows = await desk.rows(
        "SLItemwhses", "ItemDescription = 'Desk lamp'", properties="WhseName,UM", orderby="WhseName DESC"
    )
    assert [(row["WhseName"], row["UM"]) for row in rows] == [("Main warehouse", "EA")]


async def test_info_names_keys_types_lengths_and_required_properties(desk):
    info = (await desk.http.get(f"{desk.ido}/info/SLCustomers")).json()
    assert info.keys() == {"Keys", "Properties", "SubCollections"}
    assert info["Keys"] == ["CustNum", "CustSeq"]
    found = {prop["Name"]: prop for prop in info["Properties"]}
    assert [name for name, prop in found.items() if prop["Required"]] == ["Name"]
    assert (found["Name"]["Length"], found["CreditLimit"]["Length"]) == (60, None)
    assert (found["CreditLimit"]["DataType"], found["CreditLimit"]["DecimalPos"]) == ("Decimal", 8)
    assert found["RecordDate"]["ReadOnly"]


async def test_the_same_seed_makes_the_same_site(open_desk):
    one, two = await open_desk(), await open_desk()
    query = {"properties": "Item,RowPointer", "filter": "Item <> 'LAMP-01'", "readonly": "true"}
    assert await one.load("SLItems", **query) == await two.load("SLItems", **query)
