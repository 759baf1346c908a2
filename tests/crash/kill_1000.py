"""1,000 orders, ten kills of each service at random moments: `python tests/crash/kill_1000.py --flow clarity-sage100`.

Exit code 0 only if the ERP holds every order once, or a hold says why, and the sums are equal to the cent.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.crash.killing import kill_among_orders

from penstock.cli.run import DEFAULT_FLOW
from penstock.cli.stack import SERVICES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flow", default=DEFAULT_FLOW)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=10, help="of each service")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--timeout", type=float, default=1800, help="seconds to settle after the last kill")
    parser.add_argument(
        "--plain", action="store_true", help="only orders that the ERP must hold in the end, all of them"
    )
    given = parser.parse_args()

    kills = [name for name in SERVICES for _ in range(given.kills)]
    random.Random(given.seed).shuffle(kills)
    data = Path(tempfile.mkdtemp(prefix="penstock-kill-"))
    began = time.monotonic()
    outcome = kill_among_orders(
        data, given.orders, given.seed, kills, flow=given.flow, timeout=given.timeout, plain=given.plain, tell=_tell
    )
    _tell(f"{time.monotonic() - began:.0f} s, {outcome.restarts} restarts")
    for name, value in outcome.books.as_json().items():
        if name not in {"reasons", "problems"}:
            _tell(f"{name:18} {value}")
    for line in dict.fromkeys([*outcome.books.problems, *outcome.unsettled]):
        _tell(line)
    good = outcome.books.balanced and not outcome.unsettled
    good &= not given.plain or outcome.books.counts["booked_once"] == given.orders
    _tell("the books balance" if good else f"the books do not balance; logs are in {data}")
    if good:
        shutil.rmtree(data)
    return 0 if good else 1


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
