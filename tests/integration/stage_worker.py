"""A Faust worker with the safe stage and a small transform, for tests: `python -m tests.integration.stage_worker`."""

from __future__ import annotations

import os
from collections.abc import Sequence

import faust
import orjson

from penstock.log.kafka import KafkaSettings
from penstock.processors.deliver import Output
from penstock.processors.incoming import Incoming
from penstock.processors.main import build_app
from penstock.processors.stage import add_stage


def transform(incoming: Incoming) -> Sequence[Output]:
    """The number of a record, doubled. Anything that is no JSON number breaks it."""
    number = orjson.loads(incoming.value)["n"]
    return [Output(os.environ["STAGE_OUT"], incoming.key, orjson.dumps({"n": number * 2, "from": number}))]


def main() -> None:
    settings = KafkaSettings.from_env()
    app = build_app("stage-test", settings, "0")
    add_stage(
        app,
        [os.environ["STAGE_IN"]],
        transform,
        name="stage-test",
        dlq_topic=os.environ["STAGE_DLQ"],
        count=lambda _: None,
    )
    faust.Worker(app, loglevel="WARNING", redirect_stdouts=False).execute_from_commandline()


if __name__ == "__main__":
    main()
