"""Who may call, where, and how much (sage100.md 5.1, 5.2, 5.5, 5.6)."""

import asyncio

import pytest

COLLECTIONS = {
    "SO/SalesOrder": "POST",
    "SO/Shipment": "",
    "AR/Customer": "POST",
    "AR/CustomerContact": "POST",
    "SO/ShipToAddress": "POST",
    "CI/Item": "",
    "IM/AliasItem": "",
    "IM/ItemWarehouse": "",
    "IM/PriceCode": "",
    "AR/Invoice": "",
    "AR/OpenInvoice": "",
    "AR/CashReceipt": "POST",
    "AR/TermsCode": "",
    "AR/PaymentType": "",
    "SY/SalesTaxSchedule": "",
    "IM/Warehouse": "",
    "AR/Division": "",
}


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_every_list_answers_with_data_cursor_and_time(desk, path):
    assert set(await desk.get(path)) == {"data", "next_cursor", "server_time"}


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_a_method_that_a_path_does_not_have_is_405(desk, path):
    wrong = {"PUT", "PATCH", "DELETE", "POST"} - {COLLECTIONS[path]}
    for method in sorted(wrong):
        error = await desk.refused(method, path, {})
        assert (error["status"], error["code"], error["retryable"]) == (405, "BAD_REQUEST", False)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "AR/Customer/01-WEB0001"),
        ("POST", "AR/Customer/01-WEB0001"),
        ("PATCH", "CI/Item/LAMP-01"),
        ("PATCH", "SO/Shipment/0100231"),
        ("GET", "SO/SalesOrder/Preview"),
        ("GET", "SO/SalesOrder/0012345/Hold"),
        ("POST", "SY/Status"),
        ("HEAD", "CI/Item"),
    ],
)
async def test_a_method_that_a_record_does_not_have_is_405(desk, method, path):
    answer = await desk.call(method, path)
    assert answer.status_code == 405
    assert method not in answer.headers["allow"].split(", ")


@pytest.mark.parametrize(
    "path",
    [
        "SO/Order",
        "AR/Salesperson",
        "SO/Invoice",
        "AR/CashReceipt/A",
        "IM/AliasItem/X",
        "SO/SalesOrder/0012345/Ship",
        "CI/Item//FREIGHT",
        "SY/Token",
        "",
    ],
)
async def test_a_path_that_is_not_there_is_404(desk, path):
    error = await desk.refused("GET", path)
    assert (error["status"], error["code"]) == (404, "CI_NoKey")


@pytest.mark.parametrize(
    "path",
    [
        "SO/SalesOrder/9999999",
        "SO/Shipment/9999999",
        "SO/Invoice/9999999",
        "AR/Customer/01-NOBODY",
        "AR/Customer/NOHYPHEN",
        "AR/CustomerContact/01-WEB0001-NONE",
        "AR/CustomerContact/01-WEB0001",
        "SO/ShipToAddress/01-WEB0001-9999",
        "CI/Item/NOTHING",
        "AR/Invoice/9999999-000001",
        "AR/Invoice/9999999",
    ],
)
async def test_a_record_that_is_not_there_is_404(desk, path):
    assert (await desk.refused("GET", path))["code"] == "CI_NoKey"


async def test_an_item_code_with_a_slash_is_read_percent_encoded(desk):
    assert (await desk.get("CI/Item/%2FFREIGHT"))["ItemType"] == "5"


@pytest.mark.parametrize("given", [None, ("webshop", "wrong"), ("other", "sandbox-password")])
async def test_basic_credentials_that_are_missing_or_wrong_are_401(desk, given):
    desk.http.auth = None
    answer = await desk.call("GET", "CI/Item", auth=given)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "WS_InvalidLogon")
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_an_api_key_opens_the_key_profile_and_nothing_else_does(open_desk):
    desk = await open_desk(auth="key")
    assert (await desk.refused("GET", "CI/Item"))["status"] == 401
    assert (await desk.call("GET", "CI/Item", headers={"x-api-key": "sandbox-api-key"})).status_code == 200
    assert (await desk.refused("GET", "CI/Item", headers={"x-api-key": "x"}))["status"] == 401


LOGON = {"Username": "webshop", "Password": "sandbox-password", "CompanyCode": "ABC"}


async def _token(desk):
    desk.http.auth = None
    answer = await desk.call("POST", "SY/Token", LOGON)
    assert answer.status_code == 200
    return answer.json()


async def test_a_token_is_issued_without_a_company_header_and_opens_the_facade(open_desk):
    desk = await open_desk(auth="token", token_seconds=600)
    del desk.http.headers["x-sage-company"]
    token = await _token(desk)
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 600)
    headers = {"authorization": f"Bearer {token['access_token']}", "x-sage-company": "ABC"}
    assert (await desk.call("GET", "CI/Item", headers=headers)).status_code == 200
    assert (await desk.refused("GET", "CI/Item"))["status"] == 401


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"Password": "wrong"}, 401, "WS_InvalidLogon"),
        ({"Username": "wrong"}, 401, "WS_InvalidLogon"),
        ({"CompanyCode": "XYZ"}, 403, "WS_NoAccess"),
        ({"Username": ""}, 400, "BAD_REQUEST"),
        ({"Scope": "all"}, 400, "BAD_REQUEST"),
    ],
)
async def test_a_bad_logon_is_refused_by_name(open_desk, change, status, code):
    desk = await open_desk(auth="token")
    error = await desk.refused("POST", "SY/Token", {**LOGON, **change})
    assert (error["status"], error["code"]) == (status, code)


async def test_the_fault_token_expired_ends_every_token_and_a_new_one_works(open_desk):
    desk = await open_desk(auth="token")
    desk.http.headers["authorization"] = f"Bearer {(await _token(desk))['access_token']}"
    await desk.fault(kind="token_expired")
    assert (await desk.refused("GET", "CI/Item"))["code"] == "WS_InvalidLogon"
    assert (await desk.refused("GET", "CI/Item"))["status"] == 401
    desk.http.headers["authorization"] = f"Bearer {(await _token(desk))['access_token']}"
    assert (await desk.get("CI/Item", limit="1"))["data"]


async def test_the_time_scale_shortens_the_life_of_a_token(open_desk):
    desk = await open_desk(auth="token", token_seconds=3600, time_scale=3600 * 1e9)
    headers = {"authorization": f"Bearer {(await _token(desk))['access_token']}"}
    assert (await desk.refused("GET", "CI/Item", headers=headers))["status"] == 401


async def test_a_call_names_its_company(desk):
    del desk.http.headers["x-sage-company"]
    assert (await desk.refused("GET", "CI/Item"))["code"] == "BAD_REQUEST"
    error = await desk.refused("GET", "CI/Item", headers={"x-sage-company": "XYZ"})
    assert (error["status"], error["code"]) == (403, "WS_NoAccess")


async def test_a_module_without_permission_is_403(open_desk):
    desk = await open_desk(no_access=["SO"])
    error = await desk.refused("GET", "SO/SalesOrder")
    assert (error["status"], error["code"], error["retryable"]) == (403, "WS_NoAccess", False)
    assert await desk.rows("CI/Item", limit="1")


async def test_the_status_names_company_versions_and_time_zone(desk):
    status = await desk.get("SY/Status")
    assert set(status) == {
        "ContractVersion",
        "ProductVersion",
        "CompanyCode",
        "ServerTime",
        "TimeZone",
        "ExclusiveMode",
    }
    assert (status["CompanyCode"], status["TimeZone"], status["ExclusiveMode"]) == ("ABC", "America/Chicago", "N")


async def test_more_than_the_rate_is_429_with_seconds_to_wait(open_desk):
    desk = await open_desk(rate_limit=3)
    for _ in range(3):
        await desk.get("AR/Division")
    answer = await desk.call("GET", "AR/Division")
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "RATE_LIMITED")
    assert answer.json()["error"]["retryable"] is True
    assert 50 < int(answer.headers["retry-after"]) <= 60


async def test_the_time_scale_multiplies_the_rate_and_divides_the_wait(open_desk):
    desk = await open_desk(rate_limit=3, time_scale=20)
    answers = [await desk.call("GET", "AR/Division") for _ in range(4)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) <= 3


async def test_a_third_request_at_once_finds_no_seat(open_desk):
    desk = await open_desk(work_seconds=0.2)
    answers = await asyncio.gather(*(desk.call("GET", "AR/Division") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503]
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert refused.json()["error"]["code"] == "NO_LICENSE_SEAT"
    assert int(refused.headers["retry-after"]) >= 1
    assert (await desk.call("GET", "AR/Division")).status_code == 200


async def test_seats_that_others_take_are_missing(desk):
    await desk.act("take-seats", seats=2, seconds=60)
    assert (await desk.refused("GET", "AR/Division"))["code"] == "NO_LICENSE_SEAT"


async def test_exclusive_mode_answers_503_to_all_but_the_status(desk):
    await desk.act("exclusive-mode", seconds=90)
    answer = await desk.call("GET", "AR/Division")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "EXCLUSIVE_MODE")
    assert 80 < int(answer.headers["retry-after"]) <= 90
    assert (await desk.get("SY/Status"))["ExclusiveMode"] == "Y"
    await desk.act("exclusive-mode", seconds=0)
    assert await desk.rows("AR/Division")


async def test_the_nightly_window_is_exclusive(open_desk):
    desk = await open_desk(exclusive_window="00:00-00:00")  # a window of a whole day
    assert (await desk.refused("GET", "AR/Division"))["code"] == "EXCLUSIVE_MODE"


async def test_every_error_has_the_same_fields(desk):
    error = await desk.refused("GET", "CI/Item/NOTHING")
    error.pop("status")
    assert set(error) == {
        "code",
        "message",
        "businessObject",
        "column",
        "value",
        "line",
        "returnCode",
        "retryable",
    }
