"""What an environment file says about alerts, and which alerts are of a flow."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from penstock.alerts.alert import Alert
from penstock.alerts.main import channels, concerns
from penstock.flow.flow import FlowError
from penstock.flow.load import read_files
from penstock.flow.model import AlertsEnv

SMTP: dict[str, Any] = {"host": "mail.example", "from": "penstock@shop.example", "to": ["a@b.example"]}
AT = datetime(2026, 11, 21, tzinfo=UTC)


def given(**said: Any) -> AlertsEnv:
    return AlertsEnv.model_validate(said)


async def test_each_target_that_is_named_is_a_channel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("ALERTS_SECRET", "s3cret")
    monkeypatch.setenv("ALERTS_URL", "https://hooks.example/T0KEN")
    (tmp_path / "password").write_text("s3cret\n")
    smtp = SMTP | {"user": "penstock", "password": f"file:{tmp_path / 'password'}"}
    made = channels(given(webhook={"url": "env:ALERTS_URL", "secret": "env:ALERTS_SECRET"}, smtp=smtp))()
    assert [channel.name for channel in made] == ["webhook", "smtp"]
    for channel in made:
        await channel.close()


def test_without_targets_alerts_go_to_the_log_of_the_service():
    assert [channel.name for channel in channels(given())()] == ["log"]


@pytest.mark.parametrize(
    ("webhook", "complaint"),
    [
        ({"url": "https://hooks.example", "secret": "env:NOT_SET_HERE"}, "webhook.secret: .*NOT_SET_HERE is not set"),
        ({"url": "https://hooks.example", "secret": "s3cret"}, "webhook.secret: .*never as the bare value"),
        ({"url": "env:NOT_SET_HERE"}, "webhook.url: .*NOT_SET_HERE is not set"),
        ({"url": "https://user:s3cret@hooks.example"}, "webhook.url: it holds a user"),
        ({"url": "https://"}, "webhook.url: it is no http or https address"),
    ],
)
def test_a_webhook_that_cannot_be_used_is_refused_at_start(webhook: dict[str, str], complaint: str):
    with pytest.raises(FlowError, match=complaint) as caught:
        channels(given(webhook=webhook))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"smtp": SMTP | {"user": "u", "password": "env:P", "starttls": False}}, "without TLS"),
        ({"smtp": SMTP | {"user": "u"}}, "go together"),
        ({"smtp": SMTP | {"to": []}}, "at least 1 item"),
        ({"smtp": SMTP | {"from": "penstock"}}, "should match"),
        ({"webhook": {"url": "ftp://hooks.example"}}, "should match"),
        ({"group_seconds": 0}, "greater than 0"),
        ({"min_priorty": 2}, "not permitted"),
    ],
)
def test_what_does_not_fit_is_named(wrong: dict[str, Any], complaint: str):
    with pytest.raises(ValidationError, match=complaint):
        given(**wrong)


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (Alert(AT, "outage", "infor:DALS"), True),
        (Alert(AT, "outage", "infor:OTHER"), False),
        (Alert(AT, "test", "penstock"), True),
        (Alert(AT, "dead-letter", ""), True),
        (Alert(AT, "dead-letter", "", flow="other"), False),
        (Alert(AT, "outage", "infor:OTHER", flow="prestashop-infor"), True),
    ],
)
def test_a_flow_tells_of_its_own_targets_and_of_what_is_no_system(alert: Alert, expected: bool):
    file, _ = read_files("prestashop-infor", "sandbox")
    assert concerns(file)(alert) is expected
