import logging
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from penstock.log.kafka import KafkaSettings, _RateLimited

ENVIRONMENT = {
    "PENSTOCK_BOOTSTRAP": "k1:9093,k2:9093",
    "PENSTOCK_SECURITY_PROTOCOL": "SASL_SSL",
    "PENSTOCK_SASL_MECHANISM": "SCRAM-SHA-512",
    "PENSTOCK_SASL_USERNAME": "penstock",
    "PENSTOCK_SASL_PASSWORD": "s3cret",
    "UNRELATED": "x",
}


def test_both_libraries_are_let_in_alike() -> None:
    settings = KafkaSettings.from_env(ENVIRONMENT)
    confluent, aiokafka = settings.librdkafka(), settings.aiokafka()
    assert confluent["bootstrap.servers"] == aiokafka["bootstrap_servers"] == "k1:9093,k2:9093"
    assert confluent["security.protocol"] == aiokafka["security_protocol"] == "SASL_SSL"
    assert confluent["sasl.mechanism"] == aiokafka["sasl_mechanism"] == "SCRAM-SHA-512"
    assert confluent["sasl.password"] == aiokafka["sasl_plain_password"] == "s3cret"
    assert aiokafka["ssl_context"].check_hostname


def test_a_password_does_not_show() -> None:
    assert "s3cret" not in repr(KafkaSettings.from_env(ENVIRONMENT))


def test_what_is_given_comes_before_the_environment() -> None:
    assert KafkaSettings.from_env(ENVIRONMENT, bootstrap="here:9092").bootstrap == "here:9092"
    assert KafkaSettings.from_env(ENVIRONMENT, bootstrap=None).bootstrap == "k1:9093,k2:9093"


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="bootstap"):
        KafkaSettings.from_env({}, bootstap="typo:9092")


def test_every_topic_gets_the_prefix() -> None:
    assert KafkaSettings(topic_prefix="shop1.").topic("fate") == "shop1.fate"


@pytest.fixture
def passed() -> Iterator[list[str]]:
    """What reaches the root logger from a logger that only the rate limit passes on."""
    out: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            out.append(record.getMessage())

    logger, limit, keep = logging.getLogger("flood"), _RateLimited(burst=2, window=10), Keep()
    logger.propagate = False
    logger.addHandler(limit)
    logging.getLogger().addHandler(keep)
    yield out
    logging.getLogger().removeHandler(keep)
    logger.removeHandler(limit)


def test_a_flood_of_equal_lines_is_cut(passed: list[str]) -> None:
    logger = logging.getLogger("flood")
    for node in range(100):
        logger.error("no answer from %s", node)
    logger.error("another line")
    assert passed == ["no answer from 0", "no answer from 1", "another line"]


def test_a_line_after_a_while_tells_what_was_left_out(passed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("penstock.log.kafka.time.monotonic", lambda: now[0])
    logger = logging.getLogger("flood")
    for node in range(10):
        logger.error("no answer from %s", node)
    now[0] += 11
    logger.error("no answer from %s", "k2")
    assert passed[-1] == "no answer from k2 (8 more like it were not shown)"
