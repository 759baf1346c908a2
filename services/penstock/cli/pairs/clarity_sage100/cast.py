"""Who and what of the two sandboxes plays which part in a demo: buyers, and items with enough or too little stock."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from penstock.cli.errors import CommandError
from penstock.cli.pairs.clarity_sage100.basket import ALIAS, BACK_ORDERED, PARTIAL, SCARCE, Line
from penstock.cli.pairs.clarity_sage100.read import LOCATION, WAREHOUSE
from penstock.cli.pairs.pair import Row, amount
from penstock.cli.sandbox_api import SandboxApi

GOODS = 40
PLENTY = Decimal(60)


@dataclass(frozen=True, slots=True)
class Cast:
    """`buyers`: part -> who plays it, as members of place-order; `known`: e-mails of those who are plainly known.

    `goods`: SKUs that there is enough of; `parts`: SKU of each part.
    """

    buyers: Mapping[str, Sequence[Mapping[str, Any]]]
    known: frozenset[str]
    goods: Sequence[str]
    parts: Mapping[str, str]

    def sku(self, line: Line) -> str:
        return self.parts[line.item] if isinstance(line.item, str) else self.goods[line.item % len(self.goods)]

    def buyer(self, part: str, which: int) -> Mapping[str, Any]:
        found = self.buyers[part]
        return found[which % len(found)]


def cast(shop: SandboxApi, erp: SandboxApi) -> Cast:
    """Raises CommandError naming a part that nobody can play in these sandboxes."""
    buyers, emails = _buyers(shop, erp)
    known = {row["ItemCode"] for row in erp.state("items", ItemType="1", ProductType="F", InactiveItem="N")}
    stocked = {row["ItemCode"]: amount(row, "QuantityOnHand") for row in _stock(erp) if row["ItemCode"] in known}
    sold = [str(row["sku"]) for row in shop.state("inventory", locationKey=LOCATION)]
    plain = [sku for sku in sold if stocked.get(sku, Decimal(0)) >= PLENTY]
    aliases = [row["AliasItemNo"] for row in erp.state("aliases", Type="G") if row["ItemCode"] in known]
    alias = next((sku for sku in aliases if sku in set(sold)), None)
    if len(plain) < 2 * len((SCARCE, BACK_ORDERED, PARTIAL)) or alias is None:
        raise CommandError("the sandboxes share too few items, or no alias: leave their seeds as they are")
    scarce, back_ordered, partial, *goods = plain
    parts = {SCARCE: scarce, BACK_ORDERED: back_ordered, PARTIAL: partial, ALIAS: alias}
    return Cast(buyers, emails, goods[:GOODS], parts)


def _stock(erp: SandboxApi) -> list[dict[str, Any]]:
    return erp.state("item_warehouses", WarehouseCode=WAREHOUSE)


def _buyers(shop: SandboxApi, erp: SandboxApi) -> tuple[dict[str, list[dict[str, Any]]], frozenset[str]]:
    """Buyers who stand for some trouble order as guests: an account may be known through another of its people."""
    users = {str(row["email"]).lower(): row for row in shop.state("users")}
    contacts = {row["id"]: row for row in shop.state("contacts")}
    customers = erp.state("customers")
    addresses = Counter(str(row["EmailAddress"]) for row in customers)
    names = Counter(_name_and_place(row) for row in customers)
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    known = set()
    for row in customers:
        email = str(row["EmailAddress"])
        user = users.get(email)
        if user is None:
            continue
        as_guest = {"email": email, "contact": _contact(contacts[user["contactId"]])}
        if addresses[email] > 1:
            found["doubled"].append(as_guest)
        elif names[_name_and_place(row)] == 1:
            plainly = _part(row) == "known"
            found[_part(row)].append({"userId": user["id"]} if plainly else as_guest)
            known |= {email} if plainly else set()
    twins = {key for key, count in names.items() if count > 1}
    for email, user in users.items():
        contact = contacts[user["contactId"]]
        name = contact["company"] or f"{contact['firstName']} {contact['lastName']}"
        if email not in addresses and (name, contact["address"]["postalCode"]) in twins:
            found["twins"].append({"email": f"private.{email}", "contact": _contact(contact)})
    if missing := {"known", "limited", "on-hold", "inactive", "doubled", "twins"} - set(found):
        raise CommandError(f"no buyer is {', '.join(sorted(missing))} in the ERP: leave the seeds as they are")
    return dict(found), frozenset(known)


def _contact(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("firstName", "lastName", "company", "phone", "address")}


def _part(customer: Row) -> str:
    if customer["CustomerStatus"] == "I":
        return "inactive"
    if customer["CreditHold"] == "Y":
        return "on-hold"
    return "limited" if 0 < amount(customer, "CreditLimit") < 1000 else "known"


def _name_and_place(customer: Row) -> tuple[str, str]:
    return str(customer["CustomerName"]), str(customer["ZipCode"])
