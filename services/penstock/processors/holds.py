"""What a hold of the processors says: one entry per target, on the partition of the document's canonical records."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from penstock.log.alerts import of_document
from penstock.log.headers import Position, texts
from penstock.mapping import UnknownCode
from penstock.processors.incoming import Incoming
from penstock.rules.validate import Verdict

ORDER_ROUTE = "order-route"
"""Rule of a hold that ends when the document's order is routed (`routing.py`)."""
TOLD = "told"
"""Header of a record that was held and is tried again: the rule that an alert has named."""
VERDICTS_KEPT = 100
VERDICTS_SAID = 5


@dataclass(frozen=True, slots=True)
class Held:
    """A document that is held; `order_id` is None when it belongs to no order."""

    incoming: Incoming
    flow: str
    entity: str
    canonical_id: str
    order_id: str | None
    event_id: str
    position: Position
    document: str
    verdicts: Sequence[Verdict]
    record: Mapping[str, Any]
    at: datetime

    def entry(self, stage: str, target: str) -> dict[str, Any]:
        """The entry for one target, as docs/records.md has it."""
        kept = texts(self.incoming.headers)
        return {
            "flow": self.flow,
            "stage": stage,
            "target": target,
            "entity": self.entity,
            "canonical_id": self.canonical_id,
            "order_id": self.order_id,
            "event_id": self.event_id,
            "document": self.document,
            "on": self.verdicts[0].rule,
            "reason": said(self.verdicts),
            "verdicts": [verdict_dict(verdict) for verdict in self.verdicts[:VERDICTS_KEPT]],
            "since": self.at.isoformat(timespec="milliseconds"),
            "attempts": int(kept.get("retry", "0")),
            "next_try": None,
            "demand": demand_of(self.record),
            "republish": {
                "topic": self.incoming.topic,
                "key_base64": base64.b64encode(self.incoming.key).decode("ascii"),
                "value_base64": base64.b64encode(self.incoming.value).decode("ascii"),
                "headers": {**kept, "raw": str(self.position), TOLD: self.verdicts[0].rule},
            },
        }

    def alert(self, target: str) -> tuple[bytes, bytes] | None:
        """Key and value of the alert; None when people were told before this try that the same rule holds it."""
        rule = self.verdicts[0].rule
        if texts(self.incoming.headers).get(TOLD) == rule:
            return None
        return of_document(
            "held",
            broken(self.verdicts),
            flow=self.flow,
            target=target,
            document=self.document,
            entity=self.entity,
            rule=rule,
            at=self.at.isoformat(timespec="milliseconds"),
        )


def hold_key(flow: str, entity: str, canonical_id: str, event_id: str, target: str) -> bytes:
    """Key of an entry, as the sinks write it."""
    return f"{flow}:{entity}:{canonical_id}:{event_id}:{target}".encode()


def code_verdict(error: UnknownCode) -> Verdict:
    """An unknown code is a clerk's matter: the table is completed and the document tried again."""
    return Verdict(
        field=error.field,
        value=str(error.value),
        rule="unknown-code",
        message=error.reason,
        remedy=error.remedy,
        severity="hold",
    )


def order_route_verdict(order: str) -> Verdict:
    """It goes where its order goes, and nobody knows where that is: it is tried again when the order is there."""
    return Verdict(
        field="order_id",
        value="",
        rule=ORDER_ROUTE,
        message=f"{order} has not been routed yet",
        remedy="wait: it goes on by itself when its order does",
        severity="hold",
    )


def said(verdicts: Sequence[Verdict]) -> str:
    """The first verdicts in words: an order of a thousand lines can have a thousand."""
    left = len(verdicts) - VERDICTS_SAID
    first = "; ".join(verdict.message for verdict in verdicts[:VERDICTS_SAID])
    return f"{first}; and {left} more" if left > 0 else first


def broken(verdicts: Sequence[Verdict]) -> str:
    """Rules and fields, for the fate: messages may hold personal data and stay with the hold."""
    left = len(verdicts) - VERDICTS_SAID
    first = ", ".join(f"{verdict.rule} ({verdict.field})" for verdict in verdicts[:VERDICTS_SAID])
    return f"{first}, and {left} more" if left > 0 else first


def verdict_dict(verdict: Verdict) -> dict[str, str]:
    return {
        "field": verdict.field,
        "value": str(verdict.value)[:200],
        "rule": verdict.rule,
        "message": verdict.message,
        "remedy": verdict.remedy,
    }


def demand_of(record: Mapping[str, Any]) -> dict[str, str]:
    """Quantities per SKU of a held order, so that its units are not sold again."""
    quantities: dict[str, Decimal] = {}
    for line in record.get("lines", ()):
        if line.get("sku") and "unit_price_gross" in line:
            quantities[line["sku"]] = quantities.get(line["sku"], Decimal(0)) + line["quantity"]
    return {sku: format(quantity, "f") for sku, quantity in quantities.items()}
