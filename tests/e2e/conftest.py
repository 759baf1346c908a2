"""One stack of each flow for the tests of a run: it takes twenty seconds to start."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.broker_choice import no_broker
from tests.e2e.second_world import SecondWorld
from tests.e2e.stack_world import StackWorld
from tests.e2e.world import World

from penstock.cli.stack import Stack
from penstock.cli.supervise import Supervisor
from penstock.log.jars import JarsError, ensure_libs, find_java

ELSEWHERE = (
    "PENSTOCK_BOOTSTRAP",
    "PENSTOCK_REGISTRY_URL",
    "PENSTOCK_TOPIC_PREFIX",
    "PENSTOCK_URL_",
    "PENSTOCK_IONAPI_",
)


@contextmanager
def started(flow: str, data: Path) -> Iterator[tuple[Stack, Supervisor]]:
    """Broker, registry, both sandboxes and all services, on free ports."""
    try:
        find_java(), ensure_libs()
    except JarsError as error:
        no_broker(str(error))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(ELSEWHERE)]:
            patch.delenv(name)
        stack = Stack.load(flow, "sandbox", data)
        with stack.supervisor() as supervisor:
            yield stack, supervisor


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with started("prestashop-infor", tmp_path_factory.mktemp("stack")) as parts:
        made = World(*parts)
        yield made
        made.close()


@pytest.fixture(scope="session")
def second_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondWorld]:
    with started("clarity-sage100", tmp_path_factory.mktemp("second")) as parts:
        made = SecondWorld(*parts)
        yield made
        made.close()


@pytest.fixture(scope="session")
def loaded(second_running: SecondWorld) -> SecondWorld:
    """The second flow's stack once items, prices and stock of the ERP are in the shop: more than a thousand calls."""
    second_running.until(second_running.is_loaded, "the first load of the ERP's items", 120)
    return second_running


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
    untroubled(running)


@pytest.fixture
def second(second_running: SecondWorld) -> Iterator[SecondWorld]:
    """The second flow's stack with no trouble set."""
    yield second_running
    untroubled(second_running)


def untroubled(world: StackWorld) -> None:
    for system in (world.shop, world.erp):
        world.trouble(system)
