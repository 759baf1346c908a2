"""`penstock replay` over flows in a folder: `python -m tests.integration.replay_worker FOLDER resync …`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.unit.flow.world import resource_of

import penstock.flow.load
from penstock.cli.main import app


def main(folder: Path, *arguments: str) -> None:
    penstock.flow.load.resource = resource_of(folder)
    app(["replay", *arguments])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
