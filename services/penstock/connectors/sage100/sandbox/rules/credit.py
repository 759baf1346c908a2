"""Credit limit checking (systems/sage100.md 2.12), under the profiles *hold*, *refuse* and *off* of the sandbox."""

from decimal import Decimal
from typing import Literal

from penstock.connectors.sage100.sandbox.dictionary.sales import ORDERS
from penstock.connectors.sage100.sandbox.errors import RefusedError
from penstock.connectors.sage100.sandbox.store import Row

HOLD_REASON = "CREDT"
Warnings = list[dict[str, object]]


def check_credit(profile: Literal["hold", "refuse", "off"], customer: Row, order: Decimal, others: Decimal) -> Warnings:
    """Warnings under *hold*, the refusal under *refuse*. `order`: this one's amount; `others`: that of all others."""
    if profile == "off":
        return []
    limit, balance = Decimal(customer["CreditLimit"]), Decimal(customer["CurrentBalance"])
    over = balance + others + order - limit
    found: list[tuple[str, str, str]] = []
    name = f"{customer['ARDivisionNo']}-{customer['CustomerNo']}"
    if customer["CreditHold"] == "Y":
        found.append(("AR_CreditHold", f"Customer {name} is on credit hold.", f"Customer {name} is on credit hold."))
    if limit > 0 and over > 0:
        warning = f"The customer credit limit of {limit:.2f} is exceeded by {over:.2f}."
        found.append(("AR_CreditLimit", warning, f"Customer {name} is over its credit limit."))
    if found and profile == "refuse":
        code, _, message = found[0]
        amounts = {"CreditLimit": limit, "CurrentBalance": balance, "OpenOrderAmt": others, "OrderAmt": order}
        raise RefusedError(
            code,
            message,
            business=ORDERS.business,
            column="CustomerNo",
            value=customer["CustomerNo"],
            extra={label: f"{value:.2f}" for label, value in amounts.items()},
        )
    return [{"code": code, "message": warning, "returnCode": -1, "column": "CustomerNo"} for code, warning, _ in found]
