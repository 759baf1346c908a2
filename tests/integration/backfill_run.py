"""What a first load does to live traffic: `python -m tests.integration.backfill_run --flow clarity-sage100`.

Live orders are placed one after another, first with nothing else to do, then amid the backfill; each is timed from the
checkout to its document in the ERP. Exit code 0 only if every old order is in the ERP once.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.integration.backfill_world import PAIRS, Json, World, taken_over

BETWEEN_SECONDS = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flow", choices=PAIRS, default="prestashop-infor")
    parser.add_argument("--orders", type=int, default=400, help="every other one is in the ERP already")
    parser.add_argument("--live", type=int, default=60, help="live orders without a backfill")
    parser.add_argument("--rate", default="5")
    given = parser.parse_args()
    with taken_over(given.flow, Path(tempfile.mkdtemp(prefix="penstock-backfill-")), given.orders) as world:
        alone, count = live_orders(world, lambda placed: placed < given.live)
        said: list[Json] = []
        load = threading.Thread(target=lambda: said.append(world.backfill("--rate", given.rate)))
        began = time.monotonic()
        load.start()
        amid, more = live_orders(world, lambda _: load.is_alive())
        load.join()
        seconds = time.monotonic() - began
        sys.stdout.write(f"{given.flow}: {given.orders} orders in {seconds:.0f} s, {said[0]['ends']}\n")
        sys.stdout.write(f"live order in the ERP: alone {shown(alone)}; amid the backfill {shown(amid)}\n")
        wrong = [ref for ref in (*world.entered, *world.others, *count, *more) if not once(world, ref)]
        sys.stdout.write(f"not there once: {', '.join(wrong) or 'none'}\n")
        return 1 if wrong else 0


def live_orders(world: World, goes_on: Callable[[int], bool]) -> tuple[list[float], list[str]]:
    """Seconds from checkout to ERP, and the references."""
    seconds: list[float] = []
    references: list[str] = []
    while goes_on(len(references)):
        references.append(world.pair.place(live=True))
        seconds.append(world.booked(references[-1]))
        time.sleep(BETWEEN_SECONDS)
    return seconds, references


def once(world: World, reference: str) -> bool:
    deadline = time.monotonic() + 60
    while list(world.pair.documents(reference).values()) != [reference]:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def shown(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=20)
    return f"{len(seconds)} orders, median {statistics.median(seconds):.2f} s, 95% under {cuts[18]:.2f} s"


if __name__ == "__main__":
    sys.exit(main())
