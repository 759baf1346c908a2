"""Dead letters on the log: which are open, what they say, and the records that deal with them."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson

from penstock.cli.causes import Cause, cause_of, without_values
from penstock.cli.errors import CommandError, Exit
from penstock.cli.given_up import fate_record, reason_of, refused_customer
from penstock.cli.logview import LogView, Outgoing, body, header, now, who
from penstock.ingress.notes import read_note
from penstock.log.fates import Fate, FateState, collapse
from penstock.log.headers import EDITED
from penstock.log.scan import Record
from penstock.log.topics import load_topics
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef
from penstock.sinks.model import CUSTOMER_REQUEST

KEPT_FROM = "dlq-kept-from"
"""Header of a copy: the letter whose place it takes."""
DEALT_WITH = {"dlq retried": "retried", "dlq discarded": "discarded"}
"""Audit records that close a letter, written once the broker has what was to be done."""
MOST_RETRIES = 3
"""A letter that came back so often comes back again: `--again` retries it all the same."""


# --- which there are


def open_letters(view: LogView, stage: str | None = None) -> list[Record]:
    """Dead letters that still need somebody, the oldest first."""
    if stage is not None and f"dlq.{stage}" not in view.topics("dlq."):
        known = ", ".join(topic.removeprefix("dlq.") for topic in view.topics("dlq."))
        raise CommandError(f"there is no stage {stage!r}; there are: {known}", Exit.USAGE)
    found = [record for topic in view.topics("dlq.") for record in view.records(topic)]
    done = dealt_with(view).keys() | {header(record, KEPT_FROM) for record in found}
    found = [record for record in found if name_of(record) not in done and stage in {None, stage_of(record)}]
    if found:
        found = still_open(found, view.records("fate"))
    return sorted(found, key=died_at)


def dealt_with(view: LogView) -> dict[str, str]:
    """Names of the letters that a person has dealt with -> how; what failed again is a new letter."""
    said = (body(record) for record in view.records("audit"))
    return {str(each.get("subject")): DEALT_WITH[each["what"]] for each in said if each.get("what") in DEALT_WITH}


def still_open(letters: Sequence[Record], fates: Iterable[Record]) -> list[Record]:
    """Without those whose event has come to its end since: a newer version of the document took their place."""
    by_event = fates_of(letters, fates)
    return [record for record in letters if not has_ended(record, by_event.get(event_of(record), []))]


def has_ended(record: Record, fates: Sequence[Fate]) -> bool:
    """`fates`: all of the letter's event. One that is older than the letter did not know of it."""
    return bool(fates) and all(fate.state.final for fate in fates) and max(fate.at for fate in fates) >= died_at(record)


def passed_over(view: LogView, letters: Sequence[Record], *, once_more: bool, publish: bool = True) -> dict[str, str]:
    """Letters that must be left alone, by name, and why.

    What was given up, be it at one target of several, is not published again: not even with `once_more`.
    """
    fates, dealt = fates_of(letters, view.records("fate")) if letters else {}, dealt_with(view)
    out: dict[str, str] = {}
    for letter in letters:
        name, ends = name_of(letter), fates.get(event_of(letter), [])
        given_up = [fate for fate in ends if fate.state is FateState.DISCARDED]
        if (given_up and publish) or dealt.get(name) == "discarded":
            where = ", ".join(fate.target for fate in given_up if fate.target)
            out[name] = f"was discarded{f' at {where}' if where else ''}: that is final, a later version may still come"
        elif name in dealt and not once_more:
            out[name] = f"was {dealt[name]} before"
        elif has_ended(letter, ends) and not once_more:
            said = ", ".join(sorted({fate.state.value for fate in ends}))
            out[name] = f"its event has come to its end since: {said}"
    return out


def fates_of(letters: Sequence[Record], fates: Iterable[Record]) -> dict[str, list[Fate]]:
    """The fates that hold, by the event ids of the letters."""
    wanted = {event_of(record) for record in letters}
    known = (Fate.decode(record.key, record.value) for record in fates if record.key and record.value)
    by_event: dict[str, list[Fate]] = {}
    for fate in collapse(fate for fate in known if fate.event_id in wanted).values():
        by_event.setdefault(fate.event_id, []).append(fate)
    return by_event


def find(view: LogView, name: str) -> Record:
    """Raises CommandError when there is no such dead letter."""
    return find_all(view, [name])[0]


def find_all(view: LogView, names: Iterable[str]) -> list[Record]:
    """The letters of these names; each partition is read once. Raises CommandError naming one that is not there."""
    wanted = {name: _parsed(name) for name in names}
    found: dict[tuple[str, int, int], Record] = {}
    for stage, partition in {place[:2] for place in wanted.values()}:
        offsets = {place[2] for place in wanted.values() if place[:2] == (stage, partition)}
        for record in view.records(f"dlq.{stage}", partition):
            if record.offset in offsets:
                found[stage, partition, record.offset] = record
    if missing := [name for name, place in wanted.items() if place not in found]:
        raise CommandError(f"there is no dead letter {missing[0]}; `penstock dlq list` shows what there is", Exit.NO)
    return [found[place] for place in wanted.values()]


def _parsed(name: str) -> tuple[str, int, int]:
    parts = re.fullmatch(r"(?:dlq\.)?([a-z-]+)-(\d+)-(\d+)", name)
    if parts is None:
        raise CommandError(f"{name!r} is not of the form STAGE-PARTITION-OFFSET, e.g. processors-2-17", Exit.USAGE)
    return parts[1], int(parts[2]), int(parts[3])


# --- what one says


def name_of(record: Record) -> str:
    """`STAGE-PARTITION-OFFSET`."""
    return f"{record.topic.rpartition('dlq.')[2]}-{record.partition}-{record.offset}"


def stage_of(record: Record) -> str:
    return name_of(record).rsplit("-", 2)[0]


def place_of(record: Record) -> str:
    """Where the record was that became the letter."""
    return "-".join(header(record, f"dlq-{name}") for name in ("topic", "partition", "offset"))


def event_of(record: Record) -> str:
    """Its event id; of what says none, the place where it was, as its fate has it."""
    return header(record, "ce_id") or place_of(record)


def attempts_of(record: Record) -> int:
    """How often it has failed, the first time included."""
    said = header(record, "dlq-attempts")
    return int(said) if said.isdecimal() else 1


def died_at(record: Record) -> datetime:
    """When it became a dead letter, however often it was copied forward since."""
    said = header(record, "dlq-at")
    try:
        return datetime.fromisoformat(said) if said else record.at
    except ValueError:
        return record.at


def key_order(record: Record) -> tuple[str, bytes, int]:
    """Letters of one document stand together, as they were on the log."""
    offset = header(record, "dlq-offset")
    return header(record, "dlq-topic"), record.key or b"", int(offset) if offset.isdecimal() else 0


def cause(record: Record) -> Cause:
    return cause_of(
        stage_of(record), header(record, "dlq-error-class"), header(record, "dlq-error"), header(record, "dlq-rule")
    )


def about(record: Record) -> dict[str, Any]:
    """What the reason headers say, without what the error quotes of the document."""
    return {
        "place": name_of(record),
        "at": header(record, "dlq-at") or record.at.isoformat(),
        "stage": header(record, "dlq-stage"),
        "from": place_of(record),
        "key": (record.key or b"").decode("utf-8", "replace"),
        "event_id": header(record, "ce_id"),
        "error_class": header(record, "dlq-error-class"),
        "error": without_values(header(record, "dlq-error"), record.value or b""),
        "attempts": header(record, "dlq-attempts"),
        "kept_until": end.isoformat(timespec="minutes") if (end := expires(record)) else None,
    }


def expires(record: Record) -> datetime | None:
    """When Kafka may drop it; None when `topics.yaml` keeps its topic for ever or does not know it."""
    kept = retention(stage_of(record))
    return record.at + kept if kept else None


@cache
def retention(stage: str) -> timedelta | None:
    """How long the letters of a stage are kept."""
    said = next((topic.config.get("retention.ms") for topic in load_topics() if topic.name == f"dlq.{stage}"), None)
    return timedelta(milliseconds=int(said)) if said and int(said) > 0 else None


# --- what deals with one


def forward(record: Record) -> Outgoing:
    """The same letter, written anew."""
    headers = dict(record.headers) | {KEPT_FROM: name_of(record).encode()}
    return Outgoing(record.topic, record.key or b"", record.value, headers, exact=True)


def again(record: Record) -> Outgoing:
    """The original bytes for the topic they came from; of the reason headers only the count of attempts stays."""
    kept = {name: value for name, value in record.headers if not name.startswith("dlq-")}
    topic = header(record, "dlq-topic")
    if not topic:
        raise CommandError(f"{name_of(record)} does not say where it came from: it cannot be retried", Exit.NO)
    if header(record, "dlq-stage") == "processors":
        # a newer version of the document may have been booked since: the old one must not look like the newest
        kept = {"raw": place_of(record).encode(), **kept}
    attempts = header(record, "dlq-attempts").encode()
    return Outgoing(topic, record.key or b"", record.value, {**kept, "dlq-attempts": attempts}, exact=True)


def edited(record: Record, value: bytes, why: str) -> Outgoing:
    """As `again` with other bytes: the same event of the same document, marked as edited by whom, when and why."""
    made = again(record)
    said = orjson.dumps({"by": who(), "at": now(), "why": why.strip()})
    return Outgoing(made.topic, made.key, value, {**made.headers, EDITED: said}, exact=True)


def sha256(value: bytes | None) -> str:
    return hashlib.sha256(value or b"").hexdigest()


def closing(record: Record, at: datetime) -> list[Outgoing]:
    """What ends the letter's own fate when it is retried.

    An event of a document keeps its id and gets its fate under it. A notification that is read again is another one,
    at another place: the fate of the first would stay open for ever.
    """
    if header(record, "dlq-stage") != "ingress":
        return []
    reason = "tried again by a person: what became of the document is the fate of its own event"
    return [_of_notification(record, FateState.SUPERSEDED, reason, at)]


def discarding(record: Record, fates: Sequence[Fate], why: str, at: datetime) -> list[Outgoing]:
    """What ends a letter that is given up: a final fate for each that is open, `fates` being all of its event."""
    if f"{CUSTOMER_REQUEST}." in header(record, "dlq-topic"):
        return [refused_customer(record.value or b"{}", why, at)]
    if header(record, "dlq-stage") == "ingress" and not fates:
        return [_of_notification(record, FateState.DISCARDED, reason_of(why), at)]
    still = [fate for fate in fates if not fate.state.final]
    if not fates:
        target, own_id = header(record, "dlq-target"), header(record, "dlq-record")
        still = [Fate(event_of(record), own_id, target, FateState.PARKED, "", "", "", at)]
    reason = reason_of(why)
    return [fate_record(replace(fate, state=FateState.DISCARDED, reason=reason, where="cli", at=at)) for fate in still]


def _of_notification(record: Record, state: FateState, reason: str, at: datetime) -> Outgoing:
    try:
        ref: EntityRef | None = read_note(record.value or b"").ref
    except ValueError:
        ref = None
    own_id = canonical_id(ref.system, ref.instance, ref.entity, ref.native_id) if ref else ""
    return fate_record(Fate(event_of(record), own_id, "", state, reason, "cli", ref.entity if ref else "", at))


def today() -> datetime:
    return datetime.now(UTC)
