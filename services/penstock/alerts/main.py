"""`penstock run alerts`: tells people of the alerts of one flow."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from pydantic import SecretStr

from penstock.alerts.alert import Alert
from penstock.alerts.channel import Channel, LogChannel
from penstock.alerts.courier import Courier
from penstock.alerts.desk import Desk
from penstock.alerts.smtp import Mail
from penstock.alerts.webhook import Webhook
from penstock.connectors.registry import names
from penstock.connectors.secrets import resolve
from penstock.flow.flow import FlowError
from penstock.flow.load import read_files
from penstock.flow.model import AlertsEnv, FlowFile
from penstock.log.kafka import KafkaSettings, async_consumer
from penstock.service import announce, first_failure, health_routes, http_server, run_service, stop_on_signals

log = structlog.get_logger()


def run(flow_name: str, env: str, host: str, port: int, ready_file: Path | None) -> None:
    """Runs until SIGTERM. Raises FlowError when the environment file is wrong or a secret of it cannot be had."""
    file, surroundings = read_files(flow_name, env)
    given = surroundings.alerts or AlertsEnv()
    settings = KafkaSettings.from_env(bootstrap=surroundings.kafka.bootstrap)
    try:
        open_channels = channels(given)
    except FlowError as error:
        raise FlowError(f"flows/{flow_name}/env/{env}.yaml: {error}") from error
    run_service("alerts", lambda: serve(file, given, settings, open_channels(), (host, port), ready_file))


def channels(given: AlertsEnv) -> Callable[[], list[Channel]]:
    """The channels that are named, to be opened in the event loop; their secrets are resolved now. Raises FlowError."""
    made: list[Callable[[], Channel]] = []
    if (webhook := given.webhook) is not None:
        url = webhook.url if webhook.url.startswith("http") else _required("webhook.url", webhook.url)
        _check_address(url)
        secret = _secret("webhook.secret", webhook.secret)
        made.append(lambda: Webhook(url, secret))
    if (smtp := given.smtp) is not None:
        password = _secret("smtp.password", smtp.password)
        made.append(lambda: Mail(smtp, password))
    return lambda: [make() for make in made] or [LogChannel()]


def _check_address(url: str) -> None:
    """Raises FlowError, without the address: its path may be a token."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FlowError("alerts.webhook.url: it is no http or https address")
    if parts.username is not None:
        raise FlowError("alerts.webhook.url: it holds a user; messages are signed with alerts.webhook.secret instead")


def _secret(name: str, reference: str | None) -> SecretStr | None:
    try:
        found = None if reference is None else resolve(reference)
    except ValueError as error:
        raise FlowError(f"alerts.{name}: {error}") from error
    return found if isinstance(found, SecretStr) else None


def _required(name: str, reference: str) -> str:
    found = _secret(name, reference)
    return found.get_secret_value() if found is not None else ""


def concerns(file: FlowFile) -> Callable[[Alert], bool]:
    """Whether an alert is of this flow: it says so, or its target is one of the flow's, or no system at all."""
    own = {f"{file.connector_of(alias)}:{system.instance}" for alias, system in file.systems.items()}

    def is_ours(alert: Alert) -> bool:
        if alert.flow:
            return alert.flow == file.flow
        system, _, instance = alert.target.partition(":")
        return alert.target in own or system not in names() or not instance

    return is_ours


async def serve(
    file: FlowFile,
    given: AlertsEnv,
    settings: KafkaSettings,
    opened: list[Channel],
    listen: tuple[str, int],
    ready_file: Path | None,
) -> None:
    """A courier for each channel, and health over HTTP at `listen` (host, port), until SIGTERM."""
    stop = stop_on_signals()
    member = os.environ.get("PENSTOCK_MEMBER", "0")
    couriers, consumers = [], []
    for channel in opened:
        consumer = async_consumer(
            settings,
            group=f"{settings.topic_prefix}penstock.{file.flow}.alerts.{channel.name}",
            instance_id=f"alerts-{channel.name}-{member}",
        )
        desk = Desk(file.flow, given.group_seconds, given.min_priority, time.monotonic)
        consumers.append(consumer)
        couriers.append(Courier(channel, desk, consumer, settings, concerns=concerns(file)))

    def ready() -> bool:
        return all(courier.ready for courier in couriers)

    def gauges() -> dict[str, float]:
        out: dict[str, float] = {}
        for courier in couriers:
            name = f"alerts_{courier.channel.name}"
            out |= {f"{name}_{what}_total": float(count) for what, count in courier.counts.items()}
            out[f"{name}_pending"] = courier.desk.pending
            out[f"{name}_open_outages"] = courier.desk.open_outages
        return out

    try:
        # a receiver that is out is no reason to start this process again: live is whether it runs at all
        async with http_server(health_routes(lambda: True, ready, gauges), *listen) as bound:
            for consumer in consumers:
                await consumer.start()
            runs = [asyncio.create_task(work(stop)) for each in couriers for work in (each.read, each.deliver)]
            runs.append(asyncio.create_task(announce(ready, ready_file, f"{listen[0]}:{bound}", stop)))
            log.info("alerts_run", flow=file.flow, channels=[channel.name for channel in opened], port=bound)
            await first_failure(runs, stop)
    finally:
        for consumer in consumers:
            await consumer.stop()
        for channel in opened:
            await channel.close()
