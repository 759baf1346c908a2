"""The shop behind the webservice: rows of its resources, saved as PrestaShop's ObjectModel saves them."""

import json
from collections.abc import Iterable
from typing import Any

from penstock.connectors.prestashop.sandbox.hooks import Hooks
from penstock.connectors.prestashop.sandbox.options import Options
from penstock.connectors.prestashop.sandbox.resources_catalogue import CATALOGUE_RESOURCES
from penstock.connectors.prestashop.sandbox.resources_orders import ORDER_RESOURCES
from penstock.connectors.prestashop.sandbox.resources_people import PEOPLE_RESOURCES
from penstock.connectors.prestashop.sandbox.schema import Association, Resource
from penstock.connectors.prestashop.sandbox.tables import create_tables
from penstock.sandbox.catalogue import Catalogue, catalogue
from penstock.sandbox.clock import SandboxClock
from penstock.sandbox.storage import Row, Storage

Rows = list[dict[str, Any]]
DEFAULT_LANGUAGE = 1
DEFAULT_CURRENCY = 1
DEFAULT_COUNTRY = 8


class Shop:
    """Rows are dicts of column values: whole numbers as int, everything else as text, languages as a JSON object."""

    def __init__(self, storage: Storage, clock: SandboxClock, options: Options, hooks: Hooks, seed: int) -> None:
        self.storage = storage
        self.clock = clock
        self.options = options
        self.hooks = hooks
        self.seed = seed
        self.catalogue: Catalogue = catalogue(seed)
        declared = sorted((*ORDER_RESOURCES, *PEOPLE_RESOURCES, *CATALOGUE_RESOURCES), key=lambda item: item.name)
        self.resources = {
            item.name: item.for_version(options.version) for item in declared if options.version in item.versions
        }
        self.languages = list(range(1, options.languages + 1))
        create_tables(storage, declared)
        self._select = {name: _select(item) for name, item in self.resources.items()}

    def select(self, resource: str) -> str:
        """`SELECT id, every field FROM resource AS main`, for a WHERE to follow."""
        return self._select[resource]

    def rows(self, resource: str, where: str = "1", params: Iterable[Any] = ()) -> Rows:
        return self.storage.query(f"{self._select[resource]} WHERE {where} ORDER BY id", tuple(params))

    def load(self, resource: str, number: int) -> Row | None:
        return self.storage.one(f"{self._select[resource]} WHERE id = ?", (number,))

    def get(self, resource: str, number: int) -> Row:
        """As `load`, for a row that must be there."""
        row = self.load(resource, number)
        if row is None:
            raise LookupError(f"{resource} {number} is not in the shop")
        return row

    def add(self, resource: str, values: Row) -> Row:
        """Store a new row; dates are set to now. Hooks fire."""
        kind = self.resources[resource]
        row = {field.name: values.get(field.name, field.empty) for field in kind.stored}
        now = self.clock.stamp()
        for name in ("date_add", "date_upd"):
            if kind.has(name):
                row[name] = now
        row["id"] = self.storage.insert(resource, row)
        self.hooks.saved(resource, row, created=True)
        return row

    def save(self, resource: str, row: Row) -> None:
        """Store the whole row. date_upd moves, a lost date_add becomes now. Hooks fire."""
        kind = self.resources[resource]
        now = self.clock.stamp()
        if kind.has("date_upd"):
            row["date_upd"] = now
        if kind.has("date_add") and str(row["date_add"]).startswith("0000"):
            row["date_add"] = now
        self.storage.update(resource, "id", row["id"], {field.name: row[field.name] for field in kind.stored})
        self.hooks.saved(resource, row, created=False)

    def links(self, resource: str, number: int, name: str) -> Rows:
        """The rows of a stored association."""
        found = self.storage.one(
            "SELECT rows FROM links WHERE resource = ? AND id = ? AND name = ?", (resource, number, name)
        )
        rows: Rows = json.loads(found["rows"]) if found else []
        return rows

    def set_links(self, resource: str, number: int, name: str, rows: Rows) -> None:
        self.storage.execute(
            "INSERT OR REPLACE INTO links (resource, id, name, rows) VALUES (?, ?, ?, ?)",
            (resource, number, name, json.dumps(rows)),
        )

    def associated(self, resource: str, association: Association, numbers: list[int]) -> dict[int, Rows]:
        """The association's rows of several objects, by object id."""
        marks = ", ".join(map(str, numbers)) or "NULL"
        found: dict[int, Rows] = {}
        if association.sql is None:
            for row in self.storage.query(
                f"SELECT id, rows FROM links WHERE resource = ? AND name = ? AND id IN ({marks})",  # noqa: S608
                (resource, association.name),
            ):
                found[row["id"]] = json.loads(row["rows"])
            return found
        for row in self.storage.query(association.sql.format(ids=marks)):
            found.setdefault(row.pop("owner"), []).append(row)
        return found

    def i18n(self, text: str, *, french: str | None = None) -> str:
        """A multilingual value in every language of the shop."""
        return json.dumps({str(number): french if number == 2 and french else text for number in self.languages})

    def mail(self, template: str, id_order: int, id_customer: int) -> None:
        """Note an e-mail that the shop would send to the customer."""
        customer = self.load("customers", id_customer)
        email = customer["email"] if customer else ""
        self.storage.insert(
            "mails", {"at": self.clock.stamp(), "template": template, "id_order": id_order, "email": email}
        )


def _select(resource: Resource) -> str:
    columns = ", ".join(f'{item.column} AS "{item.name}"' for item in resource.fields)
    return f'SELECT id, {columns} FROM "{resource.name}" AS main'  # noqa: S608 - our own names
