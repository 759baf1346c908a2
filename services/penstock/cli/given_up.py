"""What ends an event that a person gives up."""

from datetime import datetime

import orjson

from penstock.cli.logview import Outgoing
from penstock.log.fates import Fate
from penstock.log.xref import refusal_record


def reason_of(why: str) -> str:
    return f"given up by a person: {why.strip()}"


def fate_record(fate: Fate) -> Outgoing:
    key, value = fate.encode()
    return Outgoing("fate", key, value)


def refused_customer(request: bytes, why: str, at: datetime) -> Outgoing:
    """A customer request is no event of a source and has no fate: the order that asks is told that nobody will come."""
    said = orjson.loads(request)
    system, _, instance = said["target"].partition(":")
    made = refusal_record(said["customer_id"], system, instance, said["cause"], reason_of(why), at)
    return Outgoing(made.topic, made.key, made.value)
