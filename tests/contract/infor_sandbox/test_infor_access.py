"""Who may pass the gateway, and which answer has which status (infor.md 1.2, 1.4, 4.1)."""

import pytest


async def test_the_ionapi_file_names_the_sandbox_and_its_credentials(desk):
    ion = desk.ionapi
    assert set(ion) == {"ti", "cn", "ci", "cs", "iu", "pu", "oa", "ot", "or", "ev", "v", "saak", "sask"}
    assert ion["iu"] == "http://infor.test"
    assert ion["pu"] + ion["ot"] == "http://infor.test/ACME_TST/as/token.oauth2"


async def test_client_credentials_are_taken_in_the_body_or_as_basic(open_desk, helpers):
    desk = await open_desk(signed_in=False)
    form = helpers.password_grant(desk)
    url = desk.ionapi["pu"] + desk.ionapi["ot"]
    in_body = await desk.http.post(url, data=form)
    basic = (form.pop("client_id"), form.pop("client_secret"))
    by_basic = await desk.http.post(url, data=form, auth=basic)
    for answer in (in_body, by_basic):
        assert answer.status_code == 200
        assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
        assert answer.json()["expires_in"] == 7200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"password": "wrong"}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
    ],
)
async def test_a_bad_token_request_is_refused_by_name(open_desk, helpers, changes, status, error):
    desk = await open_desk(signed_in=False)
    answer = await desk.http.post(desk.ionapi["pu"] + "token.oauth2", data={**helpers.password_grant(desk), **changes})
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_a_refresh_token_renews_and_its_revocation_kills_what_it_gave(open_desk, helpers):
    desk = await open_desk(signed_in=False, refresh_tokens=True)
    ion = desk.ionapi
    client = (ion["ci"], ion["cs"])
    first = (await desk.http.post(ion["pu"] + ion["ot"], data=helpers.password_grant(desk))).json()
    renewal = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = (await desk.http.post(ion["pu"] + ion["ot"], data=renewal, auth=client)).json()
    headers = {"authorization": f"Bearer {second['access_token']}"}
    assert (await desk.http.get(f"{desk.ido}/configurations", headers=headers)).status_code == 200
    revoked = {"token": first["refresh_token"], "token_type_hint": "refresh_token"}
    assert (await desk.http.post(ion["pu"] + ion["or"], data=revoked, auth=client)).status_code == 200
    assert (await desk.http.get(f"{desk.ido}/configurations", headers=headers)).status_code == 401
    assert (await desk.http.post(ion["pu"] + ion["ot"], data=renewal, auth=client)).json() == {"error": "invalid_grant"}


async def test_a_revoked_token_is_dead_and_revoking_needs_the_client(desk):
    ion = desk.ionapi
    token = desk.http.headers["authorization"].removeprefix("Bearer ")
    form = {"token": token, "token_type_hint": "access_token"}
    assert (await desk.http.post(ion["pu"] + ion["or"], data=form)).status_code == 401
    assert (await desk.http.post(ion["pu"] + ion["or"], data=form, auth=(ion["ci"], ion["cs"]))).status_code == 200
    assert (await desk.http.get(f"{desk.ido}/load/SLCos")).status_code == 401
    assert [token["live"] for token in await desk.state("tokens")] == [False]


async def test_the_fault_token_expired_kills_every_live_token(desk):
    await desk.fault(kind="token_expired", path="/load/")
    assert (await desk.http.get(f"{desk.ido}/configurations")).status_code == 200
    assert (await desk.http.get(f"{desk.ido}/load/SLCos")).status_code == 401
    assert (await desk.http.get(f"{desk.ido}/configurations")).status_code == 401


async def test_a_token_ends_after_its_seconds_by_the_time_scale(open_desk):
    desk = await open_desk(token_seconds=7200, time_scale=7200 * 1e9)
    assert (await desk.http.get(f"{desk.ido}/load/SLCos")).status_code == 401


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer nonsense", "Basic eyJ", "{token}"])
async def test_a_call_without_a_good_bearer_token_is_401(desk, authorization):
    raw = desk.http.headers["authorization"].removeprefix("Bearer ")
    answer = await desk.http.get(f"{desk.ido}/load/SLCos", headers={"authorization": authorization.format(token=raw)})
    assert (answer.status_code, answer.content) == (401, b"")


async def test_a_token_of_another_tenant_is_401(desk):
    assert (await desk.http.get("/OTHER_TST/CSI/IDORequestService/ido/load/SLCos")).status_code == 401


@pytest.mark.parametrize("path", ["/", "/CSI/IDORequestService/ido/load/SLCos", "/ACME_TST", "/acme_tst/CSI/x"])
async def test_without_a_tenant_segment_the_gateway_says_bad_request(desk, path):
    answer = await desk.http.get(path)
    assert (answer.status_code, answer.json()) == (400, {"error": "Bad Request"})


@pytest.mark.parametrize(
    "path",
    ["/ACME_TST/M3/x", "{ido}/load/SLNothing", "{ido}/load/slcos", "{ido}/other/SLCos", "{ido}/token/ACME_TST_DALS"],
)
async def test_unknown_suites_idos_and_operations_are_404(desk, path):
    assert (await desk.http.get(path.format(ido=desk.ido))).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "load/SLCos"), ("GET", "update/SLCos"), ("GET", "invoke/SLShipments"), ("PUT", "info/SLCos")],
)
async def test_the_wrong_verb_is_405(desk, method, path):
    answer = await desk.http.request(method, f"{desk.ido}/{path}")
    assert answer.status_code == 405
    assert answer.headers["allow"] in {"GET", "POST"}


@pytest.mark.parametrize("operation", ["load", "info"])
@pytest.mark.parametrize("configuration", ["", "OTHER_SITE"])
async def test_a_missing_or_unknown_configuration_is_a_business_failure(desk, operation, configuration):
    if configuration:
        desk.http.headers["x-infor-mongooseconfig"] = configuration
    else:
        del desk.http.headers["x-infor-mongooseconfig"]
    answer = await desk.http.get(f"{desk.ido}/{operation}/SLCos")
    assert (answer.status_code, answer.json()["Success"]) == (200, False)
    assert "onfiguration" in answer.json()["Message"]


async def test_configurations_and_ping_need_no_configuration(desk):
    del desk.http.headers["x-infor-mongooseconfig"]
    answer = await desk.http.get(f"{desk.ido}/configurations?configgroup=")
    assert answer.json() == {"Message": None, "Success": True, "Configurations": ["ACME_TST_DALS"]}
    assert (await desk.http.get("/ACME_TST/CSI/IDORequestService/Ping.aspx")).status_code == 200


@pytest.mark.parametrize("path", ["update/SLCos", "invoke/SLShipments?method=GetShipmentInfoSp"])
async def test_bad_json_is_400_and_another_content_type_415_both_without_a_body(desk, path):
    url = f"{desk.ido}/{path}"
    bad = await desk.http.post(url, content=b'{"Changes":', headers={"content-type": "application/json; charset=utf-8"})
    other = await desk.http.post(url, content=b"{}", headers={"content-type": "text/plain"})
    assert [(answer.status_code, answer.content) for answer in (bad, other)] == [(400, b""), (415, b"")]


@pytest.mark.parametrize(("told", "headers"), [(True, True), (False, False)])
async def test_over_the_quota_calls_are_429_with_or_without_retry_after(open_desk, told, headers):
    desk = await open_desk(rate_limit_per_minute=2, rate_limit_retry_after=told)
    answers = [await desk.http.get(f"{desk.ido}/load/SLTerms") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert ("retry-after" in answers[-1].headers) is headers


async def test_rate_smoothing_answers_late_and_not_with_an_error(open_desk):
    desk = await open_desk(smoothing_after=0, smoothing_seconds=0.15)
    answer = await desk.http.get(f"{desk.ido}/load/SLTerms")
    assert answer.status_code == 200
    assert (await desk.http.get("/_sandbox/requests")).json()["items"][-1]["ms"] >= 150


async def test_a_504_may_come_after_the_write_has_happened(desk, helpers):
    await desk.fault(kind="error_after", status=504, path="update/SLCos", body="WEB-1")
    body = {"Changes": [helpers.change(1, "", {"CustNum": "   1042", "CustPo": "WEB-1"})]}
    assert (await desk.http.post(f"{desk.ido}/update/SLCos", json=body)).status_code == 504
    assert len(await desk.rows("SLCos", "CustPo = 'WEB-1'")) == 1


async def test_missing_privileges_are_named(open_desk):
    desk = await open_desk(privileges={"read": ["SLCos"], "write": []})
    assert (await desk.load("SLItemwhses")) == {
        "Message": "User requires [Read] privilege for SLItemwhses",
        "Success": False,
        "Items": None,
        "Bookmark": None,
        "MoreRowsExist": False,
    }
    assert (await desk.insert("SLCos", CustNum="   1042"))["Message"] == "User requires [Insert] privilege for SLCos"
    assert await desk.rows("SLCos") == []


def test_an_unknown_option_is_refused_by_name():
    from penstock.connectors.infor.sandbox import create  # noqa: PLC0415

    with pytest.raises(ValueError, match="token_second"):
        create(None, 7, {"token_second": 1})
