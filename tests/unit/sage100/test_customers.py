"""Who the buyer is in Sage 100: found, added or held; and what the shop changes of a customer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from penstock.connectors.contract import Done, Settled
from tests.unit.sage100.world import CUSTOMER_ID, Company, held, sage_order, settings


@pytest.fixture
def company() -> Company:
    return Company()


def customer(**changes: Any) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": CUSTOMER_ID, "deleted_at": None, "extras": {}, "email": "ada@example.com", "first_name": "Ada",
        "last_name": "Brook", "company": None, "name": None, "is_guest": False, "vat_number": None, "phone": "555 0100",
        "addresses": [], "source": {"system": "clarity", "instance": "acme", "native_id": "user-412"},
    }  # fmt: skip
    return record | changes


async def test_an_unknown_buyer_is_added_under_a_number_that_a_repeat_would_get_again(company: Company) -> None:
    await company.apply(sage_order())

    (body,) = company.facade.bodies("POST", "/AR/Customer")
    assert body["CustomerNo"] == "WB5FC85E55755"
    assert body["EmailAddress"] == "ada@example.com"
    assert (body["SalespersonNo"], body["CountryCode"]) == ("0100", "USA")
    assert "CreditLimit" not in body
    assert company.facade.orders[0]["CustomerNo"] == "WB5FC85E55755"


async def test_a_known_buyer_is_found_by_e_mail(company: Company) -> None:
    company.facade.customer("WEB0001", EmailAddress="ada@example.com")

    run = await company.apply(sage_order())

    assert isinstance(run.end, Done), run.end
    assert company.facade.orders[0]["CustomerNo"] == "WEB0001"


async def test_a_buyer_with_another_e_mail_is_found_by_name_and_postal_code_with_the_score(company: Company) -> None:
    company.facade.customer("WEB0001", CustomerName="BROOK, Ada", ZipCode="62701")
    asked: list[str] = []
    lane = company.sink.handlers["customer-request"]
    plan = lane.plan

    async def remembering(task: Any) -> Any:
        decision = await plan(task)
        found = await decision.steps[0].find()
        asked.append(found.reply)
        return decision

    lane.plan = remembering  # type: ignore[method-assign]  # the reply of the lane is not part of the order's run
    await company.apply(sage_order())

    assert asked == ["customer 00-WEB0001 found by name and postal code, score 1.00"]
    assert company.facade.orders[0]["CustomerNo"] == "WEB0001"


async def test_without_the_policy_names_are_not_compared(company: Company) -> None:
    company.facade.customer("WEB0001", CustomerName="Ada Brook", ZipCode="62701")

    await company.apply(sage_order(), customers__match_name=False)

    assert company.facade.orders[0]["CustomerNo"] != "WEB0001"


async def test_two_that_fit_hold_the_order_naming_them_until_a_person_releases_it(company: Company) -> None:
    company.facade.customer("WEB0001", CustomerName="Ada Brook", ZipCode="62701")
    company.facade.customer("WEB0002", CustomerName="Ada Brooks", ZipCode="62701")

    hold = held(await company.apply(sage_order()))

    assert hold.rule == "customer-match"
    assert "00-WEB0001 (1.00), 00-WEB0002 (0.95)" in hold.reason
    assert "Brook" not in hold.reason
    assert company.facade.orders == []

    company.lookup.links.clear()
    run = await company.apply(sage_order(), released=("customer-match",))
    assert isinstance(run.end, Done), run.end
    assert len(company.facade.rows["/AR/Customer"]) == 3


async def test_by_policy_a_new_customer_is_a_persons_decision(company: Company) -> None:
    hold = held(await company.apply(sage_order(), customers__create="review"))

    assert hold.rule == "customer-review"
    assert company.facade.rows["/AR/Customer"] == []


async def test_numbers_by_counter_pass_over_those_that_another_has() -> None:
    company = Company(given=settings(counter_start=1000))
    company.facade.customer("WEB0001000", EmailAddress="other@example.com")

    await company.apply(sage_order(), customers__numbers="counter")

    assert company.facade.orders[0]["CustomerNo"] == "WEB0001001"


async def test_a_counter_that_starts_anew_finds_the_next_number_in_a_few_calls() -> None:
    company = Company()
    for count in range(1, 201):
        company.facade.customer(f"WEB{count:07d}", EmailAddress=f"c{count}@example.com")

    await company.apply(sage_order(), customers__numbers="counter")

    assert company.facade.orders[0]["CustomerNo"] == "WEB0000201"
    assert len([request for request in company.facade.asked if "/AR/Customer/" in request.url.path]) < 25


async def test_a_reply_lost_adds_the_customer_once(company: Company) -> None:
    def lose(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path.endswith("/AR/Customer"):
            company.facade._answer(request)
            raise httpx.ReadError("cut")
        company.facade.script.append(lose)
        return None

    company.facade.script.append(lose)
    run = await company.apply(sage_order())

    assert isinstance(run.end, Done), run.end
    assert len(company.facade.rows["/AR/Customer"]) == 1


async def test_an_account_of_the_shop_is_added_by_policy_and_otherwise_with_its_first_order(company: Company) -> None:
    review = await company.apply(customer(), "customer", customers__create="review")
    assert isinstance(review.end, Settled)
    assert review.end.state == "not-routed"

    added = await company.apply(customer(), "customer")
    assert isinstance(added.end, Done | Settled), added.end
    assert company.facade.rows["/AR/Customer"][0]["EmailAddress"] == "ada@example.com"
    assert company.facade.rows["/AR/Customer"][0]["TermsCode"] == "00"

    guest = await company.apply(customer(id="other", is_guest=True, email="g@example.com"), "customer")
    assert isinstance(guest.end, Settled)
    assert len(company.facade.rows["/AR/Customer"]) == 1


async def test_a_change_is_patched_and_what_sage_is_the_master_of_stays(company: Company) -> None:
    row = company.facade.customer("WEB0001", EmailAddress="ada@example.com", CustomerName="A. Brook")
    company.lookup.know("customer", CUSTOMER_ID, "00-WEB0001")

    run = await company.apply(customer(), "customer", not_ours=("customer.CustomerName",))

    assert isinstance(run.end, Done), run.end
    assert company.facade.bodies("PATCH") == [{"TelephoneNo": "555 0100"}]
    assert row["CustomerName"] == "A. Brook"
