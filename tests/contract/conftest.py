"""The connectors that the conformance suite is run against: all that the registry finds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.conformance.desk import Desk, Prepared, Subject, prepared, subject

from penstock.connectors.registry import connector, names


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One run per connector; cases about webhooks only for those that declare them."""
    if "subject" in metafunc.fixturenames:
        takes_all = "hook" not in metafunc.fixturenames
        having = [name for name in names() if takes_all or connector(name).capabilities.webhooks]
        metafunc.parametrize("subject", having, indirect=True)


@pytest.fixture(name="subject")
def _subject(request: pytest.FixtureRequest) -> Subject:
    """A waived case (`test_x`, or `test_x[parameter]`) must fail: one that passes is excused for nothing."""
    one = subject(request.param)
    case = request.node.name.replace(f"{request.param}-", "").replace(f"-{request.param}", "")
    waivers = one.facts.waivers
    if why := waivers.get(request.node.originalname) or waivers.get(case):
        request.applymarker(pytest.mark.xfail(reason=why, strict=True, raises=(AssertionError, pytest.fail.Exception)))
    return one


@pytest.fixture
def reading(subject: Subject) -> Subject:
    if not subject.spec.reads:
        pytest.skip("not implemented: SPEC.reads is empty")
    return subject


@pytest.fixture
def writing(subject: Subject) -> Subject:
    if not subject.spec.writes:
        pytest.skip("not implemented: SPEC.writes is empty")
    return subject


@pytest.fixture
def found(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The prepared sandbox of the connector; made once per run."""
    return prepared(subject.name, tmp_path_factory.getbasetemp() / "conformance")


OpenDesk = Callable[..., Desk]


@pytest.fixture
async def open_desk(subject: Subject, found: Prepared, tmp_path: Path) -> AsyncIterator[OpenDesk]:
    """`open_desk(**options)`: a sandbox of this test's own."""
    opened: list[Desk] = []

    def start(**options: Any) -> Desk:
        opened.append(found.copy(subject, tmp_path, **options))
        return opened[-1]

    yield start
    for desk in opened:
        await desk.close()


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    return open_desk()
