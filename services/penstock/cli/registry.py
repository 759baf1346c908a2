"""`penstock registry`: the embedded schema registry."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from penstock.cli.options import Bootstrap, Host, kafka
from penstock.log.registry import SchemaRegistry
from penstock.service import announce, health_routes, http_server, run_service, stop_on_signals

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: `penstock registry --port 8081 --bootstrap 127.0.0.1:9092`")
def registry(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 8081,
    bootstrap: Bootstrap = None,
    ready_file: Annotated[Path | None, typer.Option(help="JSON file, written once it serves.")] = None,
) -> None:
    """Serve Confluent's registry API; the state is the topic `_schemas`.

    For one machine: run one process only. In production name a registry of your own by PENSTOCK_REGISTRY_URL.
    """
    settings = kafka(bootstrap)

    async def main() -> None:
        stop = stop_on_signals()
        store = SchemaRegistry(settings)
        async with store.open():
            routes = [*store.routes(), *health_routes(store.healthy, store.healthy, dict)]
            async with http_server(routes, host, port) as bound:
                about = json.dumps({"url": f"http://{host}:{bound}", "port": bound, "pid": os.getpid()})
                typer.echo(about)
                await announce(store.healthy, ready_file, about, stop)
                await stop.wait()

    run_service("registry", main)
