"""One call of the API, taken apart."""

from dataclasses import dataclass

from penstock.connectors.clarity.sandbox.answers import not_found
from penstock.connectors.clarity.sandbox.tables import RESOURCES

MAX_ID = 2**63 - 1


@dataclass(slots=True)
class Call:
    """`segments`: decoded parts of the address after /api/v1; `args`: those of them that the route leaves open.
    `base`: scheme and host that the client used."""

    method: str
    path: str
    query: str
    segments: tuple[str, ...]
    headers: dict[str, str]
    body: bytes
    base: str
    client: str = ""
    args: tuple[str, ...] = ()

    def number(self, resource: str, index: int = 0) -> int:
        """An id in the address. ApiError 404 when it is none."""
        text = self.args[index]
        if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) <= MAX_ID):
            raise not_found(f"{RESOURCES[resource].noun} {text!r}")
        return int(text)

    @property
    def if_match(self) -> str | None:
        return self.headers.get("if-match")
