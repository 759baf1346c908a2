"""Which dead letters a command is about: by name, or by a query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer

from penstock.cli.alerts import span
from penstock.cli.errors import CommandError, Exit
from penstock.cli.letters import cause, died_at, event_of, key_order, name_of, stage_of
from penstock.cli.logview import header
from penstock.log.scan import Record
from penstock.mapping.errors import nearest

Stage = Annotated[str | None, typer.Option(help="ingress, processors or sinks; default: all.")]
Place = Annotated[str, typer.Argument(help="STAGE-PARTITION-OFFSET as `list` shows it, e.g. processors-2-17.")]
Places = Annotated[
    list[str] | None, typer.Argument(help="STAGE-PARTITION-OFFSET as `list` shows them; several may be given.")
]
Where = Annotated[
    str,
    typer.Option(
        help="Query: stage=…,class=…,rule=…,cause=…,key=…,topic=…,since=…,until=…; all must hold. since: 2h or a time."
    ),
]
NAMES = ("stage", "class", "rule", "cause", "key", "topic", "since", "until")


@dataclass(frozen=True, slots=True)
class Query:
    """Empty texts ask for nothing."""

    stage: str = ""
    error_class: str = ""
    rule: str = ""
    cause: str = ""
    key: str = ""
    topic: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, record: Record) -> bool:
        found = cause(record)
        said = (stage_of(record), found.error_class, found.rule, found.id)
        wanted = (self.stage, self.error_class, self.rule, self.cause)
        if any(want not in {"", value} for want, value in zip(wanted, said, strict=True)):
            return False
        if self.topic and not header(record, "dlq-topic").endswith(self.topic):
            return False
        if self.key and self.key not in _names(record):
            return False
        at = died_at(record)
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


def query_of(text: str, now: datetime) -> Query:
    """Raises CommandError naming what is wrong.

    >>> query_of("stage=sinks,class=KeyError", datetime(2026, 3, 1)).error_class
    'KeyError'
    """
    given: dict[str, str] = {}
    for pair in filter(None, (each.strip() for each in text.split(","))):
        name, equals, value = pair.partition("=")
        if not equals or name not in NAMES or not value:
            raise CommandError(f"--where {pair!r}: write NAME=VALUE{nearest(name, NAMES)}", Exit.USAGE)
        given[name] = value
    since, until = (_moment(given.pop(name), now) if name in given else None for name in ("since", "until"))
    if "class" in given:
        given["error_class"] = given.pop("class")
    return Query(**given, since=since, until=until)


def chosen_by(query: Query, letters: Iterable[Record]) -> list[Record]:
    return [letter for letter in letters if query.takes(letter)]


def in_key_order(letters: Iterable[Record]) -> Sequence[Record]:
    """Each once; those of one document as they were on the log."""
    return sorted({name_of(letter): letter for letter in letters}.values(), key=key_order)


def _names(record: Record) -> set[str]:
    """By what a person may call the document: the record's key, the native id in it, the event id."""
    key = (record.key or b"").decode("utf-8", "replace")
    return {key, key.rpartition(":")[2], event_of(record), header(record, "dlq-record")}


def _moment(text: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return now - span(text)
    return at if at.tzinfo else at.replace(tzinfo=now.tzinfo)
