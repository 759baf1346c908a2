"""What the log tells of one order: every step from the webhook to the fate, found by any of its numbers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from penstock.cli.logview import LogView, body, edited_by, header
from penstock.log.fates import Fate
from penstock.log.scan import Record
from penstock.log.wire import WireError
from penstock.records.ids import canonical_id

ORDER_TOPICS = ("order", "order-status", "shipment", "invoice", "payment", "refund")
NUMBERS = ("id", "reference", "number", "customer_po", "order_reference", "order_native_id", "invoice_number")

Decode = Callable[[bytes], tuple[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `what` names the document, `place` the record on the log."""

    at: datetime
    step: str
    what: str
    detail: str
    place: str


@dataclass(slots=True)
class Story:
    """One order. `documents`: canonical id -> what it is; `targets`: document -> its id in a target."""

    order_id: str
    reference: str = ""
    number: str = ""
    steps: list[Step] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    targets: dict[str, str] = field(default_factory=dict)
    fates: list[Fate] = field(default_factory=list)
    open: list[Mapping[str, Any]] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)


class Storyteller:
    """Reads the log of one cluster. `decode` turns the bytes of a canonical record into (name, record)."""

    def __init__(self, view: LogView, decode: Decode) -> None:
        self._view = view
        self._decode = decode

    def find(self, number: str) -> list[str]:
        """Canonical ids of the orders that have this number; an order's own numbers come before its documents'."""
        wanted = number.strip()
        bound: dict[str, str] = {}
        related: list[str] = []
        for entity in ORDER_TOPICS:
            own = []
            for record in self._view.records(f"canonical.{entity}"):
                said = self._read(record)
                if said is None:
                    continue
                order_id = order_of(entity, said)
                if order_id is None:
                    continue
                bound[said["id"]] = order_id
                if wanted in numbers_of(said):
                    own.append(order_id)
            if entity == "order" and own:
                return list(dict.fromkeys(own))
            related += own
        related += self._by_target_number(wanted, bound)
        return list(dict.fromkeys(related or self._by_waiting(wanted) or self._by_raw_key(wanted)))

    def _read(self, record: Record) -> dict[str, Any] | None:
        """The canonical record; None for bytes that are none, which any producer may have left on the topic."""
        try:
            return self._decode(record.value or b"")[1]
        except WireError:
            return None

    def _by_target_number(self, wanted: str, bound: Mapping[str, str]) -> Iterator[str]:
        """By the id that a document has in a target: CoNum, shipment, invoice."""
        for topic in self._view.topics("xref."):
            for key, record in self._view.latest(topic).items():
                known = str(body(record).get("canonical_id", ""))
                if key.split(":", 2)[-1].strip() == wanted and known:
                    if topic == "xref.order":
                        yield known
                    elif known in bound:
                        yield bound[known]

    def _by_waiting(self, wanted: str) -> list[str]:
        said = [body(each) for topic in self._waiting_topics() for each in self._view.latest(topic).values()]
        return [
            str(each.get("order_id") or each["canonical_id"])
            for each in said
            if wanted in {each.get("document"), each.get("canonical_id"), each.get("order_id"), each.get("event_id")}
        ]

    def _by_raw_key(self, wanted: str) -> list[str]:
        """An order that never became canonical: its native id, alone or in our reference."""
        out = []
        for topic in (topic for topic in self._view.topics("raw.") if topic.endswith(".order")):
            for record in self._view.records(topic):
                instance, _, native = (record.key or b"").decode("utf-8", "replace").partition(":")
                if native and (wanted == native or wanted.endswith(f"-{native}")):
                    out.append(canonical_id(topic.split(".")[1], instance, "order", native))
        return out

    def tell(self, order_id: str) -> Story:
        """The whole way of one order."""
        story = Story(order_id, documents={order_id: "order"})
        raw = dict.fromkeys(self._canonical(story))
        self._waiting(story)
        self._source(story)
        for place in raw:
            self._raw(story, place)
        self._dead_letters(story)
        self._effects(story)
        self._targets(story)
        self._fates(story)
        story.steps.sort(key=lambda step: step.at)
        return story

    def _canonical(self, story: Story) -> Iterator[str]:
        """Gives the positions of the raw records behind them."""
        for entity in ORDER_TOPICS:
            for record in self._view.of_key(f"canonical.{entity}", story.order_id):
                said = self._read(record)
                if said is None:
                    detail = "it cannot be read; `penstock dlq list` shows what became of it"
                    story.steps.append(Step(record.at, "unreadable", entity, detail, self._place(record)))
                    continue
                native = said["source"]["native_id"]
                what = f"{entity} {said.get('reference') or native}"
                story.documents[said["id"]] = what
                story.events.add(header(record, "ce_id"))
                detail = f"{state_of(entity, said)}; for {header(record, 'targets') or 'nobody'}{edited_by(record)}"
                story.steps.append(Step(record.at, "canonical", what, detail, self._place(record)))
                if entity == "order":
                    story.reference, story.number = said["reference"], said["number"]
                    story.rules = changes_of(said)
                yield header(record, "raw")

    def _waiting_topics(self) -> list[str]:
        return [*self._view.topics("hold"), *self._view.topics("parked.")]

    def _waiting(self, story: Story) -> None:
        for topic in self._waiting_topics():
            for record in self._view.latest(topic).values():
                said = body(record)
                if story.order_id not in {said.get("order_id"), said.get("canonical_id")}:
                    continue
                what = f"{said['entity']} {said.get('document') or ''}".strip()
                story.documents.setdefault(said["canonical_id"], what)
                story.events.add(said["event_id"])
                story.reference = story.reference or str(said.get("document") or "")
                story.open.append({name: value for name, value in said.items() if name != "republish"})
                story.rules += [f"{each['rule']}: {each['message']}" for each in said.get("verdicts") or ()]
                step = "held" if topic == "hold" else "parked"
                detail = f"{said['target']}: {said['on']}: {said['reason']}"
                if said.get("clears_by"):
                    detail += f"; ends by {said['clears_by']}"
                story.rules += [f"{said['on']}: {label} {amount}" for label, amount in said.get("arithmetic") or ()]
                story.steps.append(Step(record.at, step, what, detail, self._place(record)))

    def _source(self, story: Story) -> None:
        """Notifications and raw documents of the order itself, also of those that never became canonical."""
        for topic in (topic for topic in self._view.topics("raw.") if topic.endswith(".order")):
            system = topic.split(".")[1]
            for key in self._native_keys(story, system, topic):
                for record in self._view.of_key(topic, key):
                    self._add_raw(story, record)
                for record in self._view.of_key(f"raw.{system}.notification", f"order:{key}"):
                    said = body(record)
                    detail = f"{said.get('via', '')} {said.get('event', '')}".strip()
                    step = Step(record.at, "notified", f"order {said.get('native_id')}", detail, self._place(record))
                    story.steps.append(step)

    def _native_keys(self, story: Story, system: str, topic: str) -> set[str]:
        """`instance:native id` of the order in this system, when it comes from there."""
        keys = {":".join(event.split(":")[1:4:2]) for event in story.events if event.startswith(f"{system}:")}
        found = {key for key in keys if self._is_order(story, system, key)}
        if found or story.events:
            return found
        seen = {(record.key or b"").decode("utf-8", "replace") for record in self._view.records(topic)}
        return {key for key in seen if self._is_order(story, system, key)}

    @staticmethod
    def _is_order(story: Story, system: str, key: str) -> bool:
        instance, _, native = key.partition(":")
        return canonical_id(system, instance, "order", native) == story.order_id

    def _raw(self, story: Story, place: str) -> None:
        topic, _, rest = place.rpartition("-")
        topic, _, partition = topic.rpartition("-")
        if not topic or any(step.place == self._view.name(place) for step in story.steps):
            return
        for record in self._view.records(self._view.name(topic), int(partition)):
            if record.offset == int(rest):
                self._add_raw(story, record)
                return

    def _add_raw(self, story: Story, record: Record) -> None:
        story.events.add(header(record, "ce_id"))
        name = self._view.name(record.topic).split(".")
        what = f"{name[-1]} {(record.key or b'').decode('utf-8', 'replace').partition(':')[2]}"
        detail = f"from {name[1]}, {len(record.value or b'')} bytes; by {header(record, 'cause').partition(' ')[2]}"
        retry = header(record, "retry")
        story.steps.append(Step(record.at, f"raw retry {retry}" if retry else "raw", what, detail, self._place(record)))

    def _dead_letters(self, story: Story) -> None:
        for topic in self._view.topics("dlq."):
            for record in self._view.records(topic):
                if header(record, "ce_id") in story.events:
                    detail = f"{header(record, 'dlq-error-class')}: {header(record, 'dlq-error')}"
                    story.steps.append(Step(record.at, "dead letter", topic, detail, self._place(record)))

    def _effects(self, story: Story) -> None:
        for topic in self._view.topics("effect."):
            partition = self._view.partition_of(topic, story.order_id)
            for record in self._view.records(topic, partition):
                key = (record.key or b"").decode("utf-8", "replace")
                known = story.documents.get(key.rpartition(":")[2])
                said = body(record)
                if known is None or said.get("type") != "effect" or said.get("state") == "intent":
                    continue
                for each in said.get("attempts") or ():
                    detail = f"{each['step']} {each['outcome']}: {each['reply']}".strip()
                    at = datetime.fromisoformat(each["at"])
                    story.steps.append(Step(at, "attempt", known, detail, self._place(record)))
                detail = f"{topic.removeprefix('effect.')}: {said.get('native_id') or ''} {said.get('reason') or ''}"
                story.steps.append(Step(record.at, str(said["state"]), known, detail.strip(), self._place(record)))

    def _targets(self, story: Story) -> None:
        for topic in self._view.topics("xref."):
            for key, record in self._view.latest(topic).items():
                parts = key.split(":")
                if parts[0] == "canonical" and parts[1] in story.documents:
                    where = ":".join(parts[2:])
                    story.targets[f"{story.documents[parts[1]]} in {where}"] = str(body(record).get("native_id"))

    def _fates(self, story: Story) -> None:
        told: set[tuple[str, str, str]] = set()
        for record in self._view.records("fate"):
            if record.key is None or record.value is None:
                continue
            fate = Fate.decode(record.key, record.value)
            said = (fate.key, fate.state, fate.reason)
            if said in told or (fate.canonical_id not in story.documents and fate.event_id not in story.events):
                continue
            told.add(said)
            story.fates.append(fate)
            what = story.documents.get(fate.canonical_id, fate.entity)
            detail = f"{fate.target or fate.where}: {fate.reason}"
            story.steps.append(Step(record.at, f"fate {fate.state}", what, detail, self._place(record)))

    def _place(self, record: Record) -> str:
        return f"{self._view.name(record.topic)}-{record.partition}-{record.offset}"


def order_of(entity: str, record: Mapping[str, Any]) -> str | None:
    return str(record["id"]) if entity == "order" else record.get("order_id")


def numbers_of(record: Mapping[str, Any]) -> set[str]:
    """Every number by which a person may know it."""
    found = {str(record[name]).strip() for name in NUMBERS if record.get(name)}
    found |= {str(number).strip() for number in record.get("tracking_numbers") or ()}
    found.add(str(record["source"]["native_id"]).strip())
    if record.get("order_id"):
        found.add(str(record["order_id"]))
    return found


def state_of(entity: str, record: Mapping[str, Any]) -> str:
    """The one thing that matters of a record."""
    match entity:
        case "order" | "order-status":
            return f"{record['status']} ({record['source_status']})"
        case "shipment":
            return f"{record['carrier_code']} {', '.join(record['tracking_numbers'])}"
        case "invoice":
            return f"{record['number']}: {record['total']} {record['currency']}"
        case "payment":
            return f"{record['amount']} {record['currency']}"
    return ""


def changes_of(order: Mapping[str, Any]) -> list[str]:
    """What the rules changed of an order: address standardisation, one sentence each."""
    said = []
    for name in ("bill_to", "ship_to"):
        said += [f"{name}: {change}" for change in (order.get(name) or {}).get("changes") or ()]
    return said
