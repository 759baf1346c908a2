"""What a webservice resource is made of: fields, associations, allowed methods. The lists are in `resources_*.py`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

INTEGER_KINDS = frozenset({"id", "int", "uint", "bool"})
DECIMAL_SCALES = {"price": 6, "negprice": 6, "rate": 3, "money2": 2}
EMPTY: dict[str, object] = {
    **dict.fromkeys(INTEGER_KINDS, 0),
    "price": "0.000000",
    "negprice": "0.000000",
    "rate": "0.000",
    "money2": "0.00",
    "date": "0000-00-00",
    "datetime": "0000-00-00 00:00:00",
    "i18n": "{}",
}
ALL_VERSIONS = frozenset({"1.7", "8", "9"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `kind` decides type, validation and storage; `size` is the longest text.

    `to`: resource the value refers to. `readonly`: has no setter (400/93). `getter`: cannot be filtered (34).
    `sql`: computed by this expression in place of a column of its own.
    """

    name: str
    kind: str = "str"
    required: bool = False
    size: int | None = None
    to: str | None = None
    readonly: bool = False
    getter: bool = False
    sql: str | None = None
    versions: frozenset[str] = ALL_VERSIONS

    @property
    def integer(self) -> bool:
        return self.kind in INTEGER_KINDS

    @property
    def scale(self) -> int | None:
        """Decimal places of a decimal field."""
        return DECIMAL_SCALES.get(self.kind)

    @property
    def i18n(self) -> bool:
        return self.kind == "i18n"

    @property
    def empty(self) -> object:
        """What an unset field holds in the table."""
        return EMPTY.get(self.kind, "")

    @property
    def column(self) -> str:
        return self.sql or f'"{self.name}"'


@dataclass(frozen=True, slots=True)
class Association:
    """A list inside an object. `sql` reads it (columns `owner` and the fields; `{ids}` is filled in); without it the
    rows are kept as written in the table `links`. `api`: resource that the elements refer to."""

    name: str
    node: str
    fields: tuple[Field, ...]
    api: str | None = None
    virtual: bool = False
    sql: str | None = None


@dataclass(frozen=True)
class Resource:
    """`name` is the address, `node` one element, `listed` the list's node (differs for order_slip only)."""

    name: str
    node: str
    class_name: str
    fields: tuple[Field, ...]
    associations: tuple[Association, ...] = ()
    listed: str = ""
    forbidden: frozenset[str] = frozenset()
    versions: frozenset[str] = ALL_VERSIONS
    by_name: dict[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {item.name: item for item in self.fields})

    @property
    def list_node(self) -> str:
        return self.listed or self.name

    @cached_property
    def stored(self) -> tuple[Field, ...]:
        """Fields with a column of their own."""
        return tuple(item for item in self.fields if item.sql is None)

    def has(self, name: str) -> bool:
        return name in self.by_name

    def association(self, name: str) -> Association | None:
        return next((item for item in self.associations if item.name == name), None)

    def for_version(self, version: str) -> "Resource":
        """The same with the fields that this version has."""
        kept = tuple(item for item in self.fields if version in item.versions)
        return Resource(
            self.name,
            self.node,
            self.class_name,
            kept,
            self.associations,
            self.listed,
            self.forbidden,
            self.versions,
        )


def fields(text: str) -> tuple[Field, ...]:
    """Fields from lines of `name kind [!] [size] [>resource] [ro] [getter] [since8|since9] [= SQL]`; `!` = required."""
    return tuple(_fields(text))


def _fields(text: str) -> Iterator[Field]:
    for line in text.strip().splitlines():
        declared, _, sql = line.partition(" = ")
        name, kind, *flags = declared.split()
        versions = ALL_VERSIONS
        if "since8" in flags:
            versions = frozenset({"8", "9"})
        if "since9" in flags:
            versions = frozenset({"9"})
        yield Field(
            name=name,
            kind=kind,
            required="!" in flags,
            size=next((int(flag) for flag in flags if flag.isdigit()), None),
            to=next((flag[1:] for flag in flags if flag.startswith(">")), None),
            readonly="ro" in flags,
            getter="getter" in flags,
            sql=sql or None,
            versions=versions,
        )
