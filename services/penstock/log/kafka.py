"""How penstock talks to Kafka: one settings model and one factory per kind of client.

confluent-kafka serves administration, loaders and command-line readers; aiokafka serves the live asyncio services.
Both place a key on the same partition (murmur2).
"""

import logging
import os
import ssl
import time
from collections.abc import Mapping
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from penstock.log.partition import partition_for

_log = structlog.get_logger()

# The largest record of any topic: a raw document with its headers.
MAX_MESSAGE_BYTES = 12 * 1024 * 1024


class KafkaSettings(BaseModel):
    """Where the cluster is and how to be let in. Each field is read from PENSTOCK_<FIELD>, e.g. PENSTOCK_BOOTSTRAP.

    `topic_prefix` is put before every topic name, for clusters that are shared with others (and for tests).
    `session_seconds`: a consumer that is not heard of for so long loses its partitions; not below the broker's
    `group.min.session.timeout.ms`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap: str = "127.0.0.1:9092"
    topic_prefix: str = ""
    session_seconds: float = Field(default=10.0, gt=0)
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca: str | None = None
    ssl_cert: str | None = None
    ssl_key: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ, **given: str | None) -> Self:
        """Settings from the environment; an argument that is not None wins."""
        named = {
            name: env[f"PENSTOCK_{name.upper()}"] for name in cls.model_fields if f"PENSTOCK_{name.upper()}" in env
        }
        return cls.model_validate(named | {name: value for name, value in given.items() if value is not None})

    def topic(self, name: str) -> str:
        """The name on the cluster of a topic of `topics.yaml`."""
        return self.topic_prefix + name

    def librdkafka(self) -> dict[str, Any]:
        """Connection settings in librdkafka's names."""
        named = {
            # its own lines go past our logs; what matters comes by error_cb and as errors of calls
            "log_level": 2,
            "error_cb": _told,
            "bootstrap.servers": self.bootstrap,
            "security.protocol": self.security_protocol,
            "sasl.mechanism": self.sasl_mechanism,
            "sasl.username": self.sasl_username,
            "sasl.password": self.sasl_password.get_secret_value() if self.sasl_password else None,
            "ssl.ca.location": self.ssl_ca,
            "ssl.certificate.location": self.ssl_cert,
            "ssl.key.location": self.ssl_key,
        }
        return {name: value for name, value in named.items() if value is not None}

    def aiokafka(self) -> dict[str, Any]:
        """Connection settings in aiokafka's names."""
        out: dict[str, Any] = {"bootstrap_servers": self.bootstrap, "security_protocol": self.security_protocol}
        if self.sasl_mechanism:
            out["sasl_mechanism"] = self.sasl_mechanism
            out["sasl_plain_username"] = self.sasl_username
            out["sasl_plain_password"] = self.sasl_password.get_secret_value() if self.sasl_password else None
        if "SSL" in self.security_protocol:
            context = ssl.create_default_context(cafile=self.ssl_ca)
            if self.ssl_cert:
                context.load_cert_chain(self.ssl_cert, self.ssl_key)
            out["ssl_context"] = context
        return out


def async_producer(
    settings: KafkaSettings, *, linger_ms: int = 5, compression: str | None = "zstd", **more: Any
) -> AIOKafkaProducer:
    """An idempotent aiokafka producer, acks=all, not started. Call it inside the running event loop.

    Keys go to murmur2 partitions, as by aiokafka's default and in a third of its time; never send a record without one.
    """
    quiet_aiokafka()
    return AIOKafkaProducer(
        **settings.aiokafka(),
        enable_idempotence=True,
        acks="all",
        linger_ms=linger_ms,
        compression_type=compression,
        max_batch_size=131_072,
        max_request_size=MAX_MESSAGE_BYTES,
        partitioner=_place,
        **more,
    )


def _place(key: bytes, all_partitions: list[int], _available: list[int]) -> int:
    return partition_for(key, len(all_partitions))


def async_consumer(
    settings: KafkaSettings,
    *,
    group: str,
    instance_id: str | None = None,
    **more: Any,
) -> AIOKafkaConsumer:
    """An aiokafka consumer, not started and not subscribed: range assignor, earliest, offsets committed by hand.

    `instance_id` (stable per process) lets a restart after a crash take its partitions back at once instead of after
    `settings.session_seconds`. Subscribe with `subscribe(topics, listener=...)`, assign with `assign([...])`.
    """
    quiet_aiokafka()
    return AIOKafkaConsumer(
        **settings.aiokafka(),
        group_id=group,
        group_instance_id=instance_id,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=(RangePartitionAssignor,),
        session_timeout_ms=int(settings.session_seconds * 1000),
        heartbeat_interval_ms=min(3000, int(settings.session_seconds * 1000 / 3)),
        max_poll_interval_ms=300_000,
        **more,
    )


def admin(settings: KafkaSettings) -> AdminClient:
    return AdminClient(settings.librdkafka())


def producer(settings: KafkaSettings, **more: Any) -> Producer:
    """An idempotent librdkafka producer, acks=all, with Java's partitioner. `more` in librdkafka's names."""
    config = {
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": 5,
        "compression.type": "zstd",
        "partitioner": "murmur2_random",
        "message.max.bytes": MAX_MESSAGE_BYTES,
    }
    return Producer({**settings.librdkafka(), **config, **more})


def consumer(settings: KafkaSettings, **more: Any) -> Consumer:
    """A librdkafka consumer for `assign()`: no group membership, nothing committed. `more` in librdkafka's names."""
    config = {
        "group.id": "penstock-reader",  # required by the library; never joined and never committed
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "enable.partition.eof": True,
        # the default of 1000 ms makes a million keys take 7 s instead of 2
        "fetch.queue.backoff.ms": 5,
        "queued.max.messages.kbytes": 32_768,
    }
    return Consumer({**settings.librdkafka(), **config, **more})


def place(message: Message) -> tuple[str, int, int]:
    """(topic, partition, offset) of a consumed message; the library's types allow None for messages never sent."""
    return message.topic() or "", message.partition() or 0, message.offset() or 0


_last_told: dict[str, float] = {}


def _told(error: KafkaError) -> None:
    """Log what a librdkafka client complains of, each kind at most every 10 seconds."""
    now = time.monotonic()
    if now - _last_told.get(error.name(), -10) >= 10:
        _last_told[error.name()] = now
        _log.warning("kafka-client", error=error.name(), said=error.str())


class _RateLimited(logging.Handler):
    """Passes on `burst` records of one logger and message text per `window` seconds, and counts the rest.

    While a broker is down aiokafka logs thousands of equal lines a second.
    """

    def __init__(self, burst: int = 3, window: float = 10) -> None:
        super().__init__()
        self._burst, self._window = burst, window
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        place = (record.name, str(record.msg))
        since, count = self._seen.get(place, (now, 0))
        if now - since >= self._window:
            if count > self._burst:
                record.msg = f"{record.msg} ({count - self._burst} more like it were not shown)"
            since, count = now, 0
        self._seen[place] = (since, count + 1)
        if count < self._burst:
            logging.getLogger().handle(record)


def quiet_aiokafka() -> None:
    """Limit the rate of aiokafka's log lines. Safe to call again."""
    logger = logging.getLogger("aiokafka")
    if not any(isinstance(handler, _RateLimited) for handler in logger.handlers):
        logger.addHandler(_RateLimited())
        logger.propagate = False


__all__ = [
    "MAX_MESSAGE_BYTES",
    "ConsumerRebalanceListener",
    "KafkaSettings",
    "admin",
    "async_consumer",
    "async_producer",
    "consumer",
    "place",
    "producer",
    "quiet_aiokafka",
]
