"""Lists: `display`, `filter[…]`, `sort`, `limit` and `date` turned into SQL (systems/prestashop.md 3)."""

import re
from dataclasses import dataclass, field
from typing import Any

from penstock.connectors.prestashop.sandbox.call import PHP_INT_MAX, Call, php_int
from penstock.connectors.prestashop.sandbox.errors import PhpFatal, did_you_mean, refuse
from penstock.connectors.prestashop.sandbox.schema import Field, Resource

FILTER = re.compile(r"^filter\[([^\]]*)\](?:\[([^\]]*)\])?$")
BRACKETED = re.compile(r"^(.*)\[(.*)\](.*)$", re.DOTALL)
INTERVAL = re.compile(r"^([\d.:\-\s]+),([\d.:\-\s]+)$")
BARE_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
NUMBER = re.compile(r"^\s*[-+]?\d*\.?\d*")
DATES = ("date_add", "date_upd")
# Rows come in an order that is the table's own affair: not by id (systems/prestashop.md 3, sort).
NO_ORDER = "(id * 2654435761) % 4294967291"
ID = Field("id", "id")


@dataclass(slots=True)
class Display:
    """Which fields to show. `listed`: a list without `display`, ids only. `associations`: name to its fields."""

    fields: tuple[Field, ...]
    associations: dict[str, tuple[Field, ...]]
    with_id: bool = True
    listed: bool = False
    only_id: bool = False


@dataclass(slots=True)
class Where:
    """`nothing`: a date of a table that has none, which finds no row and is no error."""

    clauses: list[str] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)
    nothing: bool = False

    def add(self, clause: str, *params: object) -> None:
        self.clauses.append(clause)
        self.params += params

    @property
    def sql(self) -> str:
        return " AND ".join(f"({clause})" for clause in self.clauses) or "1"


def full(resource: Resource) -> Display:
    return Display(resource.fields, {item.name: item.fields for item in resource.associations})


def parse_display(resource: Resource, text: str | None, extra: tuple[str, ...] = ()) -> Display:
    """`full`, `minimum`, `[a,b,list[c,d]]`. 35 for an unknown field, 36 for bad syntax. `extra`: price aliases."""
    if text is None or text == "minimum":
        return Display((), {}, listed=True)
    if text == "full":
        return full(resource)
    if not (text.startswith("[") and text.endswith("]") and len(text) > 2):
        known = ", ".join(item.name for item in resource.fields)
        message = "The 'display' syntax is wrong. You can set 'full' or '[field_1,field_2,field_3,...]'. These are"
        raise refuse(400, 36, f"{message} available: {known}.")
    names: set[str] = set()
    associations: dict[str, tuple[Field, ...]] = {}
    for name, subs in _split_display(text[1:-1]):
        association = resource.association(name)
        if association is not None:
            columns = {item.name for item in association.fields}
            for sub in subs or []:
                if sub not in columns:
                    raise _not_displayable(sub, sorted(columns))
            kept = (
                association.fields if subs is None else tuple(item for item in association.fields if item.name in subs)
            )
            associations[name] = kept
        elif name == "id" or resource.has(name) or name in extra:
            names.add(name)
        else:
            raise _not_displayable(name, ["id", *resource.by_name])
    shown = tuple(item for item in resource.fields if item.name in names)
    return Display(shown, associations, with_id="id" in names, only_id=names == {"id"} and not associations)


def _not_displayable(name: str, known: list[str]) -> Exception:
    return refuse(400, 35, f'Unable to display this field "{name}". {did_you_mean(name, known)}')


def _split_display(inner: str) -> list[tuple[str, list[str] | None]]:
    found: list[tuple[str, list[str] | None]] = []
    for match in re.finditer(r"([^,\[\]]+)(?:\[([^\]]*)\])?", inner):
        subs = match[2].split(",") if match[2] is not None else None
        found.append((match[1].strip(), subs))
    return found


def build_where(resource: Resource, call: Call) -> Where:
    """All `filter[…]` of the call. 32 unknown, 33 empty, 34 not filterable; two multilingual ones kill PHP."""
    where = Where()
    multilingual = 0
    for name, value in call.params.items():
        match = FILTER.match(name)
        if match is None:
            continue
        key, sub = match[1], match[2]
        if sub is not None and key == "i18n":
            key = sub
        elif sub is not None:
            raise refuse(400, 30, f'This linked table "{key}" does not exist for this resource')
        if key in DATES and not resource.has(key) and call.flag("date"):
            where.nothing = True
            continue
        target = ID if key == "id" else resource.by_name.get(key)
        if target is None or (key in DATES and not call.flag("date")):
            known = ["id", *(item.name for item in resource.fields if item.name not in DATES)]
            raise refuse(400, 32, f'This filter does not exist: "{key}". {did_you_mean(key, known)}')
        if target.getter:
            raise refuse(
                400, 34, f'The field "{key}" is dynamic. It is not possible to filter GET query with this field.'
            )
        if value == "":
            raise refuse(400, 33, f'The filter "{key}" is malformed: it has no value.')
        if target.i18n:
            multilingual += 1
            _i18n_condition(where, target, value, call.languages)
        else:
            _condition(where, target, f'main."{target.name}"', value)
    if multilingual > 1:
        raise PhpFatal
    return where


def _i18n_condition(where: Where, target: Field, value: str, languages: list[int]) -> None:
    inner = Where()
    _condition(inner, target, "texts.value COLLATE NOCASE", value)
    keys = ", ".join(f"'{number}'" for number in languages)
    source = f'json_each(main."{target.name}") AS texts'
    where.add(f"EXISTS (SELECT 1 FROM {source} WHERE texts.key IN ({keys}) AND {inner.sql})", *inner.params)  # noqa: S608


def _condition(where: Where, target: Field, column: str, given: str) -> None:
    """One filter value, as SQLUtils::getSQLRetrieveFilter reads it."""
    expression = f"CAST({column} AS REAL)" if target.scale is not None else column

    def typed(text: str) -> object:
        return _typed(target, text)

    match = BRACKETED.match(given)
    if match is None:
        where.add(f"{expression} = ?", typed(given))
        return
    before, inner, after = match.groups()
    interval = INTERVAL.match(inner)
    if before == "%" or after == "%":
        where.add(f"{column} LIKE ?", before + inner + after)
    elif before in {">", "<"}:
        where.add(f"{expression} {before} ?", typed(inner))
    elif before == "!":
        for value in inner.split("|"):
            where.add(f"{expression} <> ?", typed(value))
    elif inner.find("|") > 0:
        values = inner.split("|")
        where.add(" OR ".join([f"{expression} = ?"] * len(values)), *map(typed, values))
    elif interval is not None:
        low, high = _php_sorted(interval[1], interval[2])
        where.add(f"{expression} BETWEEN ? AND ?", typed(low), typed(high))
    else:
        where.add(f"{expression} = ?", typed(inner))


def _typed(target: Field, text: str) -> object:
    """A value as the database compares it: the leading number of a text, a bare date as midnight."""
    if target.integer or target.scale is not None:
        match = NUMBER.match(text)
        digits = match[0].strip() if match else ""
        try:
            value = float(digits)
        except ValueError:
            return 0
        return int(value) if value.is_integer() and abs(value) <= PHP_INT_MAX else value
    if target.kind == "datetime":
        stamp = text.strip().replace("T", " ")
        return f"{stamp} 00:00:00" if BARE_DATE.match(stamp) else stamp
    return text


def _php_sorted(one: str, two: str) -> tuple[str, str]:
    """PHP's sort(): as numbers when both are, else as texts."""
    try:
        return (one, two) if float(one) <= float(two) else (two, one)
    except ValueError:
        return (one, two) if one <= two else (two, one)


def build_order(resource: Resource, call: Call, where: Where) -> str:
    """`[id_DESC,name_ASC]`. 37 bad direction, 38 unknown field. Without `sort` no order at all."""
    given = call.params.get("sort")
    if given is None:
        return NO_ORDER
    inner = given[1:-1] if given.startswith("[") and given.endswith("]") else given
    parts = []
    for part in inner.split(","):
        name, _, direction = part.strip().rpartition("_")
        if direction.upper() not in {"ASC", "DESC"}:
            message = 'must be "ASC" or "DESC". Example: [field_1_ASC,field_2_DESC]'
            raise refuse(400, 37, f'The "sort" value has to be formed as this example: "field_ASC"; {message}')
        if name in DATES and not resource.has(name) and call.flag("date"):
            where.nothing = True
            continue
        target = ID if name == "id" else resource.by_name.get(name)
        if target is None or target.getter or (name in DATES and not call.flag("date")):
            raise refuse(
                400, 38, f"Unable to filter by this field. However, these are available: {', '.join(resource.by_name)}"
            )
        parts.append(f"{_sortable(target, call)} {direction.upper()}")
    return ", ".join(parts) or NO_ORDER


def _sortable(target: Field, call: Call) -> str:
    if target.i18n:
        return f'json_extract(main."{target.name}", \'$."{call.languages[0]}"\') COLLATE NOCASE'
    return f'CAST(main."{target.name}" AS REAL)' if target.scale is not None else f'main."{target.name}"'


def build_limit(call: Call) -> tuple[int, int] | None:
    """(offset, count), None = all. `0` or no number: nothing. More than two parts: 39."""
    given = call.params.get("limit")
    if given is None:
        return None
    parts = given.split(",")
    if len(parts) > 2:
        raise refuse(400, 39, 'The "limit" value has to be formed as this example: "5,25" or "10"')
    numbers = [max(0, php_int(part)) for part in parts]
    return (0, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])
