"""Faust takes unknown settings without a word, so each is looked up."""

from __future__ import annotations

import pytest

from penstock.log.kafka import KafkaSettings
from penstock.processors.main import SETTINGS, build_app


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_faust_knows_each_setting_and_has_our_value(name: str):
    app = build_app("test", KafkaSettings(bootstrap="127.0.0.1:1"), "0")
    assert hasattr(app.conf, name)
    found = getattr(app.conf, name)
    wanted = SETTINGS[name]
    seconds = getattr(found, "total_seconds", None)
    assert (seconds() if seconds else found) == wanted


def test_the_group_gives_a_worker_up_after_the_seconds_of_the_settings():
    app = build_app("test", KafkaSettings(bootstrap="127.0.0.1:1", session_seconds=6), "0")
    assert (app.conf.broker_session_timeout, app.conf.broker_heartbeat_interval) == (6, 2)
    default = build_app("test", KafkaSettings(bootstrap="127.0.0.1:1"), "0")
    assert (default.conf.broker_session_timeout, default.conf.broker_heartbeat_interval) == (10, 3)


def test_a_restarted_worker_keeps_its_place_in_the_group():
    app = build_app("test", KafkaSettings(bootstrap="127.0.0.1:1"), "3")
    assert app.conf.consumer_group_instance_id == "processors-3"


def test_a_cluster_with_passwords_is_told_who_we_are():
    settings = KafkaSettings(
        bootstrap="127.0.0.1:1",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="penstock",
        sasl_password="secret",
    )
    given = build_app("test", settings, "0").conf.broker_credentials
    assert (given.username, given.password, given.mechanism.value) == ("penstock", "secret", "SCRAM-SHA-512")
    assert given.protocol.value == "SASL_SSL"


def test_a_plain_cluster_needs_no_credentials():
    assert build_app("test", KafkaSettings(bootstrap="127.0.0.1:1"), "0").conf.broker_credentials is None
