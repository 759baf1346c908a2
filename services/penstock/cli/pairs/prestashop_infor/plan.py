"""PrestaShop ↔ Infor: orders, the trouble among them, and what people do with each. Pure; the same for a seed."""

import random
from collections.abc import Sequence
from typing import Any

from penstock.cli.pairs.pair import Fault, Wish

COUNTRIES = ("FR", "FR", "DE", "US", "US", "GB", "ES", "IT", "BE")
METHODS = ("ps_checkout", "ps_checkout", "ps_checkout", "ps_wirepayment", "ps_checkpayment", "ps_cashondelivery")

PART_SHIPPED, EDITED, CANCELLED = 10, 14, 8
SURE = {PART_SHIPPED: "ps_checkout", EDITED: "ps_wirepayment"}
"""Of every twenty orders: the number of one that ships in parts, is edited, is cancelled; and how they are paid."""


def wish(number: int, dice: random.Random, seed: int) -> Wish:
    """The order of this number; `dice` is used up in order.

    Acts: edit, pay and cancel in the shop; ship-part, ship, invoice and receive in the ERP.
    """
    place = _buyer(number, dice, seed)
    method = SURE.get(number % 20) or dice.choice(METHODS)
    place["payment"] = method
    if dice.random() < 0.2:
        kinds = ({"percent": "10"}, {"amount": "5.00"}, {"free_shipping": True})
        place["discount"] = {"name": "Welcome", **dice.choice(kinds)}
    if dice.random() < 0.1:
        place["gift"] = "Bon anniversaire !"
    trouble, extra, held = _trouble(number, dice)
    acts = () if held else _acts(number, method, dice)
    return Wish({**place, **extra}, acts, trouble, held)


def _buyer(number: int, dice: random.Random, seed: int) -> dict[str, Any]:
    """Some guests order several times within a second, with one e-mail address."""
    country = dice.choice(COUNTRIES)
    if number % 10 in {4, 5, 6}:
        return {"guest": f"guest{number // 10}.seed{seed}@mail.example", "country": "FR"}
    if number % 10 == 7:
        person = {"email": f"new{number}.seed{seed}@mail.example", "firstname": "Agnès", "lastname": "D'Aubigné"}
        return {"new_customer": person}
    place: dict[str, Any] = {"country": country}
    if dice.random() < 0.15:
        place["currency"] = dice.choice(("EUR", "USD"))
    return place


def _trouble(number: int, dice: random.Random) -> tuple[str, dict[str, Any], bool]:
    """(name, what it adds to place-order, whether the order must be held)."""
    draw = dice.random()
    match number % 20:
        case 3:
            return "unknown SKU", {"unknown_sku": True}, True
        case 9:
            return "wrong totals", {"wrong_totals": True}, True
        case 1:
            return "webhook twice", {"webhook": "duplicate"}, False
        case 12:
            return "webhook lost", {"webhook": "lost"}, False
        case 16:
            return "webhook late", {"webhook": "late", "seconds": 2.0}, False
    if draw < 0.06:
        return "webhook lost", {"webhook": "lost"}, False
    if draw < 0.12:
        return "webhook twice", {"webhook": "duplicate"}, False
    return "", {}, False


def _acts(number: int, method: str, dice: random.Random) -> tuple[str, ...]:
    draw = dice.uniform(0.1, 0.8) if number % 20 in SURE else dice.random()
    if number % 20 == CANCELLED or draw < 0.05:
        return ("cancel",)
    ship = ("ship-part", "ship") if number % 20 == PART_SHIPPED or draw > 0.85 else ("ship",)
    edit = ("edit",) if number % 20 == EDITED or draw > 0.93 else ()
    billed = ("invoice",)
    match method:
        case "ps_checkout":
            # paid by card already: the shop's total may not move any more
            return (*ship, *billed) if draw < 0.95 else ()
        case "ps_cashondelivery":
            return (*edit, *ship, *billed, "receive")
        case _ if draw < 0.9:
            return (*edit, "pay", *ship, *billed)
        case _:
            # never paid: planned in the ERP, and never shipped
            return edit


def erp_faults(count: int) -> list[Fault]:
    """Trouble on the way to the ERP, spread over the first `count` orders."""
    spread = max(1, count // 20)
    order, line, customer = "/update/SLCos(\\?|$)", "/update/SLCoitems(\\?|$)", "/update/SLCustomers(\\?|$)"
    return [
        {"kind": "reply_lost", "method": "POST", "path": order, "after": 1, "times": 1},
        {"kind": "reply_lost", "method": "POST", "path": order, "after": 4 * spread, "times": spread},
        {"kind": "reply_lost", "method": "POST", "path": line, "after": 6 * spread, "times": spread},
        {"kind": "reply_lost", "method": "POST", "path": customer, "after": 2, "times": 1},
        {"kind": "error_before", "method": "POST", "path": order, "after": 6 * spread, "times": 2},
        {"kind": "error_after", "method": "POST", "path": order, "after": 8 * spread, "times": 1, "status": 502},
        {"kind": "error_after", "method": "POST", "path": line, "after": 15 * spread, "times": 1, "status": 500},
        {"kind": "rate_limit", "method": "POST", "path": line, "after": 10 * spread, "times": 2, "retry_after": "1"},
        {"kind": "rate_limit", "method": "GET", "path": "/load/", "after": 30, "times": 2},
        {"kind": "truncated", "method": "GET", "path": "/load/", "after": 40, "times": 2},
        {"kind": "html", "method": "GET", "path": "/load/", "after": 60, "times": 1},
        {"kind": "reset", "method": "GET", "path": "/load/", "after": 80, "times": 2},
        {"kind": "token_expired", "after": 100, "times": 1},
    ]


def shop_faults(count: int) -> list[Fault]:
    """Trouble on the way to the shop."""
    spread = max(1, count // 20)
    return [
        {"kind": "empty_500_after", "method": "POST", "path": "/api/order_histories", "after": 2, "times": spread},
        {"kind": "reply_lost", "method": "POST", "path": "/api/order_histories", "after": 6, "times": spread},
        {"kind": "reply_lost", "method": "PATCH", "path": "/api/order_carriers", "after": 1, "times": 1},
        {"kind": "reply_lost", "method": "POST", "path": "/api/order_payments", "times": 1},
        {"kind": "error_before", "method": "GET", "path": "/api/orders", "after": 10, "times": 2, "status": 503},
        {"kind": "rate_limit", "method": "GET", "path": "/api/", "after": 30, "times": 2},
        {"kind": "truncated", "method": "GET", "path": "/api/", "after": 50, "times": 2},
    ]


def stock_changes(seed: int, skus: Sequence[str]) -> list[tuple[str, int]]:
    """(SKU, quantity on hand) of what the warehouse counts during the demo."""
    dice = random.Random(f"stock:{seed}")
    return [(sku, dice.randint(5, 300)) for sku in dice.sample(sorted(skus), min(3, len(skus)))]
