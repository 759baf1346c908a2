"""What many tests need: a broker for the run, topics of one's own, a registry."""

import asyncio
import fnmatch
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from penstock.log.broker import COMPACTION_TEST_PROPERTIES, LocalBroker
from penstock.log.kafka import KafkaSettings, admin
from penstock.log.registry import SchemaRegistry
from penstock.log.topics import Topic, apply, load_topics, plan
from penstock.service import http_server
from tests.broker_choice import shared_broker

MakeTopic = Callable[..., str]


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the run's broker. Never stop it; tests of faults take `own_broker`."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # under pytest-xdist each worker has a folder of its own inside
        folder = folder.parent
    with shared_broker(folder) as address:
        yield address


@pytest.fixture
def kafka(bootstrap: str) -> KafkaSettings:
    """Settings for the run's broker, with a topic prefix that nobody else has."""
    return KafkaSettings(bootstrap=bootstrap, topic_prefix=f"t-{secrets.token_hex(4)}.")


@pytest.fixture
def make_topic(kafka: KafkaSettings) -> MakeTopic:
    """`make_topic("name", partitions=4, **config)` creates a topic and gives its full name."""

    def make(name: str = "topic", partitions: int = 4, **config: str) -> str:
        full = kafka.topic(f"{name}-{secrets.token_hex(3)}")
        settings = {key.replace("_", "."): value for key, value in config.items()}
        client = admin(kafka)
        apply(client, plan(client, [Topic(full, partitions, 1, settings, "", "", has_schema=False)]))
        return full

    return make


@pytest.fixture
def topics(kafka: KafkaSettings, request: pytest.FixtureRequest) -> Iterator[Sequence[Topic]]:
    """The topics of topics.yaml, under this test's prefix; `@pytest.mark.topics("hold", "xref.*")` makes only those.

    They go with the test: each partition costs the broker open files, mapped memory and heap.
    """
    only = request.node.get_closest_marker("topics")
    globs = [f"{kafka.topic_prefix}{glob}" for glob in only.args] if only else ["*"]
    every = load_topics(prefix=kafka.topic_prefix)
    assert all(fnmatch.filter([topic.name for topic in every], glob) for glob in globs), f"a name is wrong: {globs}"
    wanted = [topic for topic in every if any(fnmatch.fnmatch(topic.name, glob) for glob in globs)]
    client = admin(kafka)
    apply(client, plan(client, wanted))
    yield wanted
    for deleted in client.delete_topics([topic.name for topic in wanted]).values():
        deleted.result()


@pytest.fixture
def own_broker() -> Iterator[LocalBroker]:
    """A broker for this test alone: kill, freeze and restart it."""
    broker = LocalBroker(properties=COMPACTION_TEST_PROPERTIES)
    broker.start()
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def registry_url(bootstrap: str) -> Iterator[str]:
    """The embedded registry in a thread of this process, with a topic of its own."""
    settings = KafkaSettings(bootstrap=bootstrap, topic_prefix=f"t-{secrets.token_hex(4)}.")
    started, stop = threading.Event(), threading.Event()
    found: list[str] = []

    async def serve() -> None:
        store = SchemaRegistry(settings)
        async with store.open(), http_server(store.routes(), "127.0.0.1", 0) as port:
            found.append(f"http://127.0.0.1:{port}")
            started.set()
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        try:
            asyncio.run(serve())
        finally:
            started.set()

    thread = threading.Thread(target=run, name="test-registry")
    thread.start()
    started.wait(30)
    assert found, "the registry did not start"
    yield found[0]
    stop.set()
    thread.join(10)
