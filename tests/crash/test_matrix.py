"""A few runs of the crash matrix: `make crash` runs them all."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from tests.broker_choice import no_broker

from penstock.log.jars import JarsError, ensure_libs, find_java

RUNS = 3
FLOWS = ("prestashop-infor", "clarity-sage100")
"""The seed decides which of them."""

pytestmark = [pytest.mark.kafka, pytest.mark.crash, pytest.mark.timeout(600)]


def test_a_sample_of_crashes_ends_as_if_nothing_had_happened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        find_java(), ensure_libs()
    except JarsError as error:
        no_broker(str(error))
    seed = int(os.environ.get("PENSTOCK_CRASH_MATRIX_SEED") or secrets.randbelow(1_000_000))
    flow = FLOWS[seed % len(FLOWS)]
    with capsys.disabled():
        sys.stdout.write(f"\nPENSTOCK_CRASH_MATRIX_SEED={seed} runs the same crashes again\n")
    script = Path(__file__).with_name("matrix.py")
    report = tmp_path / "crash-report.md"
    done = subprocess.run(
        [
            *(sys.executable, str(script), "--flow", flow, "--sample", str(RUNS), "--seed", str(seed)),
            *("--data", str(tmp_path), "--report", str(report)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, f"seed {seed}\n{done.stdout}\n{done.stderr}"
    assert f"| runs | {RUNS} |" in report.read_text()
