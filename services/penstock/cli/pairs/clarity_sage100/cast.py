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
    """`buyers`: part -> ids of users of the shop. `goods`: SKUs that there is enough of; `parts`: SKU of each part."""

    buyers: Mapping[str, Sequence[int]]
    goods: Sequence[str]
    parts: Mapping[str, str]

    def sku(self, line: Line) -> str:
        return self.parts[line.item] if isinstance(line.item, str) else self.goods[line.item % len(self.goods)]

    def user(self, part: str, which: int) -> int:
        found = self.buyers[part]
        return found[which % len(found)]


def cast(shop: SandboxApi, erp: SandboxApi) -> Cast:
    """Raises CommandError naming a part that nobody can play in these sandboxes."""
    buyers = _buyers(shop, erp)
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
    return Cast(buyers, goods[:GOODS], parts)


def _stock(erp: SandboxApi) -> list[dict[str, Any]]:
    return erp.state("item_warehouses", WarehouseCode=WAREHOUSE)


def _buyers(shop: SandboxApi, erp: SandboxApi) -> dict[str, list[int]]:
    users = {str(row["email"]).lower(): row for row in shop.state("users")}
    contacts = {row["id"]: row for row in shop.state("contacts")}
    customers = erp.state("customers")
    addresses = Counter(str(row["EmailAddress"]) for row in customers)
    names = Counter(_name_and_place(row) for row in customers)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row in customers:
        user = users.get(str(row["EmailAddress"]))
        if user is not None:
            twice = addresses[row["EmailAddress"]] > 1 or names[_name_and_place(row)] > 1
            found["doubled" if twice else _part(row)].append(int(user["id"]))
    twins = {key for key, count in names.items() if count > 1}
    for email, user in users.items():
        contact = contacts[user["contactId"]]
        name = contact["company"] or f"{contact['firstName']} {contact['lastName']}"
        if email not in addresses and (name, contact["address"]["postalCode"]) in twins:
            found["twins"].append(int(user["id"]))
    if missing := {"known", "limited", "on-hold", "inactive", "doubled", "twins"} - set(found):
        raise CommandError(
            f"no user of the shop is {', '.join(sorted(missing))} in the ERP: leave the seeds as they are"
        )
    return dict(found)


def _part(customer: Row) -> str:
    if customer["CustomerStatus"] == "I":
        return "inactive"
    if customer["CreditHold"] == "Y":
        return "on-hold"
    return "limited" if 0 < amount(customer, "CreditLimit") < 1000 else "known"


def _name_and_place(customer: Row) -> tuple[str, str]:
    return str(customer["CustomerName"]), str(customer["ZipCode"])
