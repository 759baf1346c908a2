"""`penstock dlq retry|edit|discard|preview`: what a person does about dead letters.

Order of the records of every action: first the audit record of what is meant, then the deed, and once the broker has
it, the audit record that closes the letter. A crash in between leaves the letter open and never loses it; what is then
done twice is the same event, which is applied once.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from penstock.cli.dlq_edit import edited_bytes
from penstock.cli.dlq_query import Place, Places, Stage, Where, chosen_by, in_key_order, query_of
from penstock.cli.errors import CommandError, Exit
from penstock.cli.letters import (
    MOST_RETRIES,
    again,
    attempts_of,
    closing,
    discarding,
    edited,
    event_of,
    fates_of,
    find,
    find_all,
    name_of,
    open_letters,
    passed_over,
    sha256,
    today,
)
from penstock.cli.logview import LogView, Outgoing, Why, audit, header
from penstock.cli.options import Bootstrap, Json, reachable
from penstock.cli.output import console, print_json
from penstock.log.scan import Record

AT_ONCE = 500
"""Letters per round of acknowledgements."""

Again = Annotated[bool, typer.Option("--again", help="Also those that were dealt with, or that keep coming back.")]
RegistryUrl = Annotated[str | None, typer.Option("--registry", help="Schema registry. Default: PENSTOCK_REGISTRY_URL.")]
File = Annotated[Path | None, typer.Option("--file", help="The edited document, as `show --document --json` has it.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="/json/pointer=VALUE in the document; may be repeated. VALUE is JSON or text."),
]


def register(app: typer.Typer) -> None:
    """Puts the commands under `penstock dlq`."""
    app.command(
        epilog="Examples: `penstock dlq retry processors-2-17 --why 'mapping fixed'`, "
        "`penstock dlq retry --where class=UnknownCode,since=2h --why 'table completed'`, "
        "`penstock dlq retry --all --stage processors --why 'mapping fixed'`"
    )(retry)
    app.command(
        epilog="Examples: `penstock dlq edit processors-2-17 --why 'address typed in wrongly'` (opens $EDITOR), "
        "`penstock dlq edit processors-2-17 --set /parts/0/body/order/id_carrier=3 --why 'carrier is gone'`"
    )(edit)
    app.command(
        epilog="Examples: `penstock dlq discard processors-2-17 --why 'a test order'`, "
        "`penstock dlq discard --where cause=3fa2c1 --why 'written by a script'`"
    )(discard)
    app.command(epilog="Example: `penstock dlq preview processors-2-17 --env production`")(preview)


def retry(
    why: Why,
    places: Places = None,
    every: Annotated[bool, typer.Option("--all", help="All open dead letters (of --stage).")] = False,
    where: Where = "",
    stage: Stage = None,
    once_more: Again = False,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Publish the original bytes to the topic they came from, with their headers, in the order of their keys.

    Exit code 1 when one of them was not retried: dealt with already, or back for the fourth time (--again).
    """
    view = LogView.connect(bootstrap)
    chosen, left = _chosen(view, places, where, stage, every=every, once_more=once_more)
    looping = [] if once_more else [letter for letter in chosen if attempts_of(letter) > MOST_RETRIES]
    left |= {
        name_of(letter): f"has failed {attempts_of(letter)} times: correct the cause first, or give --again"
        for letter in looping
    }
    chosen = [letter for letter in chosen if letter not in looping]
    done = deal_with(
        view, chosen, "dlq retry", "dlq retried", why, lambda letter: [*closing(letter, today()), again(letter)]
    )
    _report("retried", done, left, json=json)


def discard(
    why: Why,
    places: Places = None,
    where: Where = "",
    stage: Stage = None,
    bootstrap: Bootstrap = None,
    json: Json = False,
) -> None:
    """Give letters up: their events get the final fate `discarded`. The bytes stay until the topic drops them."""
    view = LogView.connect(bootstrap)
    chosen, left = _chosen(view, places, where, stage, publish=False)
    fates = fates_of(chosen, view.records("fate")) if chosen else {}

    def deed(letter: Record) -> list[Outgoing]:
        return discarding(letter, fates.get(event_of(letter), []), why, today())

    done = deal_with(view, chosen, "dlq discard", "dlq discarded", why, deed)
    _report("discarded", done, left, json=json)


def edit(
    place: Place,
    why: Why,
    file: File = None,
    sets: Sets = None,
    as_bytes: Annotated[
        bool, typer.Option("--as-bytes", help="--file holds the bytes to publish, not a document.")
    ] = False,
    once_more: Again = False,
    bootstrap: Bootstrap = None,
    registry_url: RegistryUrl = None,
) -> None:
    """Retry a letter with other bytes: by --set, from --file, or in $EDITOR. The original stays in the letter.

    It remains the same version of the document: a later one of the source still wins.
    """
    view = LogView.connect(bootstrap)
    letter = find(view, place)
    if reason := passed_over(view, [letter], once_more=once_more).get(name_of(letter)):
        raise CommandError(f"{place}: {reason}; an edit would change nothing", Exit.NO)
    value = edited_bytes(view, letter, file, sets or [], registry_url, as_bytes=as_bytes)
    if value == letter.value:
        raise CommandError("nothing was changed: `penstock dlq retry` publishes it as it is", Exit.NO)
    hashes = {"original_sha256": sha256(letter.value), "edited_sha256": sha256(value)}
    done = deal_with(
        view,
        [letter],
        "dlq edit",
        "dlq retried",
        why,
        lambda each: [*closing(each, today()), edited(each, value, why)],
        **hashes,
    )
    _report("edited and retried", done, {}, json=False)


def preview(
    place: Place,
    file: File = None,
    sets: Sets = None,
    flow: Annotated[str | None, typer.Option(help="Flow that decides; default: the letter's own.")] = None,
    env: Annotated[str, typer.Option(help="Name of a file in flows/FLOW/env/.")] = "sandbox",
    bootstrap: Bootstrap = None,
    registry_url: RegistryUrl = None,
    json: Json = False,
) -> None:
    """The exact requests that a retry would send to each target, against its real state; nothing is written.

    With --set or --file: as if it were edited so. The requests hold the document, personal data included.
    """
    from penstock.cli.previews import preview_of, print_previews  # noqa: PLC0415 - it loads flows and connectors

    view = LogView.connect(bootstrap)
    letter = find(view, place)
    made = again(letter)
    if file is not None or sets:
        made.value = edited_bytes(view, letter, file, sets or [], registry_url, as_bytes=False)
    target = header(letter, "dlq-target") or None
    with reachable():
        found = asyncio.run(preview_of(view, made, flow or header(letter, "flow"), env, registry_url, target))
    print_previews(found, json=json)


def deal_with(
    view: LogView,
    letters: Sequence[Record],
    meant: str,
    done: str,
    why: str,
    deed: Any,
    **more: str,
) -> list[Record]:
    """Does the deed for each letter, in order; gives those that it was done for."""
    for start in range(0, len(letters), AT_ONCE):
        some = letters[start : start + AT_ONCE]
        deeds = [record for letter in some for record in deed(letter)]
        view.send([audit(meant, name_of(letter), why, event=event_of(letter), **more) for letter in some])
        view.send(deeds)
        view.send([audit(done, name_of(letter), why) for letter in some])
    return list(letters)


def _chosen(
    view: LogView,
    places: Sequence[str] | None,
    where: str,
    stage: str | None,
    *,
    every: bool = False,
    once_more: bool = False,
    publish: bool = True,
) -> tuple[list[Record], dict[str, str]]:
    """The letters meant, in key order, and why others are passed over. Raises CommandError when nothing is named."""
    if bool(places) + bool(every) + bool(where) != 1:
        raise CommandError("name dead letters, or give --where (or, for a retry, --all)", Exit.USAGE)
    found = find_all(view, places) if places else chosen_by(query_of(where, today()), open_letters(view, stage))
    left = passed_over(view, found, once_more=once_more, publish=publish)
    return list(in_key_order(letter for letter in found if name_of(letter) not in left)), left


def _report(what: str, done: Sequence[Record], left: dict[str, str], *, json: bool) -> None:
    if json:
        print_json({"done": what, "letters": [name_of(letter) for letter in done], "passed_over": left})
    else:
        out = console()
        for letter in done:
            out.print(f"{what} {name_of(letter)} to {header(letter, 'dlq-topic')}", markup=False)
        for name, reason in left.items():
            out.print(f"not {what}: {name} {reason}", markup=False)
        out.print(f"{len(done)} {what}, {len(left)} passed over" if done or left else "no dead letters")
    if left:
        raise typer.Exit(Exit.NO)
