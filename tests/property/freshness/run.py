"""The long run of docs/delivery.md, "Freshness": `python -m tests.property.freshness.run --examples 20000`."""

from __future__ import annotations

import argparse
import sys
import time

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.property.test_freshness import Histories

CHUNK = 500


def main() -> None:
    """Raises with the counter-example, made small."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--steps", type=int, default=25, help="of a history, at most")
    args = parser.parse_args()
    began, done = time.monotonic(), 0
    while done < args.examples:
        chunk = min(CHUNK, args.examples - done)
        chosen = settings(
            max_examples=chunk,
            stateful_step_count=args.steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        )
        run_state_machine_as_test(Histories, settings=chosen)
        done += chunk
        sys.stdout.write(f"{done} examples, 0 counter-examples, {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
