"""A company that has no time for an order: the runtime waits, and it is no try of the order."""

from __future__ import annotations

import httpx
import pytest

from penstock.connectors.contract import Plan, Task
from penstock.connectors.http import BusyError
from tests.unit.infor.world import OpenWindow
from tests.unit.sage100.facade import error
from tests.unit.sage100.world import Company, mapping, mapping_env, sage_order

ANSWERS = [
    error(423, "RECORD_LOCKED", lockedBy="JSMITH"),
    error(503, "NO_LICENSE_SEAT"),
    error(503, "EXCLUSIVE_MODE"),
]


def task(company: Company) -> Task:
    record, env = sage_order(native_id="5121"), mapping_env()
    handler = company.sink.handlers["order"]
    assert handler.mapping is not None
    payload = mapping(handler.mapping)({"order": record}, env)
    return Task("order", record, payload, "event-1", None, company.lookup, policies=env.policies)


def refuse(company: Company, method: str, answer: httpx.Response) -> None:
    def busy(request: httpx.Request) -> httpx.Response | None:
        company.facade.script.append(busy)
        return answer if request.method == method else None

    company.facade.script.append(busy)


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_plan_leaves_it_to_the_runtime(answer: httpx.Response) -> None:
    company = Company()
    await company.apply(sage_order())
    refuse(company, "GET", answer)
    with pytest.raises(BusyError):
        await company.sink.handlers["order"].plan(task(company))


@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_write_leaves_it_to_the_runtime(answer: httpx.Response) -> None:
    company = Company()
    await company.apply(sage_order())
    plan = await company.sink.handlers["order"].plan(task(company))
    assert isinstance(plan, Plan), plan
    refuse(company, "POST", answer)
    with pytest.raises(BusyError):
        await plan.steps[0].send(OpenWindow())
    assert len(company.facade.orders) == 1
