"""Which targets a document is routed to, compiled from `routes:` of the flow file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from penstock.flow.model import FlowFile
from penstock.flow.when import ENTITIES, Conditions
from penstock.mapping import MappingEnv
from penstock.mapping.conditions import Condition
from penstock.mapping.errors import nearest

ORDER_BOUND = frozenset({"order-status", "shipment", "invoice", "payment", "refund"})
"""Entities whose records belong to an order and go where it goes."""


class RouteError(ValueError):
    """`routes:` cannot be used; the message says which route, and what to do."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where documents of one kind go. Targets are written `system:instance`.

    rows: the condition, None in the last, and its targets. possible: every target that a row names.
    follows_order: these documents go where their order has gone.
    """

    rows: tuple[tuple[Condition | None, tuple[str, ...]], ...]
    possible: tuple[str, ...]
    follows_order: bool = False

    @property
    def conditional(self) -> bool:
        return len(self.rows) > 1

    def targets(self, entity: str, record: Mapping[str, Any], env: MappingEnv) -> tuple[str, ...]:
        """The targets of the first row that fits. Raises MappingError when a condition cannot work with the record."""
        name = entity.replace("-", "_")
        return next(to for when, to in self.rows if when is None or when(name, record, env))


NOWHERE = Route(((None, ()),), ())

Routes = Mapping[tuple[str, str], Route]
"""(name of the source system, canonical entity) -> its route."""


def compile_routes(file: FlowFile, targets: Mapping[str, str], conditions: Conditions) -> Routes:
    """`targets`: name of a system -> `system:instance`. Raises RouteError, MappingSyntaxError."""
    out: dict[tuple[str, str], Route] = {}
    for source, routes in file.routes.items():
        _known(source, targets, "routes")
        by_order = "order" in routes and len(routes["order"]) > 1 and file.systems[source].role == "shop"
        for entity, given in routes.items():
            where = f"routes.{source}.{entity}"
            if entity not in ENTITIES:
                raise RouteError(f"{where}: there is no canonical record {entity!r}{nearest(entity, ENTITIES)}")
            follows = by_order and entity in ORDER_BOUND
            if follows and len(given) > 1:
                raise RouteError(f"{where}: it goes where its order goes: give a plain list of systems")
            rows = []
            for row in given:
                for name in row.to:
                    _known(name, targets, where)
                to = tuple(dict.fromkeys(targets[name] for name in row.to))
                rows.append((conditions.of_record(row.when, where, entity), to))
            possible = tuple(dict.fromkeys(target for _, to in rows for target in to))
            out[source, entity] = Route(tuple(rows), possible, follows)
    return out


def _known(name: str, systems: Mapping[str, str], where: str) -> None:
    if name not in systems:
        raise RouteError(f"{where}: {name!r} is not one of the flow's systems{nearest(name, systems)}")
