"""How a replay shows what it does and what came of it."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from penstock.cli.output import console, print_json, print_table
from penstock.replay.diff import Changed, Report
from penstock.replay.runs import Run
from penstock.replay.session import Sent
from penstock.replay.xref import Rebuilt


class _Speed(ProgressColumn):
    """Documents a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f}/s", style="progress.data.speed")


@contextmanager
def progress(what: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and remaining time on stderr, where that is a terminal."""
    out = console(stderr=True)
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        _Speed(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)

        def advance(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        yield advance


def show_report(report: Report, *, json: bool, left: Counter[str] | None = None, would_send: int | None = None) -> None:
    """What the mapping makes otherwise now; `left`, `would_send`: what a run would do about it."""
    if json:
        print_json(
            {
                "versions": dict(report.ends),
                "fields": [
                    {
                        "entity": entity,
                        "field": path,
                        "documents": changed.documents,
                        "examples": [
                            {"document": each.document, "was": each.was, "now": each.now} for each in changed.examples
                        ],
                    }
                    for (entity, path), changed in by_count(report)
                ],
                "stopped": [{"entity": e, "why": why, "documents": n} for (e, why), n in report.stopped.most_common()],
                "left": dict(left or {}),
                "would_send": would_send,
            }
        )
        return
    out = console()
    if report.ends:
        print_table(("versions", ""), sorted(report.ends.items()))
    if report.changed:
        out.print()
        rows = [
            (entity, path, changed.documents if index == 0 else None, example.document, example.was, example.now)
            for (entity, path), changed in by_count(report)
            for index, example in enumerate(changed.examples)
        ]
        print_table(("entity", "field that differs", "documents", "for example", "on the log", "now"), rows)
    if report.stopped:
        out.print()
        print_table(("entity", "not compared", "documents"), ((*key, n) for key, n in report.stopped.most_common()))
    show_left(left)
    if would_send is not None:
        out.print(f"{would_send} documents would be sent", markup=False)


def by_count(report: Report) -> list[tuple[tuple[str, str], Changed]]:
    return sorted(report.changed.items(), key=lambda each: (-each[1].documents, each[0]))


def show_left(left: Counter[str] | None) -> None:
    if left:
        console().print()
        print_table(("left as they are", "documents"), left.most_common())


def show_sent(run: Run, sent: Sent, *, json: bool) -> None:
    """How a run ended."""
    if json:
        versions = dict(sent.report.ends) if sent.report is not None else None
        print_json({"run": run.name, "ends": dict(sent.ends), "left": dict(sent.left), "versions": versions})
        return
    if sent.report is not None and sent.report.ends:
        print_table(("versions", ""), sorted(sent.report.ends.items()))
        console().print()
    print_table(("ended", "documents"), sorted(sent.ends.items()), title=f"run {run.name}")
    show_left(sent.left)


def show_xref(found: Rebuilt, *, written: bool, json: bool) -> None:
    if json:
        counts = {"present": dict(found.present), "missing": dict(found.missing)}
        print_json({**counts, "written": written, "conflicts": found.conflicts})
        return
    entities = sorted({*found.present, *found.missing})
    print_table(
        ("links of", "there", "written" if written else "missing"),
        ((entity, found.present[entity], found.missing[entity]) for entity in entities),
    )
    for conflict in found.conflicts:
        console().print(conflict, markup=False)


def show_runs(found: Sequence[Run], now: datetime, *, json: bool) -> None:
    states = [(run, "works" if run.alive(now) else "cut off") for run in found]
    if json:
        print_json(
            [
                {"run": run.name, "mode": run.mode, "flow": run.flow, "targets": run.targets, "state": state}
                | {"who": run.who, "why": run.why, "at": run.at, "beat": run.beat, "selection": run.selection}
                for run, state in states
            ]
        )
    elif found:
        print_table(
            ("run", "mode", "targets", "state", "who", "why", "since"),
            ((r.name, r.mode, ", ".join(r.targets), state, r.who, r.why, r.at) for r, state in states),
        )
    else:
        console().print("no run is open")
