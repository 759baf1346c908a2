"""The end state of both systems: what a run has added and moved, without ids and times, and how two runs differ.

Which columns are ids and times is found out, not listed: those in which clean runs differ. Rows are never left out.
Named are only columns of chance: how often a row was written (two changes may come in one), the brand of a card.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from penstock.cli.sandbox_api import SandboxApi

Row = Mapping[str, Any]
Flat = dict[str, str]
State = dict[str, list[Flat]]
"""`system/collection` -> what a run has put there."""


NUMBERED = re.compile(r"\.[^.]*\d{5,}.*$")
"""The end of a column that holds a document's number."""


@dataclass(frozen=True, slots=True)
class Link:
    """In `collection`, what `by` names gives its name to the value of `gives`; `used`: columns that hold it."""

    collection: str
    by: str
    gives: str
    used: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is compared of a system. `amounts`: collection -> key; of these, how much each number has moved. `chance`:
    columns that tell how often a row was written, or for which the sandbox throws dice with few faces.
    """

    rows: tuple[str, ...]
    amounts: Mapping[str, tuple[str, ...]]
    links: tuple[Link, ...] = ()
    chance: frozenset[str] = frozenset()


SHAPES: Mapping[str, Shape] = {
    "prestashop": Shape(
        rows=(
            "orders",
            "order_details",
            "order_histories",
            "order_payments",
            "order_carriers",
            "order_slips",
            "customers",
            "addresses",
            "mails",
        ),
        amounts={"stock_availables": ("id",)},
        chance=frozenset({"card_brand", "card_expiration"}),
        links=(
            Link("orders", "id", "reference", ("reference", "order_reference")),
            Link("orders", "id", "id_customer", ("id_customer",)),
        ),
    ),
    "infor": Shape(
        rows=(
            "orders",
            "lines",
            "customers",
            "shipped",
            "shipments",
            "shipment-lines",
            "packages",
            "invoices",
            "invoice-lines",
            "unposted-invoices",
            "receivables",
            "payments",
            "payment-details",
        ),
        amounts={"stock": ("Item", "Whse")},
        links=(
            Link("orders", "ExternalConfirmationRef", "CoNum", ("CoNum", "RefNum")),
            Link("orders", "ExternalConfirmationRef", "CustNum", ("CustNum",)),
            Link("invoices", "CoNum", "InvNum", ("InvNum",)),
        ),
    ),
    "clarity": Shape(
        rows=("orders", "shipments", "payments", "refunds", "users", "accounts", "contacts", "notifications_sent"),
        amounts={"inventory": ("sku", "locationKey", "sectionKey")},
        chance=frozenset({"version"}),
    ),
    "sage100": Shape(
        rows=(
            "sales_orders",
            "sales_order_lines",
            "customers",
            "contacts",
            "ship_tos",
            "invoices",
            "invoice_lines",
            "invoice_history",
            "invoice_history_lines",
            "open_invoices",
            "cash_receipts",
            "tracking",
        ),
        amounts={"item_warehouses": ("ItemCode", "WarehouseCode")},
        links=(
            Link("sales_orders", "UDF_PENSTOCK_REF", "SalesOrderNo", ("SalesOrderNo",)),
            Link("sales_orders", "UDF_PENSTOCK_REF", "CustomerNo", ("CustomerNo",)),
            Link("invoice_history", "SalesOrderNo", "InvoiceNo", ("InvoiceNo",)),
        ),
    ),
}


@dataclass(slots=True)
class Names:
    """What of a run is called by the part that it plays. `texts`: anywhere in a text; `columns`: whole values of a
    column, or of `collection.column`.
    """

    texts: Mapping[str, str]
    columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, collection: str, column: str, value: object) -> str:
        text = orjson.dumps(value, default=str).decode() if isinstance(value, list | dict) else str(value).strip()
        for place in (f"{collection}.{column}", column.rpartition(".")[2]):
            if (named := self.columns.get(place, {}).get(text)) is not None:
                return named
        for token, name in self.texts.items():
            if token.lower() in text.lower():
                text = re.sub(rf"(?i)(?<!\w){re.escape(token)}(?!\w)", name, text)
        return text

    def link(self, link: Link, rows: Sequence[Row]) -> None:
        for row in rows:
            given, value = self.of(link.collection, link.by, row.get(link.by)), str(row.get(link.gives)).strip()
            if given != str(row.get(link.by)).strip():
                for column in link.used:
                    self.columns.setdefault(column, {}).setdefault(value, given)


class Eyes:
    """Both systems by their connectors' names."""

    def __init__(self, systems: Mapping[str, SandboxApi]) -> None:
        self._systems = systems

    def take(self) -> dict[str, list[Row]]:
        """All rows that are compared."""
        return {
            f"{system}/{name}": list(api.state(name))
            for system, api in self._systems.items()
            for name in (*SHAPES[system].rows, *SHAPES[system].amounts)
        }


def moved(before: Mapping[str, Sequence[Row]], after: Mapping[str, Sequence[Row]], names: Names) -> State:
    """What came between two looks, in the run's own names."""
    new = {place: _new(before[place], rows) for place, rows in after.items()}
    for system in {place.partition("/")[0] for place in after}:
        for link in SHAPES[system].links:
            names.link(link, new[f"{system}/{link.collection}"])
    out: State = {}
    for place, rows in after.items():
        system, _, collection = place.partition("/")
        key = SHAPES[system].amounts.get(collection)
        if key is not None:
            out[place] = _amounts(before[place], rows, key, SHAPES[system].chance)
        else:
            out[place] = [_named(collection, row, names, SHAPES[system].chance) for row in new[place]]
    return out


def _named(collection: str, row: Row, names: Names, chance: frozenset[str]) -> Flat:
    """A row in the run's own names. Members called by a number (`invoice.0100243`) are `invoice.#`, together."""
    out: Flat = {}
    for column, value in flat(row).items():
        if column in chance:
            continue
        name, said = NUMBERED.sub(".#", column), names.of(collection, column, value)
        out[name] = f"{out[name]}; {said}" if name in out else said
    return out


def flat(row: Row, prefix: str = "") -> dict[str, Any]:
    """Nested members as columns `items.0.sku`."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            out |= flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            for number, each in enumerate(value):
                out |= flat(each, f"{prefix}{name}.{number}.")
        else:
            out[f"{prefix}{name}"] = value
    return out


def _new(before: Sequence[Row], after: Sequence[Row]) -> list[Row]:
    """Rows that were not there before, or not like this."""
    left = Counter(orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS) for row in before)
    out = []
    for row in after:
        seen = orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS)
        if left[seen]:
            left[seen] -= 1
        else:
            out.append(row)
    return out


def _amounts(before: Sequence[Row], after: Sequence[Row], key: tuple[str, ...], chance: frozenset[str]) -> list[Flat]:
    known = {tuple(row[name] for name in key): row for row in before}
    out = []
    for row in after:
        was = known.get(tuple(row[name] for name in key), {})
        figures = {name: value for name, value in row.items() if not name.endswith("Key") and name not in chance}
        changes = {name: change for name, value in figures.items() if (change := _by(was.get(name), value))}
        if changes:
            out.append({**{name: str(row[name]) for name in key}, **changes})
    return out


def _by(was: object, value: object) -> str:
    """How much a number has moved; empty for what is no number, or has not moved."""
    try:
        change = Decimal(str(value)) - Decimal(str(was))
    except InvalidOperation:
        return ""
    return format(change.normalize(), "+f") if change else ""


# --- clean runs, and the difference of another


@dataclass(frozen=True, slots=True)
class Clean:
    """The end state of clean runs. `ignored`: place -> columns in which they differ."""

    state: State
    ignored: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, runs: Sequence[State]) -> "Clean":
        """Raises ValueError naming a place whose rows are not the same in all runs, ids and times aside."""
        ignored = {place: _differing([run[place] for run in runs]) for place in runs[0]}
        clean = cls(runs[0], ignored)
        for run in runs[1:]:
            if said := clean.differences(run):
                raise ValueError(f"clean runs differ: {'; '.join(said)}")
        return clean

    def differences(self, run: State) -> list[str]:
        """In words; none when the run ended as the clean one did."""
        out = []
        for place, rows in run.items():
            dropped = self.ignored[place]
            out += _compare(place, _stable(self.state[place], dropped), _stable(rows, dropped))
        return out


def _differing(runs: Sequence[Sequence[Flat]]) -> frozenset[str]:
    columns = {name for rows in runs for row in rows for name in row}
    seen = {name: [Counter(row.get(name) for row in rows) for rows in runs] for name in columns}
    return frozenset(name for name, counts in seen.items() if any(count != counts[0] for count in counts))


def _stable(rows: Sequence[Flat], dropped: frozenset[str]) -> list[Flat]:
    return [{name: value for name, value in row.items() if name not in dropped} for row in rows]


def _compare(place: str, wanted: Sequence[Flat], found: Sequence[Flat]) -> list[str]:
    missing, extra = list(wanted), []
    for row in found:
        if row in missing:
            missing.remove(row)
        else:
            extra.append(row)
    out = []
    while missing and extra:
        want, got = max(((w, g) for w in missing for g in extra), key=lambda pair: _alike(*pair))
        if _alike(want, got) * 2 < len(want):
            break
        missing.remove(want)
        extra.remove(got)
        columns = sorted({name for name in (*want, *got) if want.get(name) != got.get(name)})
        said = ", ".join(f"{name} is {got.get(name)!r}, not {want.get(name)!r}" for name in columns)
        out.append(f"{place}: {_short(got)}: {said}")
    out += [f"{place}: missing: {_short(row)}" for row in missing]
    out += [f"{place}: too many: {_short(row)}" for row in extra]
    return out


def _alike(one: Flat, other: Flat) -> int:
    return sum(other.get(name) == value for name, value in one.items())


def _short(row: Flat) -> str:
    """The columns that say which row it is."""
    named = {name: value for name, value in row.items() if "order-" in value or "guest-" in value}
    shown = named or dict(list(row.items())[:4])
    return " ".join(f"{name}={value}" for name, value in list(shown.items())[:4])
