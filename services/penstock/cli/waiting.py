"""`penstock parked` and `penstock holds`: records that wait for a condition or a person, listed and acted upon."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView, Outgoing, Why, audit, body, from_base64
from penstock.cli.options import Bootstrap, Json
from penstock.cli.output import console, print_json, print_table
from penstock.log.fates import Fate, FateState

Subject = Annotated[
    str, typer.Argument(help="Key, our reference (PS1-41), canonical id or event id, as `list` shows them.")
]


@dataclass(frozen=True, slots=True)
class Entry:
    """One open entry; `topic` as on the cluster, `data` as in docs/operations.md."""

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

    def summary(self) -> dict[str, Any]:
        """What is shown of it: never the record that it carries, which may hold personal data."""
        return {"key": self.key} | {name: value for name, value in self.data.items() if name != "republish"}


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


def again(entry: Entry, **marks: str) -> Outgoing:
    """The record that waits, to be published again with its own headers and these `marks`."""
    carried = entry.data["republish"]
    headers = {**carried["headers"], "retry": str(int(carried["headers"].get("retry", 0)) + 1), **marks}
    key, value = from_base64(carried["key_base64"]), from_base64(carried["value_base64"])
    return Outgoing(carried["topic"], key, value, headers, exact=True)


def rejected(entry: Entry, why: str, at: datetime) -> list[Outgoing]:
    """The tombstone of the entry, behind the fate that ends its event."""
    data = entry.data
    fate = Fate(
        event_id=data["event_id"],
        canonical_id=data["canonical_id"],
        target=data.get("target") or "",
        state=FateState.DISCARDED,
        reason=f"rejected by a person: {why}",
        where="cli",
        entity=data["entity"],
        at=at,
        attempts=int(data.get("attempts") or 0),
    )
    key, value = fate.encode()
    tombstone = Outgoing(entry.topic, entry.key.encode(), None, partition=entry.partition, exact=True)
    return [Outgoing("fate", key, value), tombstone]


def waiting_app(what: str, start: str, reason: str) -> typer.Typer:
    """The commands over one kind of entry. `what` is the command's name, `reason` heads the column of `on`."""
    app = typer.Typer(no_args_is_help=True, help=f"Records that are {'held' if what == 'holds' else 'parked'}.")

    @app.command("list", epilog=f"Examples: `penstock {what} list`, `penstock {what} list --json | jq '.[].key'`")
    def list_(bootstrap: Bootstrap = None, json: Json = False) -> None:
        """What is open now, the oldest first. Exit code 1 when there is anything."""
        found = entries(LogView.connect(bootstrap), start)
        if json:
            print_json([entry.summary() for entry in found])
        elif found:
            columns = ("document", "target", "entity", reason, "reason", "since", "attempts", "event id")
            names = ("document", "target", "entity", "on", "reason", "since", "attempts", "event_id")
            print_table(columns, ([entry.data.get(name) for name in names] for entry in found))
        else:
            console().print(f"nothing is {'held' if what == 'holds' else 'parked'}")
        if found:
            raise typer.Exit(Exit.NO)

    @app.command(epilog=f"Example: `penstock {what} show PS1-41`")
    def show(subject: Subject, bootstrap: Bootstrap = None, json: Json = False) -> None:
        """Everything about an entry but the record that it carries: verdicts, attempts, times."""
        chosen = select(entries(LogView.connect(bootstrap), start), subject)
        if json:
            print_json([entry.summary() for entry in chosen])
            return
        for entry in chosen:
            show_entry(entry)

    @app.command(epilog=f"Example: `penstock {what} retry PS1-41 --why 'the item exists now'`")
    def retry(subject: Subject, why: Why, bootstrap: Bootstrap = None) -> None:
        """Try it again now. The entry stays open until the record has a fate."""
        act(bootstrap, subject, why, "retry", lambda entry: [again(entry)])

    @app.command(epilog=f"Example: `penstock {what} release PS1-41 --why 'checked with the buyer' --rule totals`")
    def release(
        subject: Subject,
        why: Why,
        rule: Annotated[str, typer.Option(help="Only this rule is waived; * waives all.")] = "*",
        bootstrap: Bootstrap = None,
    ) -> None:
        """Let it pass although a rule held it."""
        act(bootstrap, subject, why, "release", lambda entry: [again(entry, released=rule)])

    @app.command(epilog=f"Example: `penstock {what} reject PS1-41 --why 'a test order'`")
    def reject(subject: Subject, why: Why, bootstrap: Bootstrap = None) -> None:
        """Give it up: its fate is `discarded`, for good."""
        act(bootstrap, subject, why, "reject", lambda entry: rejected(entry, why, datetime.now(UTC)))

    def act(
        bootstrap: str | None, subject: str, why: str, verb: str, records: Callable[[Entry], Sequence[Outgoing]]
    ) -> None:
        view = LogView.connect(bootstrap)
        for entry in select(entries(view, start), subject):
            # the audit record first: an action that is not written down does not happen
            view.send([audit(f"{what} {verb}", entry.key, why)])
            view.send(records(entry))
            console().print(
                f"{verb}: {entry.document or entry.key} ({entry.data.get('target') or 'no target'})", markup=False
            )

    return app


def show_entry(entry: Entry) -> None:
    out = console()
    shown = entry.summary()
    verdicts = shown.pop("verdicts", None) or []
    for name, value in shown.items():
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        out.print(f"{name:13} {text}", markup=False)
    if verdicts:
        print_table(list(verdicts[0]), [list(verdict.values()) for verdict in verdicts])
    out.print()
