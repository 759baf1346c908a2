"""What the log says of the orders of a demo: why one is not in the ERP, and what the policies did.

Reasons come from open holds, parked records, dead letters and refusals; they explain, and never count. Policies are
counted over everything that was ever held or told, settled since or not.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from penstock.cli.demo_report import Reason
from penstock.cli.letters import open_letters
from penstock.cli.logview import LogView, body, header
from penstock.cli.waiting import entries
from penstock.log.fates import Fate, FateState, collapse

GIVEN_UP = frozenset({FateState.REJECTED, FateState.DISCARDED})
Shops = Mapping[tuple[str, str], str]
"""(system, instance) of a shop -> the tag that begins our references of its orders."""


def reasons(view: LogView, shops: Shops) -> dict[str, list[Reason]]:
    """By tag: one per open entry, dead letter and final refusal of an order."""
    out: defaultdict[str, list[Reason]] = defaultdict(list)
    for event_id, kind, text, by in _said(view):
        if ref := order_of_event(event_id, shops):
            out[ref.partition("-")[0]].append(Reason(ref, kind, text, by))
    return out


def _said(view: LogView) -> Iterator[tuple[str, Literal["held", "dead_lettered"], str, str]]:
    """(event id, kind, text, by what) of everything that was not applied."""
    for start in ("hold", "parked."):
        for entry in entries(view, start):
            by = str(entry.data["on"])
            yield str(entry.data["event_id"]), "held", f"{by}: {entry.data['reason']}", by
    for letter in open_letters(view):
        yield header(letter, "ce_id"), "dead_lettered", header(letter, "dlq-error"), ""
    found = (Fate.decode(record.key, record.value) for record in view.records("fate") if record.key and record.value)
    for fate in collapse(found).values():
        if fate.state in GIVEN_UP:
            yield fate.event_id, "dead_lettered", f"{fate.state}: {fate.reason}", ""


def order_of_event(event_id: str, shops: Shops) -> str | None:
    """Our reference in `prestashop:1:order:41:<hash>`; None for events of other documents and systems."""
    parts = event_id.split(":")
    tag = shops.get((parts[0], parts[1])) if len(parts) > 3 and parts[2] == "order" else None
    return f"{tag}-{parts[3]}" if tag else None


def policies(view: LogView, tag: str, policy_of: Mapping[str, str]) -> dict[str, int]:
    """How many of a shop's orders each rule has held, and how many notices were given, under the policy's name."""
    held = (body(record) for record in view.records("hold") if record.value)
    told = (body(record) for record in view.records("alert") if record.value)
    return count_policies([*held, *told], tag, policy_of)


def count_policies(said: Sequence[Mapping[str, Any]], tag: str, policy_of: Mapping[str, str]) -> dict[str, int]:
    """From entries of `hold` (their rule is `on`) and alerts: an order counts once per rule."""
    documents = {
        (str(each.get("on") or each.get("rule") or each.get("kind")), str(each["document"]))
        for each in said
        if each.get("entity") == "order"
        and str(each.get("document")).startswith(f"{tag}-")
        and each.get("kind") != "dead-letter"  # no policy's doing
    }
    counted = Counter(policy_of.get(rule, rule) for rule, _ in documents)
    return dict(sorted(counted.items()))
