"""`penstock backfill`: the orders that a shop had before penstock took over."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView, audit
from penstock.cli.options import Bootstrap, Json
from penstock.cli.output import console, print_json, print_table
from penstock.cli.replay_options import Patience, Why, Window, Yes, told
from penstock.cli.replay_view import progress
from penstock.cli.run import DEFAULT_ENV, Env
from penstock.cli.run import Flow as FlowName
from penstock.connectors.contract import Listed, Notification
from penstock.connectors.listing import whole
from penstock.flow.flow import Flow, System
from penstock.flow.load import load_flow
from penstock.ingress.extract import notify
from penstock.ingress.known import Known, extracting_group
from penstock.ingress.notes import note_bytes
from penstock.log.kafka import KafkaSettings, async_producer
from penstock.records.raw import EntityRef
from penstock.replay.backfill import ENTITY, Advance, Fates, Feeder, Loaded

app = typer.Typer(help="The orders that a shop had before penstock took over.")

ShopName = Annotated[str, typer.Argument(metavar="SHOP", help="Name of the shop in the flow file.")]
From = Annotated[datetime | None, typer.Option("--from", help="Orders placed since then (UTC); start.orders_from.")]
To = Annotated[datetime | None, typer.Option("--to", help="… and before then (UTC); start.adopt_before.")]
Rate = Annotated[float, typer.Option(help="Orders a second, at most.", min=0.01)]


@app.command(
    epilog="Examples: `penstock backfill prestashop --flow prestashop-infor` (counts), `penstock backfill prestashop "
    "--flow prestashop-infor --to 2026-03-01 --rate 2 --yes --why 'first load'`"
)
def backfill(
    shop: ShopName,
    flow: FlowName,
    env: Env = DEFAULT_ENV,
    since: From = None,
    until: To = None,
    rate: Rate = 5.0,
    window: Window = 20,
    patience: Patience = 300.0,
    yes: Yes = False,
    why: Why = "",
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Put orders on the log that the shop took before `start.adopt_before`, the oldest first, behind live traffic.

    What the ERP has already is taken over, not booked again (docs/backfill.md). Cut off, begin it again: it goes on
    where it was. The services of the flow must run. Exit code 1 without --yes.
    """
    with told():
        loaded, view = load_flow(flow, env), LogView.connect(bootstrap)
        system, window_of = shop_of(loaded, shop), bounds(loaded, since, until)
        orders, known = asyncio.run(missing(loaded, system, view.settings, window_of))
        if not yes:
            show(system, orders, known, None, json=json)
            raise CommandError("nothing was written: add --yes and --why to load these", Exit.NO)
        told_of = f"{window_of[0]:%Y-%m-%dT%H:%M} to {window_of[1]:%Y-%m-%dT%H:%M}, {len(orders)} orders"
        view.send([audit("backfill", system.target, why, flow=loaded.name, selection=told_of)])
        with progress("loading", "orders") as advance:
            feed = load(system, view.settings, orders, rate, window, patience, advance)
            done = asyncio.run(feed)
        ends = ", ".join(f"{count} {end}" for end, count in sorted(done.ends.items())) or "nothing to load"
        view.send([audit("backfill end", system.target, why, flow=loaded.name, ends=ends)])
    show(system, orders, known, done, json=json)


def shop_of(flow: Flow, name: str) -> System:
    """Raises CommandError."""
    system = flow.systems.get(name)
    if system is None or system.role != "shop" or ENTITY not in system.spec.lists:
        shops = ", ".join(shop.alias for shop in flow.shops if ENTITY in shop.spec.lists)
        raise CommandError(
            f"the flow {flow.name} has no shop {name!r} that lists its orders; it has {shops}", Exit.USAGE
        )
    return system


def bounds(flow: Flow, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    """Of the window. Raises CommandError where orders would be booked that other hands may have entered."""
    start = flow.file.start
    if start.adopt_before is None:
        raise CommandError(
            f"{flow.name}: start.adopt_before is not set: polls bring all orders since start.orders_from, and none is "
            "looked for in the ERP before it is booked (docs/backfill.md)",
            Exit.USAGE,
        )
    first = _utc(since) if since else start.orders_from
    last = _utc(until) if until else start.adopt_before
    if not start.orders_from <= first < last <= start.adopt_before:
        raise CommandError(
            f"{first:%Y-%m-%dT%H:%M} to {last:%Y-%m-%dT%H:%M} does not lie between start.orders_from "
            f"{start.orders_from:%Y-%m-%dT%H:%M} and start.adopt_before {start.adopt_before:%Y-%m-%dT%H:%M}",
            Exit.USAGE,
        )
    return first, last


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def missing(
    flow: Flow, system: System, settings: KafkaSettings, window: tuple[datetime, datetime]
) -> tuple[list[Listed], int]:
    """Orders of the window that are not on the log, and how many are. Raises SourceUnavailableError and the like."""
    source = system.spec.source(system.settings, system.budget("tools"))
    known = Known(settings, system.name, extracting_group(settings, flow.name, system.name), ENTITY)
    try:
        listed = [each for each in await whole(source, ENTITY, *window) if each.at is None or each.at < window[1]]
        await known.refresh()
    finally:
        known.close()
        await source.close()
    absent = [each for each in listed if not known.has(EntityRef(system.name, system.instance, ENTITY, each.native_id))]
    return absent, len(listed) - len(absent)


async def load(
    system: System,
    settings: KafkaSettings,
    orders: list[Listed],
    rate: float,
    window: int,
    patience: float,
    advance: Advance,
) -> Loaded:
    """Raises StalledError, LoaderError, TimeoutError."""
    producer, fates = async_producer(settings, linger_ms=0), Fates(settings)
    await producer.start()

    async def send(note: Notification) -> None:
        await notify(producer, settings, note, note_bytes(note))

    try:
        await fates.open()
        feeder = Feeder(send, fates, window=window, rate=rate, patience=patience, advance=advance)
        return await feeder.run(system.name, system.instance, orders)
    finally:
        fates.close()
        await producer.stop()


def show(system: System, orders: list[Listed], known: int, done: Loaded | None, *, json: bool) -> None:
    if json:
        ends = dict(done.ends) if done is not None else None
        counts = {"listed": len(orders) + known, "known": known, "missing": len(orders)}
        print_json({"shop": system.target, **counts, "sent": done.sent if done is not None else 0, "ends": ends})
        return
    rows = [("listed", len(orders) + known), ("on the log already", known), ("not on the log", len(orders))]
    print_table((system.target, "orders"), rows)
    if done is not None:
        console().print()
        print_table(("stands as", "orders"), sorted(done.ends.items()))
