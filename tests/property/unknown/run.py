"""The table of docs/delivery.md, "Unknown outcomes": `python -m tests.property.unknown.run --creates 2000`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.property.unknown.blind import Blind
from tests.property.unknown.campaign import Campaign, Tally
from tests.property.unknown.kinds import KINDS, Kind

HEAD = "| write | creates | replies lost | killed | frozen | doubled | lost | listed | inside | doubled then |"
"""inside: frozen between the last look at the send window and the socket, and thawed after the other had finished."""


def row(kind: type[Kind], tally: Tally, inside: Tally) -> str:
    cells = [
        kind.name,
        tally.writes,
        tally.replies_lost,
        tally.killed,
        tally.frozen,
        len(tally.doubled),
        len(tally.lost),
        tally.listed,
        tally.inside + inside.inside,
        tally.doubled_inside + inside.doubled_inside + len(inside.doubled),
    ]
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    """1 when a write was doubled outside of the named window, or lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--creates", type=int, default=2000)
    parser.add_argument("--inside", type=int, default=100, help="writes frozen inside the socket write, for each kind")
    parser.add_argument("--only", default="", help="part of a kind's name")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    sys.stdout.write(f"{HEAD}\n|{'---|' * 10}\n")
    bad = 0
    for kind in (*KINDS, Blind):
        if args.only.lower() not in kind.name.lower():
            continue
        began = time.monotonic()
        tally = Campaign(kind, args.seed).run(args.creates)
        inside = Campaign(kind, args.seed, everywhere=False).run(args.inside)
        sys.stdout.write(row(kind, tally, inside) + "\n")
        sys.stdout.flush()
        sys.stderr.write(f"{kind.name}: {time.monotonic() - began:.0f} s\n")
        wrong = [*tally.doubled, *tally.lost, *inside.lost, *inside.doubled]
        if wrong:
            sys.stderr.write(
                f"  doubled {tally.doubled[:5]} {inside.doubled[:5]}, lost {tally.lost[:5]} {inside.lost[:5]}\n"
            )
        bad += len(wrong)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
