"""`penstock dlq`: records that a stage could not work with, with their original bytes."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any

import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.logview import LogView, Outgoing, Why, audit, body, header
from penstock.cli.options import Bootstrap, Json
from penstock.cli.output import console, print_json, print_table
from penstock.ingress.notes import read_note
from penstock.log.fates import Fate, FateState, collapse
from penstock.log.scan import Record
from penstock.log.topics import load_topics
from penstock.records.ids import canonical_id
from penstock.records.raw import EntityRef

KEPT_FROM = "dlq-kept-from"
"""Header of a copy: the letter whose place it takes."""

app = typer.Typer(no_args_is_help=True, help="Dead letters: original bytes and the reason.")

Stage = Annotated[str | None, typer.Option(help="ingress, processors or sinks; default: all.")]
Place = Annotated[str, typer.Argument(help="STAGE-PARTITION-OFFSET as `list` shows it, e.g. processors-2-17.")]


@app.command("list", epilog="Examples: `penstock dlq list`, `penstock dlq list --stage processors --json`")
def list_(stage: Stage = None, bootstrap: Bootstrap = None, json: Json = False) -> None:
    """Dead letters whose event has no final fate and that nobody has retried, the oldest first.

    Exit code 1 when there are any.
    """
    found = [about(record) for record in open_letters(LogView.connect(bootstrap), stage)]
    if json:
        print_json(found)
    elif found:
        columns = ("place", "at", "from", "error class", "error", "attempts", "kept until")
        names = ("place", "at", "from", "error_class", "error", "attempts", "kept_until")
        print_table(columns, ([letter[name] for name in names] for letter in found))
    else:
        console().print("no dead letters")
    if found:
        raise typer.Exit(Exit.NO)


@app.command(epilog="Examples: `penstock dlq show processors-2-17`, `penstock dlq show processors-2-17 --bytes > raw`")
def show(
    place: Place,
    original: Annotated[
        bool, typer.Option("--bytes", help="Write the original bytes to stdout, nothing else.")
    ] = False,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Headers and reason of one dead letter; the bytes only when asked for, they may hold personal data."""
    record = find(LogView.connect(bootstrap), place)
    if original:
        typer.get_binary_stream("stdout").write(record.value or b"")
        return
    shown = {**about(record), "bytes": len(record.value or b""), "headers": dict(_texts(record))}
    if json:
        print_json(shown)
        return
    out = console()
    for name, value in (shown | shown.pop("headers")).items():
        out.print(f"{name:16} {value}", markup=False)


@app.command(
    epilog="Examples: `penstock dlq retry processors-2-17 --why 'mapping fixed'`, "
    "`penstock dlq retry --all --stage processors --why 'mapping fixed'`"
)
def retry(
    why: Why,
    place: Annotated[str, typer.Argument(help="STAGE-PARTITION-OFFSET.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All open dead letters (of --stage).")] = False,
    stage: Stage = None,
    bootstrap: Bootstrap = None,
) -> None:
    """Publish the original bytes to the topic they came from, with their headers."""
    if every == bool(place):
        raise CommandError("name one dead letter, or give --all", Exit.USAGE)
    view = LogView.connect(bootstrap)
    chosen = open_letters(view, stage) if every else [find(view, place)]
    for record in chosen:
        name = name_of(record)
        # the audit record first: it also closes the letter in `list`
        view.send([audit("dlq retry", name, why), *closing(record, datetime.now(UTC)), again(record)])
        console().print(f"retried {name} to {header(record, 'dlq-topic')}", markup=False)
    if not chosen:
        console().print("no dead letters")


@app.command(epilog="Examples: `penstock dlq keep --why 'weekly'`, `penstock dlq keep --days 60 --why 'on leave'`")
def keep(
    why: Why,
    days: Annotated[int, typer.Option(help="Those that would expire within so many days.", min=1)] = 30,
    stage: Stage = None,
    bootstrap: Bootstrap = None,
) -> None:
    """Copy open dead letters forward before they expire; run it weekly, for example from cron."""
    view = LogView.connect(bootstrap)
    until = datetime.now(UTC) + timedelta(days=days)
    chosen = [record for record in open_letters(view, stage) if (end := expires(record)) is not None and end < until]
    for record in chosen:
        name = name_of(record)
        # the copy first: it names the letter whose place it takes, so that a crash loses none and shows none twice
        view.send([forward(record), audit("dlq keep", name, why)])
        console().print(f"kept {name}", markup=False)
    if not chosen:
        console().print(f"no open dead letter expires within {days} days")


def open_letters(view: LogView, stage: str | None = None) -> list[Record]:
    """Dead letters that still need somebody, the oldest first."""
    if stage is not None and f"dlq.{stage}" not in view.topics("dlq."):
        known = ", ".join(topic.removeprefix("dlq.") for topic in view.topics("dlq."))
        raise CommandError(f"there is no stage {stage!r}; there are: {known}", Exit.USAGE)
    found = [record for topic in view.topics("dlq.") for record in view.records(topic)]
    done = retried_letters(view) | {header(record, KEPT_FROM) for record in found}
    found = [
        record for record in found if name_of(record) not in done and stage in {None, name_of(record).rsplit("-", 2)[0]}
    ]
    if found:
        found = still_open(found, view.records("fate"))
    return sorted(found, key=died_at)


def retried_letters(view: LogView) -> set[str]:
    """Names of the dead letters that a person had tried again; what failed again is a new letter."""
    said = (body(record) for record in view.records("audit"))
    return {str(each.get("subject")) for each in said if each.get("what") == "dlq retry"}


def still_open(letters: Sequence[Record], fates: Iterable[Record]) -> list[Record]:
    """Without those whose event has come to its end since: a newer version of the document took their place."""
    wanted = {header(record, "ce_id") for record in letters} - {""}
    known = (Fate.decode(record.key, record.value) for record in fates if record.key and record.value)
    by_event: dict[str, list[Fate]] = {}
    for fate in collapse(fate for fate in known if fate.event_id in wanted).values():
        by_event.setdefault(fate.event_id, []).append(fate)

    def is_open(record: Record) -> bool:
        ends = by_event.get(header(record, "ce_id"), [])
        # a fate that is older than the letter did not know of it
        return not ends or not all(f.state.final for f in ends) or max(f.at for f in ends) < died_at(record)

    return [record for record in letters if is_open(record)]


def died_at(record: Record) -> datetime:
    """When it became a dead letter, however often it was copied forward since."""
    said = header(record, "dlq-at")
    try:
        return datetime.fromisoformat(said) if said else record.at
    except ValueError:
        return record.at


def expires(record: Record) -> datetime | None:
    """When Kafka may drop it; None when `topics.yaml` keeps its topic for ever or does not know it."""
    kept = retention(name_of(record).rsplit("-", 2)[0])
    return record.at + kept if kept else None


@cache
def retention(stage: str) -> timedelta | None:
    """How long the letters of a stage are kept."""
    said = next((topic.config.get("retention.ms") for topic in load_topics() if topic.name == f"dlq.{stage}"), None)
    return timedelta(milliseconds=int(said)) if said and int(said) > 0 else None


def forward(record: Record) -> Outgoing:
    """The same letter, written anew."""
    headers = dict(record.headers) | {KEPT_FROM: name_of(record).encode()}
    return Outgoing(record.topic, record.key or b"", record.value, headers, exact=True)


def closing(record: Record, at: datetime) -> list[Outgoing]:
    """What ends the letter's own fate when it is retried.

    An event of a document keeps its id and gets its fate under it. A notification that is read again is another one,
    at another place: the fate of the first would stay open for ever.
    """
    if header(record, "dlq-stage") != "ingress":
        return []
    try:
        ref: EntityRef | None = read_note(record.value or b"").ref
    except ValueError:
        ref = None
    own_id = canonical_id(ref.system, ref.instance, ref.entity, ref.native_id) if ref else ""
    fate = Fate(
        event_id=header(record, "ce_id"),
        canonical_id=own_id,
        target="",
        state=FateState.SUPERSEDED,
        reason="tried again by a person: what became of the document is the fate of its own event",
        where="cli",
        entity=ref.entity if ref else "",
        at=at,
    )
    key, value = fate.encode()
    return [Outgoing("fate", key, value)]


def find(view: LogView, name: str) -> Record:
    """Raises CommandError when there is no such dead letter."""
    parts = re.fullmatch(r"(?:dlq\.)?([a-z-]+)-(\d+)-(\d+)", name)
    if parts is None:
        raise CommandError(f"{name!r} is not of the form STAGE-PARTITION-OFFSET, e.g. processors-2-17", Exit.USAGE)
    stage, partition, offset = parts[1], int(parts[2]), int(parts[3])
    found = (record for record in view.records(f"dlq.{stage}", partition) if record.offset == offset)
    record = next(found, None)
    if record is None:
        raise CommandError(f"there is no dead letter {name}; `penstock dlq list` shows what there is", Exit.NO)
    return record


def name_of(record: Record) -> str:
    """`STAGE-PARTITION-OFFSET`."""
    return f"{record.topic.rpartition('dlq.')[2]}-{record.partition}-{record.offset}"


def about(record: Record) -> dict[str, Any]:
    """What the reason headers say."""
    from_topic, partition, offset = (header(record, f"dlq-{name}") for name in ("topic", "partition", "offset"))
    return {
        "place": name_of(record),
        "at": header(record, "dlq-at") or record.at.isoformat(),
        "stage": header(record, "dlq-stage"),
        "from": f"{from_topic}-{partition}-{offset}",
        "key": (record.key or b"").decode("utf-8", "replace"),
        "event_id": header(record, "ce_id"),
        "error_class": header(record, "dlq-error-class"),
        "error": header(record, "dlq-error"),
        "attempts": header(record, "dlq-attempts"),
        "kept_until": end.isoformat(timespec="minutes") if (end := expires(record)) else None,
    }


def again(record: Record) -> Outgoing:
    """The original bytes for the topic they came from; of the reason headers only the count of attempts stays."""
    kept = {name: value for name, value in record.headers if not name.startswith("dlq-")}
    topic = header(record, "dlq-topic")
    if not topic:
        raise CommandError(f"{name_of(record)} does not say where it came from: it cannot be retried", Exit.NO)
    if header(record, "dlq-stage") == "processors":
        # a newer version of the document may have been booked since: the old one must not look like the newest
        at = f"{topic}-{header(record, 'dlq-partition')}-{header(record, 'dlq-offset')}"
        kept = {"raw": at.encode(), **kept}
    attempts = header(record, "dlq-attempts").encode()
    return Outgoing(topic, record.key or b"", record.value, {**kept, "dlq-attempts": attempts}, exact=True)


def _texts(record: Record) -> Sequence[tuple[str, str]]:
    return [(name, value.decode("utf-8", "replace")) for name, value in record.headers]
