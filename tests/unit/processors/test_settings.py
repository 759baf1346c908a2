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


def test_a_restarted_worker_keeps_its_place_in_the_group():
    app = build_app("test", KafkaSettings(bootstrap="127.0.0.1:1"), "3")
    assert app.conf.consumer_group_instance_id == "processors-3"
