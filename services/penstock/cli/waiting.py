"""`penstock parked` and `penstock holds`: records that wait for a condition or a person, listed and acted upon."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.given_up import fate_record, reason_of, refused_customer
from penstock.cli.logview import LogView, Outgoing, Why, audit, body, from_base64
from penstock.cli.options import Bootstrap, Json, reachable
from penstock.cli.output import console, print_json, print_table
from penstock.log.fates import Fate, FateState
from penstock.log.headers import waived
from penstock.sinks.model import CUSTOMER_REQUEST

Subject = Annotated[
    str, typer.Argument(help="Key, our reference (PS1-41), canonical id or event id, as `list` shows them.")
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One open entry; `topic` as on the cluster, `data` as in docs/records.md."""

    topic: str
    partition: int
    key: str
    data: Mapping[str, Any]

    @property
    def document(self) -> str:
        return str(self.data.get("document") or "")

    @property
    def names(self) -> set[str]:
        """By what a person may call it."""
        return {self.key, self.document, str(self.data["canonical_id"]), str(self.data["event_id"])}

    @property
    def is_hold(self) -> bool:
        return self.topic.endswith("hold")

    @property
    def is_unknown(self) -> bool:
        """Was it sent without anybody knowing what became of it, and is it for a person to look?"""
        return self.is_hold and self.data.get("rule") == "unknown"

    @property
    def clears_by(self) -> str:
        """Who or what can end a hold."""
        return str(self.data.get("clears_by") or "a correction in the source, or a person who releases it")

    def age(self, at: datetime) -> str:
        """How long it has been open, in words; empty when it does not say since when."""
        since = str(self.data.get("since") or "")
        return span((at - datetime.fromisoformat(since)).total_seconds()) if since else ""

    def summary(self) -> dict[str, Any]:
        """What is shown of it: never the record that it carries, which may hold personal data."""
        shown = {"key": self.key} | {name: value for name, value in self.data.items() if name != "republish"}
        if self.is_hold:
            # the processors' holds are all for a person, and say no more than their rule
            shown = {"rule": self.data.get("on", ""), "arithmetic": [], "clears_on": None} | shown
            shown["clears_by"] = self.clears_by
        return shown


def span(seconds: float) -> str:
    """A length of time with its two largest units: `3 d 4 h`, `12 min`."""
    minutes = max(0, int(seconds)) // 60
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def entries(view: LogView, start: str) -> list[Entry]:
    """Open entries of the topics whose names begin with `start`, the oldest first."""
    found = [
        Entry(record.topic, record.partition, key, body(record))
        for topic in view.topics(start)
        for key, record in view.latest(topic).items()
    ]
    return sorted(found, key=lambda entry: str(entry.data.get("since") or ""))


def select(found: Sequence[Entry], subject: str) -> list[Entry]:
    chosen = [entry for entry in found if subject in entry.names]
    if not chosen:
        raise CommandError(f"nothing open is called {subject!r}; `list` shows what is", Exit.NO)
    return chosen


def again(entry: Entry, release: str | None = None) -> Outgoing:
    """The record that waits, to be published again with its own headers; `release` waives a rule, or `*` all.

    What was waived for this version before stays waived: else two rules would hold it in turn for ever.
    """
    carried = entry.data["republish"]
    headers = {**carried["headers"], "retry": str(int(carried["headers"].get("retry", 0)) + 1)}
    if release is not None:
        rules = waived(headers) | {release}
        headers["released"] = "*" if "*" in rules else ",".join(sorted(rules))
    key, value = from_base64(carried["key_base64"]), from_base64(carried["value_base64"])
    return Outgoing(carried["topic"], key, value, headers, exact=True)


def rejected(entry: Entry, why: str, at: datetime) -> list[Outgoing]:
    """The tombstone of the entry, behind what ends its event. What else waits of its document goes on."""
    data = entry.data
    tombstone = Outgoing(entry.topic, entry.key.encode(), None, partition=entry.partition, exact=True)
    if data["entity"] == CUSTOMER_REQUEST:
        return [refused_customer(from_base64(data["republish"]["value_base64"]), why, at), tombstone]
    fate = Fate(
        event_id=data["event_id"],
        canonical_id=data["canonical_id"],
        target=data.get("target") or "",
        state=FateState.DISCARDED,
        reason=reason_of(why),
        where="cli",
        entity=data["entity"],
        at=at,
        attempts=int(data.get("attempts") or 0),
    )
    return [fate_record(fate), tombstone]


Row = Callable[[Entry, datetime], Sequence[object]]


@dataclass(frozen=True, slots=True)
class Table:
    """How `list` shows entries: the head of each column, and the cells of one entry at a time of day."""

    columns: Sequence[str]
    row: Row


def waiting_app(what: str, entries_of: Callable[[LogView], list[Entry]], table: Table, give_up: str) -> typer.Typer:
    """The commands over one kind of entry.

    what: the command's name. entries_of: what of it is open. give_up: the word for ending an entry for good.
    """
    state = "held" if what == "holds" else "parked"
    app = typer.Typer(no_args_is_help=True, help=f"Records that are {state}.")

    @app.command("list", epilog=f"Examples: `penstock {what} list`, `penstock {what} list --json | jq '.[].key'`")
    def list_(bootstrap: Bootstrap = None, json: Json = False) -> None:
        """What is open now, the oldest first. Exit code 1 when there is anything."""
        found = entries_of(LogView.connect(bootstrap))
        if json:
            print_json([entry.summary() for entry in found])
        elif found:
            now = datetime.now(UTC)
            print_table(table.columns, (table.row(entry, now) for entry in found))
        else:
            console().print(f"nothing is {state}")
        if found:
            raise typer.Exit(Exit.NO)

    @app.command(epilog=f"Example: `penstock {what} show PS1-41`")
    def show(subject: Subject, bootstrap: Bootstrap = None, json: Json = False) -> None:
        """Everything about an entry but the record that it carries: sums, verdicts, times, and each attempt."""
        view = LogView.connect(bootstrap)
        chosen = select(entries_of(view), subject)
        told = [entry.summary() | {"evidence": evidence(view, entry)} for entry in chosen]
        if json:
            print_json(told)
            return
        for each in told:
            show_entry(each)

    @app.command(epilog=f"Example: `penstock {what} retry PS1-41 --why 'the item exists now'`")
    def retry(subject: Subject, why: Why, bootstrap: Bootstrap = None, json: Json = False) -> None:
        """Try it again now. The entry stays open until the record has a fate."""
        act(bootstrap, subject, why, "retry", lambda entry: [again(entry)], json=json)

    @app.command(epilog=f"Example: `penstock {what} release PS1-41 --why 'checked with the buyer' --rule totals`")
    def release(
        subject: Subject,
        why: Why,
        rule: Annotated[str, typer.Option(help="Only this rule is waived; * waives all.")] = "*",
        bootstrap: Bootstrap = None,
        json: Json = False,
    ) -> None:
        """Let it pass although a rule held it. It holds for this version of the document."""
        act(bootstrap, subject, why, "release", lambda entry: [again(entry, rule)], json=json, rule=rule)

    @app.command(give_up, epilog=f"Example: `penstock {what} {give_up} PS1-41 --why 'a test order'`")
    def end(subject: Subject, why: Why, bootstrap: Bootstrap = None, json: Json = False) -> None:
        """Give it up: its fate is `discarded`, for good. Later records of its document go on.

        Refused while a write of it is under way: it may be booked in this very moment.
        """
        view = LogView.connect(bootstrap)
        refuse_under_way(view, select(entries_of(view), subject))
        act(bootstrap, subject, why, give_up, lambda entry: rejected(entry, why, datetime.now(UTC)), json=json)

    @app.command(epilog=f"Example: `penstock {what} preview PS1-41 --env production`")
    def preview(
        subject: Subject,
        release: Annotated[str, typer.Option(help="As if this rule were waived; * waives all.")] = "",
        env: Annotated[str, typer.Option(help="Name of a file in flows/FLOW/env/.")] = "sandbox",
        bootstrap: Bootstrap = None,
        json: Json = False,
    ) -> None:
        """The exact requests that a retry (or release) would send now, against the real target; nothing is written.

        They hold the document, personal data included.
        """
        from penstock.cli.previews import preview_of, print_previews  # noqa: PLC0415 - it loads flows and connectors

        view = LogView.connect(bootstrap)
        found = []
        for entry in select(entries_of(view), subject):
            made = again(entry, release or None)
            with reachable():
                found += asyncio.run(preview_of(view, made, entry.data["flow"], env, target=entry.data["target"]))
        print_previews(found, json=json)

    def act(
        bootstrap: str | None,
        subject: str,
        why: str,
        verb: str,
        records: Callable[[Entry], Sequence[Outgoing]],
        *,
        json: bool,
        **about: str,
    ) -> None:
        view = LogView.connect(bootstrap)
        chosen = select(entries_of(view), subject)
        for entry in chosen:
            # the audit record first: an action that is not written down does not happen
            target = str(entry.data.get("target") or "")
            view.send([audit(f"{what} {verb}", entry.key, why, document=entry.document, target=target, **about)])
            view.send(records(entry))
            if not json:
                console().print(f"{verb}: {entry.document or entry.key} ({target or 'no target'})", markup=False)
        if json:
            print_json([{"done": verb, **entry.summary()} for entry in chosen])

    return app


def evidence(view: LogView, entry: Entry) -> list[dict[str, Any]]:
    """What was sent of the entry's event and what came back, as its effect says: time, step, outcome, reply."""
    return list(effect_of(view, entry).get("attempts") or ())


def effect_of(view: LogView, entry: Entry) -> dict[str, Any]:
    """The newest effect record of the entry's document, where it is of the entry's event; else an empty one."""
    data = entry.data
    system, _, instance = str(data.get("target") or "").partition(":")
    key = f"{instance}:{data['entity']}:{data['canonical_id']}".encode()
    found = [body(each) for each in view.records(f"effect.{system}", entry.partition) if each.key == key]
    return found[-1] if found and found[-1].get("event_id") == data["event_id"] else {}


def refuse_under_way(view: LogView, chosen: Sequence[Entry]) -> None:
    """Raises CommandError when a write of one of them is under way: it may be booked in this very moment."""
    for entry in chosen:
        if effect_of(view, entry).get("state") == "intent":
            raise CommandError(
                f"a write of {entry.document or entry.key} to {entry.data.get('target')} is under way, or was cut off "
                "and will be read back: try again in a minute; `penstock trace` shows it",
                Exit.NO,
            )


def show_entry(told: Mapping[str, Any]) -> None:
    out = console()
    shown = dict(told)
    verdicts, sums = shown.pop("verdicts", None) or [], shown.pop("arithmetic", None) or []
    attempts = shown.pop("evidence", None) or []
    for name, value in shown.items():
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        out.print(f"{name:13} {text}", markup=False)
    if sums:
        width = max(len(str(amount)) for _, amount in sums)
        print_table(("the sum", "amount".rjust(width)), [(label, str(amount).rjust(width)) for label, amount in sums])
    if verdicts:
        print_table(list(verdicts[0]), [list(verdict.values()) for verdict in verdicts])
    if attempts:
        print_table(list(attempts[0]), [list(attempt.values()) for attempt in attempts])
    out.print()
