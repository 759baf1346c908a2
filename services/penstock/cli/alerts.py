"""`penstock alerts`: what people were told of, grouped; and whether telling them works."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
import typer

from penstock.alerts.alert import HIGHEST_PRIORITY, OUTAGE, OUTAGE_OVER, Alert, AlertError, read_alert
from penstock.alerts.message import duration
from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView, Outgoing, now
from penstock.cli.options import Bootstrap, Json, kafka, reachable
from penstock.cli.output import console, print_json, print_table
from penstock.log.scan import scan

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Alerts on the log, and a test of their delivery.")

COLUMNS = ("first", "last", "count", "priority", "kind", "target", "reason")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@app.command("list", epilog="Examples: `penstock alerts list --since 1h`, `penstock alerts list --kind outage --json`")
def list_(
    since: Annotated[str, typer.Option(help="How far back: 30m, 1h, 7d.")] = "1d",
    kind: Annotated[str | None, typer.Option(help="outage, held, dead-letter, …")] = None,
    target: Annotated[str | None, typer.Option(help="system:instance, or a system with all its instances.")] = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Alerts, one row a group: same kind, target and reason; an outage with its end is one row. Newest last."""
    start = datetime.now(UTC) - span(since)
    settings = kafka(bootstrap)
    alerts = []
    with reachable():
        for record in scan(settings, settings.topic("alert"), since=start):
            with suppress(AlertError):  # the service tells of unreadable ones
                alerts.append(read_alert(record.value, record.at))
    rows = [row for row in grouped(alerts) if _wanted(row, kind, target)]
    if json:
        print_json(rows)
    else:
        print_table(COLUMNS, ([_cell(row[column]) for column in COLUMNS] for row in rows))


@app.command("test", epilog="Example: `penstock alerts test`, then look at the channel")
def send_test(
    priority: Annotated[int, typer.Option(min=1, max=HIGHEST_PRIORITY, help="Below min_priority nobody is told.")] = 6,
    bootstrap: Bootstrap = None,
) -> None:
    """Write one alert of kind `test` to the topic; the alerts service of every flow delivers it within seconds."""
    at = now()
    alert = {
        "at": at,
        "kind": "test",
        "target": "penstock",
        "priority": priority,
        "reason": "a test: nothing has happened",
        "rule": f"test at {at}",  # a group of its own: a second test does not wait for the window of the first
    }
    LogView.connect(bootstrap).send([Outgoing("alert", b"penstock", orjson.dumps(alert))])
    console().print("one test alert is on the topic `alert`; `alert_delivered` in the log of the service confirms it")


def span(text: str) -> timedelta:
    """`90s`, `30m`, `1h`, `7d`. Raises CommandError."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if found is None:
        raise CommandError(f"--since {text!r} is no length: write 30m, 1h or 7d", Exit.USAGE)
    return timedelta(seconds=int(found[1]) * UNITS[found[2]])


def grouped(alerts: Iterable[Alert]) -> list[dict[str, Any]]:
    """Rows in the order of their last alert. An outage is one row until its end; the next one is another."""
    rows: dict[tuple[object, ...], dict[str, Any]] = {}
    ended: dict[str, int] = {}
    for alert in alerts:
        thread = ended.get(alert.target, 0)
        kind = OUTAGE if alert.is_outage else alert.kind
        key = (kind, alert.target, alert.likeness, thread if alert.is_outage else None)
        row = rows.setdefault(key, {"first": alert.at, "count": 0, "priority": 1, "target": alert.target, "reason": ""})
        row |= {"kind": alert.kind, "last": alert.at, "count": row["count"] + alert.count}
        row["priority"] = max(row["priority"], alert.priority)
        if alert.kind == OUTAGE_OVER:
            ended[alert.target] = thread + 1
            lasted = "" if alert.seconds is None else f" after {duration(alert.seconds)}"
            row["reason"] = f"{row['reason'] or alert.reason}; over{lasted}"
        else:
            row["reason"] = alert.reason
    return sorted(rows.values(), key=lambda row: row["last"])


def _wanted(row: dict[str, Any], kind: str | None, target: str | None) -> bool:
    kinds = {OUTAGE, OUTAGE_OVER} if kind == OUTAGE else {kind}
    targets = {row["target"], row["target"].partition(":")[0]}
    return (kind is None or row["kind"] in kinds) and (target is None or target in targets)


def _cell(value: object) -> object:
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else value
