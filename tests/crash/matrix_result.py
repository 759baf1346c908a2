"""What the runs of a flow have found."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.crash.matrix_plan import Fault

from penstock.checkpoints import Arming


@dataclass(frozen=True, slots=True)
class Result:
    """`reached`: the fault came about. `differences` in words; none when all ended as in the clean runs."""

    fault: Fault
    reached: bool
    differences: Sequence[str]
    seconds: float


@dataclass(slots=True)
class Certified:
    """Of one flow. `planned`: how many runs there are to be. `hits`: steps that the clean runs came by, per service."""

    flow: str
    planned: int = 0
    results: list[Result] = field(default_factory=list)
    hits: dict[str, Counter[str]] = field(default_factory=dict)
    ignored: int = 0
    seconds: float = 0.0


def as_json(done: Certified) -> str:
    return json.dumps(
        {
            "flow": done.flow,
            "planned": done.planned,
            "ignored": done.ignored,
            "seconds": done.seconds,
            "hits": {service: dict(counted) for service, counted in done.hits.items()},
            "results": [
                {
                    "service": each.fault.service,
                    "fault": str(each.fault.arming),
                    "reached": each.reached,
                    "differences": list(each.differences),
                    "seconds": round(each.seconds, 1),
                }
                for each in done.results
            ],
        },
        indent=1,
    )


def good_of(text: str) -> tuple[list[Result], float]:
    """Of an earlier `as_json`: the runs that need not be repeated, and the seconds that all of them took."""
    data = json.loads(text)
    good = [
        Result(Fault(each["service"], Arming.parse(each["fault"])), each["reached"], (), each["seconds"])
        for each in data["results"]
        if not each["differences"]
    ]
    return good, data["seconds"]
