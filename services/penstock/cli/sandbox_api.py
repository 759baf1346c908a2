"""The admin API of a sandbox, as the demo and the tests use it."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from penstock.cli.errors import CommandError, Exit

Row = dict[str, Any]


class SandboxApi:
    """`url` is the sandbox's address. Calls raise CommandError: UNREACHABLE, or NO with what the sandbox refused."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=f"{url}/_sandbox/", timeout=30.0, trust_env=False)

    def state(self, collection: str, **equal: object) -> list[Row]:
        """Rows of a collection whose fields equal these values, as texts."""
        params = {name: str(value) for name, value in equal.items()}
        items: list[Row] = self._call("GET", f"state/{collection}", params=params)["items"]
        return items

    def act(self, action: str, body: Mapping[str, Any]) -> Row:
        return self._call("POST", f"actions/{action}", json=dict(body))

    def add_faults(self, faults: Sequence[Mapping[str, Any]]) -> None:
        if faults:
            self._call("POST", "faults", json={"faults": list(faults)})

    def faults(self) -> list[Row]:
        found: list[Row] = self._call("GET", "faults")["faults"]
        return found

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, **more: Any) -> Row:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise CommandError(f"the sandbox {self.url} does not answer: {error!r}", Exit.UNREACHABLE) from error
        said: Row = answer.json()
        if answer.is_error:
            raise CommandError(f"{self.url} {path}: {said.get('error', said)}")
        return said
