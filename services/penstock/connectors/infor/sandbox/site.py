"""One CSI site: its database, its clock, its settings. What the rules and the services work on."""

from collections.abc import Mapping

from penstock.connectors.infor.sandbox.idos.parties import CUSTOMERS
from penstock.connectors.infor.sandbox.model import Ido
from penstock.connectors.infor.sandbox.options import Options
from penstock.connectors.infor.sandbox.tables import Row, Tables
from penstock.connectors.infor.sandbox.values import IdoError, Stored
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.storage import Storage

# property -> (table, column, what a message calls it)
_CODES: Mapping[str, tuple[str, str, str]] = {
    "Whse": ("whse", "Whse", "Warehouse"),
    "TermsCode": ("terms", "TermsCode", "Terms Code"),
    "ShipCode": ("shipcode", "ShipCode", "Ship Via"),
    "TaxCode1": ("taxcode", "TaxCode", "Tax Code"),
    "CurrCode": ("currency", "CurrCode", "Currency Code"),
}


class Site:
    """Shared by load, update, invoke, rules and actions. Everything here is synchronous."""

    def __init__(self, storage: Storage, clock: SandboxClock, options: Options) -> None:
        self.storage = storage
        self.options = options
        self.tables = Tables(storage, clock)
        self.tables.create()

    def check_codes(self, values: Mapping[str, Stored]) -> None:
        """Refuse a warehouse, terms, ship-via, tax or currency code that is not on file; blank ones pass."""
        for name, (table, column, label) in _CODES.items():
            code = values.get(name)
            if blank(code):
                continue
            sql = f"SELECT 1 AS found FROM {table} WHERE {column} = ?"  # noqa: S608 - our own names
            if not self.storage.one(sql, [code]):
                raise IdoError(f"{label} [{code}] is not on file.")

    def minor_unit(self, currency: Stored) -> int:
        """The smallest amount of a currency in stored form: 10**6 for a cent."""
        row = self.storage.one("SELECT MinorUnits FROM currency WHERE CurrCode = ?", [currency])
        digits = int(row["MinorUnits"]) if row else 2
        return int(10 ** (8 - digits))

    def customer(self, number: Stored, seq: Stored = 0) -> Row:
        """A bill-to (`seq` 0) or ship-to row. Raises IdoError when it is not on file."""
        row = self.tables.find(CUSTOMERS, CustNum=number, CustSeq=seq)
        if row is None:
            ship_to = f" Ship To [{seq}]" if seq else ""
            raise IdoError(f"Customer [{number}]{ship_to} is not on file.")
        return row


def blank(value: Stored) -> bool:
    """Null, or text of nothing but spaces."""
    return value is None or (isinstance(value, str) and not value.strip())


def whole(value: Stored) -> int:
    """A stored number; null counts as 0."""
    return int(value or 0)


def exists_message(ido: Ido, row: Mapping[str, Stored]) -> str:
    """The refusal of a key that is taken."""
    named = " and ".join(f"{key} [{row[key]}]" for key in ido.keys)
    return f"The {ido.name} entry with {named} already exists."
