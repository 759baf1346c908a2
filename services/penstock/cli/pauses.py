"""Pauses of flows, targets and entities: kept on the log, so that a restart changes nothing."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView, Outgoing, audit, body, now, who
from penstock.flow.load import flow_names
from penstock.log.pauses import Kind, pause_key

Name = Annotated[
    str,
    typer.Argument(
        metavar="FLOW|TARGET|ENTITY",
        help="A flow (prestashop-infor), a target (infor:DALS, or infor) or an entity (stock-level).",
        show_default=False,
    ),
]


def kind_of(view: LogView, name: str) -> Kind:
    """What a name names. Raises CommandError when it names nothing."""
    if name in flow_names():
        return "flow"
    if view.topics(f"effect.{name.partition(':')[0]}"):
        return "target"
    if f"canonical.{name}" in view.topics("canonical."):
        return "entity"
    targets = [topic.removeprefix("effect.") for topic in view.topics("effect.")]
    raise CommandError(
        f"{name!r} is no flow ({', '.join(flow_names())}), no target ({', '.join(targets)}, or system:instance) and no "
        "entity of a canonical topic",
        Exit.USAGE,
    )


def set_pause(view: LogView, name: str, why: str, *, paused: bool) -> Kind:
    """Pause or resume, with its audit record first."""
    kind = kind_of(view, name)
    record = audit("pause" if paused else "resume", f"{kind}:{name}", why)
    value = orjson.dumps({"paused": True, "why": why, "who": who(), "at": now()}) if paused else None
    view.send([record, Outgoing("control", pause_key(kind, name), value)])
    return kind


def paused_now(view: LogView) -> list[Mapping[str, Any]]:
    """What is paused: kind, name, why, who and at."""
    out: list[Mapping[str, Any]] = []
    for key, record in view.latest("control").items():
        if key.startswith("pause:"):
            _, kind, name = key.split(":", 2)
            out.append(
                {"kind": kind, "name": name, **{field: body(record).get(field) for field in ("why", "who", "at")}}
            )
    return out
