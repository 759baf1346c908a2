"""The processors of the flow `two` in a folder of its own: `python -m tests.integration.route_worker FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.unit.flow.world import resource_of

import penstock.flow.load
from penstock.processors.main import run


def main(folder: Path) -> None:
    penstock.flow.load.resource = resource_of(folder)
    sys.argv = [sys.argv[0]]  # Faust reads them too
    run("two", "sandbox", "127.0.0.1", 0, None)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
