"""The alerts service with the settings of ALERTS (JSON): `python -m tests.integration.alerts_worker`."""

from __future__ import annotations

import os
from pathlib import Path

from penstock.alerts.main import channels, serve
from penstock.flow.load import read_files
from penstock.flow.model import AlertsEnv
from penstock.log.kafka import KafkaSettings
from penstock.service import run_service


def main() -> None:
    file, _ = read_files("prestashop-infor", "sandbox")
    given = AlertsEnv.model_validate_json(os.environ["ALERTS"])
    settings = KafkaSettings.from_env()
    ready = Path(os.environ["ALERTS_READY"])
    run_service("alerts", lambda: serve(file, given, settings, channels(given)(), ("127.0.0.1", 0), ready))


if __name__ == "__main__":
    main()
