"""Serve one sandbox over HTTP: `python -m penstock.sandbox.serve prestashop --port 0 --data DIR --options JSON`."""

import argparse
import importlib
import json
import os
import socket
from pathlib import Path
from typing import Any

import uvicorn

from penstock.sandbox.engine import SandboxApp


class AnnouncingServer(uvicorn.Server):
    """uvicorn that says where it listens, by a line on stdout and a JSON file, once it answers."""

    def __init__(self, config: uvicorn.Config, about: dict[str, Any], ready_file: Path | None) -> None:
        super().__init__(config)
        self._about = about
        self._ready_file = ready_file

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        text = json.dumps(self._about)
        print(text, flush=True)
        if self._ready_file is not None:
            part = self._ready_file.with_suffix(".part")
            part.write_text(text)
            part.replace(self._ready_file)


def load(name: str, data: Path | None, seed: int, options: dict[str, Any]) -> SandboxApp:
    """The sandbox of the connector `name`: `penstock.connectors.<name>.sandbox:create(data, seed, options)`."""
    module = importlib.import_module(f"penstock.connectors.{name}.sandbox")
    app: SandboxApp = module.create(data, seed, options)
    return app


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 picks a free one."""
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits 40 ms for an ACK.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((host, port))
    made.listen(512)
    return made


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="penstock.sandbox.serve", description=__doc__)
    parser.add_argument("name", help="connector whose sandbox is served, e.g. prestashop")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port (default)")
    parser.add_argument("--data", type=Path, help="folder for the storage; in memory without it")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--options", type=json.loads, default={}, help="JSON object of the sandbox's own options")
    parser.add_argument("--ready-file", type=Path, help="JSON file written once the sandbox answers")
    given = parser.parse_args(arguments)

    app = load(given.name, given.data, given.seed, given.options)
    listener = listen(given.host, given.port)
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    about = {"name": given.name, "url": url, "host": host, "port": port, "pid": os.getpid()}
    config = uvicorn.Config(
        app, access_log=False, log_level="warning", server_header=False, timeout_graceful_shutdown=3
    )
    AnnouncingServer(config, about, given.ready_file).run(sockets=[listener])


if __name__ == "__main__":
    main()
