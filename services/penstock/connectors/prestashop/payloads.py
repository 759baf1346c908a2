"""Bodies of the writes that create a row. Changes of a row are made by `Shop.change`."""

from __future__ import annotations

from penstock.connectors.prestashop.xmlbody import entity


def order_history(order_id: str, state: int) -> bytes:
    """A state change by nobody in particular (systems/prestashop.md 6)."""
    return entity("order_history", {"id_employee": 0, "id_order_state": state, "id_order": order_id})


def order_payment(fields: dict[str, str]) -> bytes:
    """A payment; linked to its order by order_reference alone (systems/prestashop.md 5)."""
    return entity("order_payment", fields)
