"""A target that takes its time: `python benchmarks/target.py --ready-file F`. Started by sink.py.

`POST /orders/<id>/<version>` is answered after 20 ms (`--milliseconds`); `GET /orders/<id>/<version>` tells whether it
is there; `GET /log` gives every POST in the order in which it came: [seconds, id, version].
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

from aiohttp import web


class Target:
    """What it was sent."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._posts: list[tuple[float, str, str]] = []
        self._there: set[tuple[str, str]] = set()

    async def post(self, request: web.Request) -> web.Response:
        await request.read()
        order, version = request.match_info["order"], request.match_info["version"]
        self._posts.append((time.time(), order, version))
        await asyncio.sleep(self._seconds)
        self._there.add((order, version))
        return web.json_response({"id": order})

    async def get(self, request: web.Request) -> web.Response:
        there = (request.match_info["order"], request.match_info["version"]) in self._there
        return web.json_response({}, status=200 if there else 404)

    async def log(self, _: web.Request) -> web.Response:
        return web.json_response(self._posts)

    async def clear(self, _: web.Request) -> web.Response:
        self._posts.clear()
        self._there.clear()
        return web.json_response({})

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/orders/{order}/{version}", self.post),
                web.get("/orders/{order}/{version}", self.get),
                web.get("/log", self.log),
                web.delete("/log", self.clear),
            ]
        )
        return app


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--milliseconds", type=float, default=20.0)
    parser.add_argument("--ready-file", type=Path, required=True)
    given = parser.parse_args()
    runner = web.AppRunner(Target(given.milliseconds / 1000).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    part = given.ready_file.with_suffix(".part")
    part.write_text(json.dumps({"url": f"http://127.0.0.1:{port}"}))
    part.replace(given.ready_file)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
