"""What can be wrong with a mapping, and with a document that goes through one.

Load time: `MappingSyntaxError` lists every problem found. Run time: `MappingError` and its kinds, each placed (mapping,
file, line, field, expression) by the engine, so that functions only say what is wrong and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a mapping file, and the target field that it is about."""

    file: str
    line: int
    field: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}" if self.field else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a mapping file, seen when it is loaded."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class MappingSyntaxError(ValueError):
    """A mapping, table or schema file cannot be used. `problems` names all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class MappingError(Exception):
    """A document could not be mapped. `reason` says what, `remedy` what to do; the rest says where.

    `str()` may quote a value of the document; `public` does not, and is the one for logs.
    """

    def __init__(self, reason: str, remedy: str = "", *, path: str = "", value: object = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.path = path
        self.value = value
        self.mapping = ""
        self.place: Place | None = None
        self.expression = ""

    @property
    def file(self) -> str:
        return self.place.file if self.place else ""

    @property
    def line(self) -> int:
        return self.place.line if self.place else 0

    @property
    def field(self) -> str:
        return self.place.field if self.place else ""

    @property
    def public(self) -> str:
        """Where and which kind of error, without any value of the document."""
        return f"{self.place}: {type(self).__name__} in {self.expression}"

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        what = f" in `{self.expression}`" if self.expression else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{where}{self.reason}{what}{remedy}"


class MissingName(MappingError):  # noqa: N818 - a mapping author reads these as words
    """A name that the document does not have. `optional()` and `default()` forgive it."""


class BadValue(MappingError):  # noqa: N818
    """A value that cannot be what the mapping wants it to be."""


class UnknownCode(MappingError):  # noqa: N818
    """A code table has no entry for a value."""

    def __init__(self, table: str, code: str, nearest: Sequence[str], file: str) -> None:
        near = f", nearest entries: {', '.join(nearest)}" if nearest else ""
        super().__init__(
            f"code table {table!r} has no entry for {shown(code)}{near}",
            f"add it to {file}, or give the table a default",
            value=code,
        )
        self.table = table
        self.nearest = tuple(nearest)
        self.table_file = file


class MissingXref(MappingError):  # noqa: N818
    """The target does not have the referenced document yet: the caller waits for it."""

    def __init__(self, entity: str, canonical_id: str) -> None:
        super().__init__(f"the target has no {entity} {canonical_id} yet", "wait until it is there")
        self.entity = entity
        self.canonical_id = canonical_id


def nearest(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the closest of `names`, else the few that there are, else nothing."""
    known = sorted({str(known) for known in names})
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    if 0 < len(known) <= 12:
        return f"; there is {', '.join(known)}"
    return ""


def shown(value: object, limit: int = 60) -> str:
    """A value for an error text, short."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
