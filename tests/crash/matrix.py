"""Certifies the services against crashes: `python tests/crash/matrix.py --sample 40 --seed 7`.

Every step of the source × {killed, frozen, exception, broker killed, broker frozen}, in both flows at once; the end
state of both systems is compared with clean runs. Writes crash-report.md. Exit code 0 only without a difference and,
when all was run, with every step covered.
"""

import argparse
import json
import os
import platform
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.crash.matrix_plan import Fault, plan
from tests.crash.matrix_report import differences, report, uncovered
from tests.crash.matrix_run import Certification

from penstock.checkpoints import Arming, existing

FLOWS = ("prestashop-infor", "clarity-sage100")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flow", choices=FLOWS, help="only this one")
    parser.add_argument("--sample", type=int, help="so many runs of each flow; default: all")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="of the choice and the order")
    parser.add_argument("--only", help="runs whose name (`sinks sinks.taken:1:kill`) contains this")
    parser.add_argument("--minutes", type=float, default=120.0, help="no run begins after that")
    parser.add_argument("--data", type=Path, help="keep state and logs here; if it has some, go on with them")
    parser.add_argument("--report", type=Path, default=Path("crash-report.md"))
    parser.add_argument("--part", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped
    if given.part:
        _certify(given)
        return 0
    _tell(f"seed {given.seed}")
    data = given.data or Path(tempfile.mkdtemp(prefix="penstock-crash-"))
    data.mkdir(parents=True, exist_ok=True)
    parts, failed = _both(given, [given.flow] if given.flow else list(FLOWS), data)
    steps = existing()
    given.report.write_text(report(parts, steps, given.seed, _machine()), encoding="utf-8")
    missing, wrong = uncovered(parts, steps), differences(parts)
    runs, planned = sum(len(part["results"]) for part in parts), sum(part["planned"] for part in parts)
    whole = f"{len(steps) - len(missing)} of {len(steps)} steps covered"
    _tell(f"{runs} of {planned} runs, {len(wrong)} differences, {whole}: {given.report}")
    everything = given.sample is None and given.flow is None and given.only is None
    good = not failed and not wrong and runs == planned and not (everything and missing)
    if good and given.data is None:
        shutil.rmtree(data, ignore_errors=True)
    elif not good:
        _tell(f"logs are in {data}")
    return 0 if good else 1


def _both(given: argparse.Namespace, flows: list[str], data: Path) -> tuple[list[dict[str, Any]], bool]:
    """One process per flow, side by side: most of a run is waiting. Gives what they found, and whether one failed."""
    children = []
    for flow in flows:
        part = data / f"{flow}.json"
        argv = [sys.executable, __file__, "--flow", flow, "--seed", str(given.seed), "--minutes", str(given.minutes)]
        argv += ["--part", str(part), "--data", str(data / flow)]
        argv += ["--sample", str(given.sample)] if given.sample is not None else []
        argv += ["--only", given.only] if given.only else []
        children.append((part, subprocess.Popen(argv, env=_environment())))
    try:
        codes = [child.wait() for _, child in children]
    finally:
        for _, child in children:
            child.terminate()
        for _, child in children:
            child.wait()
    return [json.loads(part.read_text()) for part, _ in children if part.exists()], any(codes)


def _environment() -> dict[str, str]:
    """Ours, without what would lead to another broker or system."""
    elsewhere = (
        "PENSTOCK_BOOTSTRAP",
        "PENSTOCK_REGISTRY_",
        "PENSTOCK_TOPIC_PREFIX",
        "PENSTOCK_URL_",
        "PENSTOCK_IONAPI_",
    )
    return {name: value for name, value in os.environ.items() if not name.startswith(elsewhere)}


def _certify(given: argparse.Namespace) -> None:
    certification = Certification(given.flow, given.data, given.part, _tell, time.monotonic() + given.minutes * 60)
    certification.certify(_chosen(given), given.sample)


def _chosen(given: argparse.Namespace) -> list[Fault]:
    """Runs whose names contain `--only`; one that is not planned (another hit) is taken by its whole name."""
    found = [fault for fault in plan(list(existing()), given.seed) if given.only is None or given.only in str(fault)]
    if not found:
        service, _, arming = given.only.partition(" ")
        found = [Fault(service, Arming.parse(arming))]
    return found


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _tell(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
