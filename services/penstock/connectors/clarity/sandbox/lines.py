"""One line of an order: product, price, tax."""

from decimal import Decimal

from penstock.connectors.clarity.sandbox import world
from penstock.connectors.clarity.sandbox.buyers import Buyer
from penstock.connectors.clarity.sandbox.forms import LineForm
from penstock.connectors.clarity.sandbox.money import ZERO, amount, quantity, rate_text, unit
from penstock.connectors.clarity.sandbox.seed import CLASS_OF_CODE
from penstock.connectors.clarity.sandbox.shop import Shop
from penstock.connectors.clarity.sandbox.store import Doc
from penstock.records.money import to_minor_unit
from penstock.sandbox.engine import ActionError

FIRST_ITEM = 9001


def order_item(shop: Shop, line: LineForm, number: int, buyer: Buyer, currency: str, *, tax_included: bool) -> Doc:
    """The line before its tax is calculated. ActionError for a SKU that cannot be sold, or a bad discount."""
    product = sellable(shop, line.sku)
    address = buyer.shipping["address"]
    rate = line.tax_rate
    if rate is None:
        tax_class = CLASS_OF_CODE.get(product["taxCode"], "standard")
        rate = world.tax_rate(address["countryCode"], address["regionCode"], tax_class)
    price = line.unit_price
    if price is None:
        price = _price(shop, product, buyer.account, currency)
        if tax_included:
            price = to_minor_unit(price * (1 + rate), currency)
    full = to_minor_unit(price * line.quantity, currency)
    if line.discount > full or line.discount != to_minor_unit(line.discount, currency):
        raise ActionError(f"lines: a discount of {line.discount} {currency} off {full} for {line.sku} cannot be")
    rows = shop.store.where("inventory", sku=line.sku)
    return {
        "id": shop.store.number("order-items", FIRST_ITEM),
        "lineNumber": number,
        "productId": product["id"],
        "sku": line.sku,
        "customKey": product["customKey"],
        "name": product["name"],
        "quantity": quantity(line.quantity),
        "uom": product["uom"],
        "unitPrice": unit(price, currency),
        "discount": amount(line.discount, currency),
        "taxAmount": amount(ZERO, currency),
        "taxRate": rate_text(rate),
        "lineTotal": amount(full - line.discount, currency),
        "quantityShipped": quantity(ZERO),
        "quantityBackordered": quantity(ZERO),
        "quantityCancelled": quantity(ZERO),
        "locationKey": rows[0]["locationKey"] if rows else None,
        "attributes": {},
    }


def sellable(shop: Shop, sku: str) -> Doc:
    """The product of a SKU. ActionError."""
    product = shop.store.by_key("products", sku)
    if product is None:
        raise ActionError(f"there is no product {sku!r}")
    if product["typeKey"] == "variantMaster":
        sql = "SELECT customKey FROM products WHERE customKey LIKE ? ORDER BY id LIMIT 1"
        variant = shop.storage.one(sql, (f"{sku}-%",))
        hint = f", e.g. {variant['customKey']!r}" if variant else ""
        raise ActionError(f"{sku!r} has variants; name one of them{hint}")
    return product


def _price(shop: Shop, product: Doc, account: Doc | None, currency: str) -> Decimal:
    """Account price before list price, sale before list; a currency without a list is converted. Without tax."""
    keys = [account["customKey"]] if account is not None and account["customKey"] else []
    for key in [*keys, None]:
        rows = shop.store.where("prices", sku=product["customKey"], currency=currency, accountKey=key)
        if rows:
            return Decimal(rows[0]["sale"] or rows[0]["list"])
    shown = product["price"]
    if shown is None:
        raise ActionError(f"{product['customKey']!r} has no price; give a unitPrice")
    euros = Decimal(shown["sale"] or shown["list"]) / world.PER_EUR[shown["currency"]]
    return world.to_currency(euros, currency)
