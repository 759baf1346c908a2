"""All benchmarks, one after the other, and one table in the end.

    python benchmarks/run.py [--only stage,sink] [--json FILE]

Every script runs in a process of its own and can be run alone. A script that fails or takes too long is named and does
not stop the others; then the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import report

SCRIPTS = ("replay", "audit", "stage", "sink", "webhook", "xref_load", "order_to_erp", "restart")
LONGEST = 180.0
"""Seconds for one script."""


def figures_of(name: str, folder: Path) -> list[report.Figure]:
    """Runs one script. Raises RuntimeError saying how it ended."""
    out = folder / f"{name}.json"
    argv = [sys.executable, str(Path(__file__).with_name(f"{name}.py")), "--json", str(out)]
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LONGEST, check=False)
    except subprocess.TimeoutExpired as late:
        raise RuntimeError(f"not done within {LONGEST:.0f} s") from late
    if done.returncode:
        raise RuntimeError("\n".join(done.stdout.decode(errors="replace").splitlines()[-5:]))
    return [report.Figure(**each) for each in json.loads(out.read_text())]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda text: tuple(text.split(",")), default=SCRIPTS, help="names, with commas")
    parser.add_argument("--json", type=Path, help="file for the figures")
    given = parser.parse_args()
    found: list[report.Figure] = []
    failed: dict[str, str] = {}
    before, began = report.load(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        for name in given.only:
            report.tell(f"{name} ...")
            try:
                found += figures_of(name, Path(folder))
            except RuntimeError as error:
                failed[name] = str(error)
    print(report.machine())
    print(f"load before {before:.1f}, after {report.load():.1f}; {time.monotonic() - began:.0f} s in all")
    print("\n".join(report.lines(found)))
    for name, reason in failed.items():
        print(f"{name} failed: {reason}")
    if given.json:
        given.json.write_text(json.dumps([asdict(each) for each in found]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
