"""A service of a flow in a folder of its own: `python -m tests.integration.flow_worker processors FOLDER two`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.unit.flow.world import resource_of

import penstock.flow.load
from penstock.processors.main import run as processors
from penstock.sinks.main import run as sinks


def main(service: str, folder: Path, flow: str) -> None:
    penstock.flow.load.resource = resource_of(folder)
    sys.argv = [sys.argv[0]]  # Faust reads them too
    run = {"processors": processors, "sinks": sinks}[service]
    run(flow, "sandbox", "127.0.0.1", 0, None)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
