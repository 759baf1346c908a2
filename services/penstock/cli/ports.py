"""Free ports on loopback, kept in a file so that everything listens where it listened the last time."""

import json
import socket
from collections.abc import Mapping
from pathlib import Path

HOST = "127.0.0.1"


class Ports:
    """Ports by name: the one of the last run if it is free, else the preferred one if it is, else any free one."""

    def __init__(self, file: Path, preferred: Mapping[str, int] | None = None) -> None:
        self._file = file
        self._preferred = dict(preferred or {})
        self._known: dict[str, int] = json.loads(file.read_text()) if file.is_file() else {}
        self._given: dict[str, int] = {}

    def get(self, name: str) -> int:
        """The port of `name`: the same for the life of this object."""
        if name not in self._given:
            wanted = (self._known.get(name), self._preferred.get(name))
            free = (port for port in wanted if port and port not in self._given.values() and _is_free(port))
            self._given[name] = next(free, None) or self._fresh()
            self._known |= self._given
            self._file.write_text(json.dumps(self._known, indent=2))
        return self._given[name]

    def _fresh(self) -> int:
        taken = {*self._known.values(), *self._given.values()}
        while (port := _free_port()) in taken:
            pass
        return port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
