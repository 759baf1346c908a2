"""`penstock status`: is all well, and if not, what needs a person."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from confluent_kafka import KafkaException

from penstock.cli.errors import CommandError, Exit
from penstock.cli.letters import open_letters
from penstock.cli.logview import LogView, body
from penstock.cli.options import Bootstrap, Json
from penstock.cli.output import console, print_json, print_table
from penstock.cli.pauses import paused_now
from penstock.cli.waiting import entries
from penstock.log.fates import Fate, collapse
from penstock.log.offsets import LATEST, group_offsets, offsets
from penstock.log.scan import Record

app = typer.Typer(add_completion=False)


@app.command(epilog="Examples: `penstock status`, `penstock status --check || mail ...`, `penstock status --json`")
def status(
    check: Annotated[bool, typer.Option("--check", help="Exit code 1 when something needs a person.")] = False,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Lag per consumer group, counts of fates, what is parked, held or dead-lettered, open intents, outages, pauses."""
    view = LogView.connect(bootstrap)
    found = collect(view)
    problems = needs_a_person(found)
    if json:
        print_json({**found, "problems": problems})
    else:
        show(found, problems)
    if check and problems:
        raise typer.Exit(Exit.NO)


def collect(view: LogView) -> dict[str, Any]:
    waiting = {name: entries(view, start) for name, start in (("parked", "parked."), ("held", "hold"))}
    return {
        "lag": lag(view),
        "fates": fates(view.records("fate")),
        "parked": [entry.summary() for entry in waiting["parked"]],
        "held": [entry.summary() for entry in waiting["held"]],
        "dead_letters": len(open_letters(view)),
        "open_intents": open_intents(view),
        "outages": outages(view.records("alert")),
        "pauses": [dict(each) for each in paused_now(view)],
    }


def lag(view: LogView) -> dict[str, int]:
    """Records that each group of penstock has still to read. Raises CommandError when the broker does not say."""
    try:
        groups = [
            group.group_id
            for group in view.admin.list_consumer_groups(request_timeout=10).result().valid
            if group.group_id.startswith(f"{view.settings.topic_prefix}penstock.")
        ]
        read = {group: group_offsets(view.admin, group) for group in groups}
        ends = offsets(view.admin, {place for each in read.values() for place in each}, LATEST)
    except KafkaException as error:
        raise CommandError(f"the broker does not say how far its groups are: {error}", Exit.UNREACHABLE) from error
    return {
        group: sum(ends[place] - max(offset, 0) for place, offset in each.items())
        for group, each in sorted(read.items())
    }


def is_quiet(view: LogView) -> bool:
    """Whether every group has read everything and no write is under way. Alerts may wait for their window."""
    behind = any(count for group, count in lag(view).items() if ".alerts." not in group)
    return not behind and not open_intents(view)


def fates(records: Iterable[Record]) -> dict[str, int]:
    """Fates that hold now, by state and by target: `applied infor:DALS` -> 41."""
    known = [Fate.decode(record.key, record.value) for record in records if record.key and record.value]
    counted = Counter(f"{fate.state} {fate.target or fate.where}" for fate in collapse(known).values())
    return dict(sorted(counted.items()))


def open_intents(view: LogView) -> list[dict[str, Any]]:
    """Writes that nobody has closed: under way, or cut off."""
    out = []
    for topic in view.topics("effect."):
        for key, record in view.latest(topic).items():
            said = body(record)
            if said.get("state") == "intent":
                target = topic.removeprefix("effect.")
                out.append({"target": target, "key": key, "opened_at": said.get("opened_at")})
    return out


def outages(records: Iterable[Record]) -> list[dict[str, Any]]:
    """Targets whose latest outage alert has not been called off."""
    latest: dict[str, dict[str, Any]] = {}
    for record in sorted(records, key=lambda record: record.at):
        said = body(record)
        if str(said.get("kind", "")).startswith("outage"):
            latest[str(said.get("target"))] = said
    return [said for said in latest.values() if said["kind"] == "outage"]


def needs_a_person(found: Mapping[str, Any]) -> list[str]:
    """Sentences. Lag and open intents alone are no reason: they are work under way."""
    said = []
    if found["held"]:
        clears = sum(1 for each in found["held"] if each.get("clears_on"))
        alone = f" ({clears} until stock, credit or the like lets them pass)" if clears else ""
        said.append(f"{len(found['held'])} records are held{alone}: `penstock holds list`")
    if unknown := sum(1 for each in found["held"] if each.get("rule") == "unknown"):
        said.append(f"{unknown} of them were sent, and nobody knows what became of them: `penstock parked list`")
    if found["parked"]:
        said.append(f"{len(found['parked'])} records are parked: `penstock parked list`")
    if found["dead_letters"]:
        said.append(f"{found['dead_letters']} dead letters: `penstock dlq groups`")
    said += [f"{each['target']} is out since {each['at']}: {each['reason']}" for each in found["outages"]]
    return said


def show(found: Mapping[str, Any], problems: Iterable[str]) -> None:
    out = console()
    print_table(("consumer group", "lag"), found["lag"].items())
    out.print()
    print_table(("fate", "events"), found["fates"].items())
    out.print()
    counts = {name: len(found[name]) for name in ("parked", "held", "open_intents", "outages", "pauses")}
    print_table(("open now", ""), [*counts.items(), ("dead letters", found["dead_letters"])])
    for each in found["pauses"]:
        out.print(
            f"{each['kind']} {each['name']} is paused since {each['at']} by {each['who']}: {each['why']}", markup=False
        )
    out.print()
    for problem in problems:
        out.print(problem, markup=False)
