"""Clarity ↔ Sage 100: orders, the trouble among them, and what people do with each. Pure; the same for a seed.

A wish says who buys and what by role (`buyer`, `basket`); the scene knows whom and which item that is in the sandboxes.
"""

import random
from collections.abc import Sequence
from typing import Any

from penstock.cli.pairs.clarity_sage100.basket import ALIAS, BACK_ORDERED, PARTIAL, SCARCE, Line
from penstock.cli.pairs.pair import Fault, Wish

PREPAID: dict[str, Any] = {"paymentMethod": "credit_card", "paid": True}
UNPAID: dict[str, Any] = {"paid": False}
ON_TERMS: dict[str, Any] = {"paid": False, "paymentTerms": "NET30"}
PLACES = (
    ("Austin", "TX", "78701"),
    ("New York", "NY", "10001"),
    ("Boston", "MA", "02108"),
    ("Chicago", "IL", "60601"),
    ("Seattle", "WA", "98101"),
    ("Denver", "CO", "80202"),
    ("Miami", "FL", "33101"),
)
PARIS = {
    "street1": "7 rue de l'Église",
    "city": "Paris",
    "regionCode": None,
    "postalCode": "75011",
    "countryCode": "FR",
}
TOKYO = {"street1": "1-2 Ginza", "city": "Tokyo", "regionCode": None, "postalCode": "104-0061", "countryCode": "JP"}
OF_CENTS = frozenset({"orderDiscount", "lineDiscount", "handling", "fees"})
"""Amounts that a yen order cannot have: it knows no cents."""
TOO_LONG = "Wolfeschlegelsteinhausenbergerdorff von Hohenlohe-Langenburg zu Waldenburg"
SHIP = ("ship", "receive")
ENDS_HELD, STOPPED_FOR_A_WHILE = frozenset({3, 6, 9, 15, 18}), frozenset({0, 2, 13, 14, 16, 19})
"""Of every twenty orders, by their number. Who is stopped and how is for the flow's policies: it looks at terms of
payment, at the country that goods go to, and at the currency."""


def wish(number: int, dice: random.Random, seed: int) -> Wish:
    """The order of this number; `dice` is used up in order.

    Acts in the shop: edit, pay, cancel. In the ERP: ship-part, ship, enter, track, post, receive; of a clerk: restock,
    pay-balance, lift-hold, lock, exclusive.
    """
    slot, turn = number % 20, number // 20
    lines = [Line(dice.randrange(1000), dice.randint(1, 5)) for _ in range(dice.randint(1, 3))]
    extras = _extras(dice)
    known = {"buyer": "known", "which": number, "basket": lines}
    someone = {**guest(f"guest{number}.seed{seed}@mail.example", dice), **PREPAID, **extras, "basket": lines}
    if slot in ENDS_HELD:
        return _held(slot, turn, {**known, **PREPAID, **extras}, someone)
    if slot in STOPPED_FOR_A_WHILE:
        return _stopped(slot, known, someone)
    terms, card = {**known, **ON_TERMS, **extras}, {**known, **PREPAID, **extras}
    match slot:
        case 1:
            discount = {"orderDiscount": {"code": "WELCOME10", "percent": "10"}}
            return Wish({**card, **discount, "webhook": "duplicate"}, SHIP, "webhook twice")
        case 4 | 5:
            shared = guest(f"shared{turn}.seed{seed}@mail.example", random.Random(f"{seed}:{turn}"))
            late = slot == 5
            body = {**someone, **shared, **(UNPAID if late else {})}
            return Wish(body, ("pay", *SHIP) if late else SHIP, "paid late" if late else "")
        case 7:
            charges = {"handling": "3.50", "fees": "2.00"}
            return Wish({**someone, **charges, "buyer": "new"}, SHIP, "new customer")
        case 10:
            parts = [Line(lines[0].item, 4), *lines[1:]]
            acts = ("ship-part", "enter", "track", "post", "receive")
            return Wish({**terms, "basket": parts}, acts, "parts, late tracking")
        case 11:
            return Wish({**card, "basket": [Line(ALIAS, 2), *lines]}, SHIP, "alias SKU")
        case 12:
            abroad = {**someone, "taxIncluded": True, "currency": "USD", "webhook": "lost"}
            return Wish(_at(abroad, PARIS), SHIP, "webhook lost, tax included")
        case 17:
            return Wish(_at({**someone, "currency": "EUR"}, PARIS), SHIP, "in EUR")
        case _:
            return Wish(terms, ("cancel",))


def _stopped(slot: int, known: dict[str, Any], someone: dict[str, Any]) -> Wish:
    """What the ERP does not take at once."""
    match slot:
        case 0:
            # to an address at home: what goes abroad would be shipped in parts
            short = {**known, **ON_TERMS, "contact": someone["contact"], "basket": [Line(BACK_ORDERED, 3)]}
            return Wish(short, ("restock", *SHIP), "out of stock, back-ordered")
        case 2:
            dear = {"buyer": "limited", **ON_TERMS, "basket": [Line(known["basket"][0].item, 5)]}
            return Wish(dear, ("pay-balance", *SHIP), "over the credit limit")
        case 13:
            return Wish({**someone, "basket": [Line(SCARCE, 3)]}, ("restock", *SHIP), "out of stock, held")
        case 14:
            return Wish({**known, **ON_TERMS}, ("lock", "edit", *SHIP), "record locked")
        case 16:
            body = {**someone, "contact": {**someone["contact"], "firstName": "Łucja"}, "webhook": "out-of-order"}
            return Wish(body, ("exclusive", *SHIP), "webhooks out of order, exclusive mode")
        case _:
            short = {**known, **PREPAID, "basket": [Line(PARTIAL, 3), *known["basket"]], "currency": "USD"}
            return Wish(_at({**someone, **short}, PARIS), ("ship", "restock", *SHIP), "out of stock, shipped in parts")


def _held(slot: int, turn: int, card: dict[str, Any], someone: dict[str, Any]) -> Wish:
    """What the rules let in only after a person has decided."""
    match slot:
        case 3:
            return Wish({**card, "unknownSku": True}, (), "unknown SKU", held=True)
        case 6:
            return Wish({**someone, **ON_TERMS}, (), "new customer on account, to be reviewed", held=True)
        case 9:
            return Wish({**card, "wrongTotal": "0.03"}, (), "wrong totals", held=True)
        case 15:
            return Wish({**card, "buyer": "twins" if turn % 2 else "doubled"}, (), "ambiguous customer", held=True)
    match turn % 4:
        case 0:
            contact = {**someone["contact"], "lastName": TOO_LONG}
            return Wish({**someone, "contact": contact}, (), "too long a name", held=True)
        case 1:
            plain = {name: value for name, value in someone.items() if name not in OF_CENTS}
            return Wish(_at({**plain, "currency": "JPY"}, TOKYO), (), "in JPY", held=True)
        case 2:
            return Wish({**card, "buyer": "inactive"}, (), "inactive customer", held=True)
        case _:
            return Wish({**card, "buyer": "on-hold"}, ("lift-hold", *SHIP), "customer on credit hold")


def guest(email: str, dice: random.Random) -> dict[str, Any]:
    """A guest with a name that no other has."""
    city, region, code = dice.choice(PLACES)
    address = {"street1": f"{dice.randint(1, 900)} Main St", "city": city, "regionCode": region, "postalCode": code}
    contact = {"firstName": _name(dice, 3), "lastName": _name(dice, 5), "address": address}
    return {"buyer": "guest", "email": email, "contact": contact}


def _name(dice: random.Random, syllables: int) -> str:
    return "".join(dice.choice("bdfgklmnprstvz") + dice.choice("aeiou") for _ in range(syllables)).title()


def _at(place: dict[str, Any], address: dict[str, Any]) -> dict[str, Any]:
    return {**place, "contact": {**place["contact"], "address": address}}


def _extras(dice: random.Random) -> dict[str, Any]:
    """Discounts, handling and fees, now and then."""
    made: dict[str, Any] = {}
    if dice.random() < 0.2:
        made["orderDiscount"] = dice.choice(
            ({"code": "WELCOME10", "percent": "10"}, {"code": "FIVE", "amount": "1.00"})
        )
    if dice.random() < 0.2:
        made["lineDiscount"] = dice.choice(("0.50", "1.00"))
    if dice.random() < 0.15:
        made["handling"] = "3.50"
    if dice.random() < 0.1:
        made["fees"] = "1.25"
    return made


def erp_faults(count: int) -> Sequence[Fault]:
    """Trouble on the way to the ERP, spread over the first `count` orders."""
    spread = max(1, count // 20)
    order, customer = "/SO/SalesOrder$", "/AR/Customer$"
    return [
        {"kind": "reply_lost", "method": "POST", "path": order, "after": 1, "times": 1},
        {"kind": "reply_lost", "method": "POST", "path": order, "after": 4 * spread, "times": spread},
        {"kind": "reply_lost", "method": "POST", "path": customer, "after": 1, "times": 1},
        {"kind": "error_before", "method": "POST", "path": order, "after": 6 * spread, "times": 2},
        {"kind": "error_after", "method": "POST", "path": order, "after": 8 * spread, "times": 1, "status": 502},
        {"kind": "rate_limit", "method": "POST", "path": order, "after": 9 * spread, "times": 1, "retry_after": "1"},
        {"kind": "rate_limit", "method": "GET", "path": "/IM/", "after": 6, "times": 2, "retry_after": "1"},
        {"kind": "reply_lost", "method": "PATCH", "path": "/SO/SalesOrder/", "times": 1},
        {"kind": "truncated", "method": "GET", "path": "/SO/", "after": 20, "times": 2},
        {"kind": "html", "method": "GET", "path": "/AR/", "after": 10, "times": 1},
        {"kind": "reset", "method": "GET", "path": "/sage100/", "after": 60, "times": 2},
    ]


def shop_faults(count: int) -> Sequence[Fault]:
    """Trouble on the way to the shop."""
    spread = max(1, count // 20)
    return [
        {"kind": "reply_lost", "method": "POST", "path": "/shipments$", "after": 1, "times": spread},
        {"kind": "reply_lost", "method": "PATCH", "path": "/sales-orders/", "after": 2, "times": spread},
        {"kind": "reply_lost", "method": "POST", "path": "/status$", "after": 3, "times": spread},
        {"kind": "error_after", "method": "POST", "path": "/shipments$", "after": 5, "times": 1, "status": 502},
        {"kind": "error_before", "method": "GET", "path": "/sales-orders", "after": 10, "times": 2, "status": 503},
        {"kind": "rate_limit", "method": "GET", "path": "/api/", "after": 30, "times": 2, "retry_after": "1"},
        {"kind": "truncated", "method": "GET", "path": "/api/", "after": 50, "times": 2},
        {"kind": "login_redirect", "method": "GET", "path": "/api/", "after": 70, "times": 1},
        {"kind": "token_expired", "after": 90, "times": 1},
    ]
