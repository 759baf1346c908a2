"""`crash-report.md`: which steps exist, which were covered, what was run, and every difference in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Part = Mapping[str, Any]
"""What `matrix_result.as_json` wrote of one flow."""
SLOWEST = 10


def uncovered(parts: Sequence[Part], existing: Mapping[str, Sequence[str]]) -> list[str]:
    """Steps at which no fault has come about."""
    reached = {_step(each) for part in parts for each in part["results"] if each["reached"]}
    return sorted(set(existing) - reached)


def differences(parts: Sequence[Part]) -> list[str]:
    """Markdown rows: one per run that did not end as the clean runs."""
    rows = []
    for part in parts:
        for each in part["results"]:
            if each["differences"]:
                said = "; ".join(each["differences"]).replace("|", "/")
                rows.append(f"| {part['flow']} | {each['service']} | `{each['fault']}` | {said} |")
    return rows


def report(parts: Sequence[Part], existing: Mapping[str, Sequence[str]], seed: int, machine: str) -> str:
    """The whole file."""
    runs = [each for part in parts for each in part["results"]]
    reached = [each for each in runs if each["reached"]]
    missing, wrong = uncovered(parts, existing), differences(parts)
    lines = [
        "# Crash report",
        "",
        "Written by `make crash`; what it means is in docs/delivery.md, section Crash matrix.",
        "",
        "| | |",
        "|---|---|",
        f"| machine | {machine} |",
        f"| seed | {seed} |",
        f"| steps existing | {len(existing)} |",
        f"| steps covered | {len(existing) - len(missing)} |",
        f"| runs planned | {sum(part['planned'] for part in parts)} |",
        f"| runs | {len(runs)} |",
        f"| runs in which the fault came about | {len(reached)} |",
        f"| runs that ended otherwise than the clean ones | {len(wrong)} |",
        *(
            f"| {part['flow']} | {len(part['results'])} runs in {part['seconds'] / 60:.0f} min, "
            f"{part['ignored']} columns of ids and times not compared |"
            for part in parts
        ),
        "",
        "## Differences",
        "",
        *(("| flow | service | fault | difference |", "|---|---|---|---|", *wrong) if wrong else ("None.",)),
        "",
        "## The slowest runs",
        "",
        "| flow | service | fault | seconds |",
        "|---|---|---|---|",
        *_slowest(parts),
        "",
        "## Steps",
        "",
        "| step | where | kill | stop | raise | broker-kill | broker-freeze |",
        "|---|---|---|---|---|---|---|",
        *_steps(reached, existing),
        "",
    ]
    if missing:
        lines += ["Not covered: " + ", ".join(f"`{name}`" for name in missing) + ".", ""]
    return "\n".join(lines)


def _slowest(parts: Sequence[Part]) -> list[str]:
    runs = [(each["seconds"], part["flow"], each) for part in parts for each in part["results"]]
    slowest = sorted(runs, key=lambda run: run[0], reverse=True)[:SLOWEST]
    return [f"| {flow} | {each['service']} | `{each['fault']}` | {seconds:.0f} |" for seconds, flow, each in slowest]


def _steps(reached: Sequence[Part], existing: Mapping[str, Sequence[str]]) -> list[str]:
    counted = Counter((_step(each), each["fault"].rpartition(":")[2]) for each in reached)
    actions = ("kill", "stop", "raise", "broker-kill", "broker-freeze")
    return [
        f"| `{name}` | {', '.join(places)} | "
        + " | ".join(str(counted[name, action] or "") for action in actions)
        + " |"
        for name, places in existing.items()
    ]


def _step(result: Part) -> str:
    return str(result["fault"].partition(":")[0])
