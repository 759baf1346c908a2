"""One stack for the tests of a run: it takes twenty seconds to start."""

import os
from collections.abc import Iterator

import pytest
from tests.broker_choice import no_broker
from tests.e2e.world import World

from penstock.cli.stack import Stack
from penstock.log.jars import JarsError, ensure_libs, find_java

ELSEWHERE = (
    "PENSTOCK_BOOTSTRAP",
    "PENSTOCK_REGISTRY_URL",
    "PENSTOCK_TOPIC_PREFIX",
    "PENSTOCK_URL_",
    "PENSTOCK_IONAPI_",
)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Broker, registry, both sandboxes and all services, on free ports."""
    try:
        find_java(), ensure_libs()
    except JarsError as error:
        no_broker(str(error))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(ELSEWHERE)]:
            patch.delenv(name)
        stack = Stack.load("prestashop-infor", "sandbox", tmp_path_factory.mktemp("stack"))
        with stack.supervisor() as supervisor:
            made = World(stack, supervisor)
            yield made
            made.close()


@pytest.fixture
def nobody_dies(running: World) -> Iterator[None]:
    """Bad input is no reason for a service to end and to be started again."""
    before = running.supervisor.restarts
    yield
    assert running.supervisor.restarts == before


@pytest.fixture
def world(running: World) -> Iterator[World]:
    """The stack with no trouble set; what a test sets is gone after it."""
    yield running
    for system in (running.shop, running.erp):
        running.trouble(system)
