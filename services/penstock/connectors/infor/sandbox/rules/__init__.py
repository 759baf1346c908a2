"""What the site does on a write, per IDO: (insert, update, delete). An IDO without an entry is a plain table."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from penstock.connectors.infor.sandbox.idos.finance import PAYMENT_DETAILS
from penstock.connectors.infor.sandbox.idos.parties import CUSTOMER_ITEMS
from penstock.connectors.infor.sandbox.model import Ido
from penstock.connectors.infor.sandbox.rules import items, lines, orders, parties, payments
from penstock.connectors.infor.sandbox.site import Site
from penstock.connectors.infor.sandbox.tables import Row


class Rules(NamedTuple):
    """Each works in stored values inside of one transaction and raises IdoError to refuse."""

    insert: Callable[[Site, Row], Row]
    update: Callable[[Site, Row, Row], Row]
    delete: Callable[[Site, Row], None]


def _plain_update(ido: Ido) -> Callable[[Site, Row, Row], Row]:
    return lambda site, row, changes: site.tables.update(ido, row, changes)


def _plain_delete(ido: Ido) -> Callable[[Site, Row], None]:
    return lambda site, row: site.tables.delete(ido, row)


RULES: Mapping[str, Rules] = {
    "SLCos": Rules(orders.insert, orders.update, orders.delete),
    "SLCoitems": Rules(lines.insert, lines.update, lines.delete),
    "SLCustomers": Rules(parties.insert, parties.update, parties.delete),
    "SLItems": Rules(items.insert, items.update, items.delete),
    "SLItemCusts": Rules(parties.insert_alias, _plain_update(CUSTOMER_ITEMS), _plain_delete(CUSTOMER_ITEMS)),
    "SLArpmts": Rules(payments.insert, payments.update, payments.delete),
    "SLArpmtds": Rules(payments.insert_detail, payments.update_detail, _plain_delete(PAYMENT_DETAILS)),
}
